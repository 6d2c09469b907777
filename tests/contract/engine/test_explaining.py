"""Every official figure of a rich history is explained down to its bytes, and the bytes give it again."""

import gzip
import shutil
from collections import Counter

import pytest

from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.core.decode import decode_one, microseconds
from processors.core.province import Province
from processors.explaining import explain
from schemas.audit import proves
from schemas.refusal import Refusal
from schemas.settings.engine import ClosingSettings
from schemas.status import Reading
from stores.archive import Archive, ArchiveReader
from stores.ledger import Ledger, official_day
from tests.contract.engine.world import make_world

HOUR = 3_600_000


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """The world's archive, and a ledger with all of its days closed."""
    world, tmp_path = make_world(7), tmp_path_factory.mktemp("explained")
    province = Province(world.registry, Conventions())
    with Archive(tmp_path / "archive") as archive:
        for offset, entry in enumerate(world.entries, 1):
            event = decode_one(entry.body)
            if isinstance(event, dict) and not isinstance(province.apply(event, entry.body), Refusal):
                archive.append([(offset, microseconds(event["time"]) // 1000, event["type"], entry.body)])
        archive.flush()
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.open()
    reader = ArchiveReader(tmp_path / "archive")
    closer = Closer(
        ledger,
        reader,
        world.registry,
        Conventions(),
        ClosingSettings(),
        complete=lambda _: True,
        now_ms=lambda: world.last_received + 20 * 24 * HOUR,
    )
    days = closer.close_due()
    with ledger.reading() as connection:
        yield connection, reader, world.registry, days
    ledger.close()


def test_every_figure_is_given_again_by_its_evidence(closed):
    connection, archive, registry, days = closed
    seen = Counter()
    for day in days[1:2]:
        for element in registry.elements:
            found = explain(connection, archive, registry, Conventions(), element, day)
            assert found.reproduced, (element, day)
            figure = found.official.figure
            seconds = Counter()
            for part in found.stretches:
                seconds[part.effective] += (part.to_ms - part.from_ms) // 1000
            assert [seconds[one] for one in (Reading.UP, Reading.DOWN, Reading.PLANNED)] == [
                figure.up,
                figure.down,
                figure.planned,
            ]
            assert all(
                a.to_ms == b.from_ms for a, b in zip(found.stretches, found.stretches[1:], strict=False)
            )
            for part in found.stretches:
                assert all(part.from_ms <= event.at_ms < part.to_ms for event in part.events)
                seen["events"] += len(part.events)
                seen["late"] += sum(not event.counts for event in part.events)
                if part.effective is Reading.DOWN and not part.events:
                    seen["held"] += bool(part.held)
    assert seen["events"] > 1000
    assert seen["late"] > 0
    assert seen["held"] > 0


def test_the_bytes_stand_where_they_are_said_to(closed):
    connection, archive, registry, days = closed
    found = explain(connection, archive, registry, Conventions(), "PER-0", days[1])
    events = [event for part in found.stretches for event in part.events]
    assert events
    for event in events[:20]:
        lines = gzip.decompress(event.file.read_bytes()).splitlines()
        assert lines[event.number - 1] == event.line


def test_the_row_is_proven_to_stand_in_the_chain(closed):
    connection, archive, registry, days = closed
    proof = explain(connection, archive, registry, Conventions(), "TRA-1", days[0]).proof
    ((_, _, leaf),) = official_day.leaves(connection, days[0], ["TRA-1"])
    assert proves(leaf, proof.index, proof.size, proof.path, proof.root)
    assert not proves(leaf + b" ", proof.index, proof.size, proof.path, proof.root)


def test_an_archive_that_lost_a_line_is_told(closed, tmp_path):
    connection, whole, registry, days = closed
    shutil.copytree(whole.root, tmp_path / "archive")
    archive = ArchiveReader(tmp_path / "archive")
    found = explain(connection, archive, registry, Conventions(), "PER-0", days[1])
    event = next(event for part in found.stretches for event in part.events if event.status == "down")
    lines = gzip.decompress(event.file.read_bytes()).splitlines(keepends=True)
    del lines[event.number - 1]
    event.file.write_bytes(gzip.compress(b"".join(lines)))
    assert not explain(connection, archive, registry, Conventions(), "PER-0", days[1]).reproduced


def test_what_is_not_in_the_registry_is_not_explained(closed):
    connection, archive, registry, days = closed
    with pytest.raises(KeyError):
        explain(connection, archive, registry, Conventions(), "X", days[0])
