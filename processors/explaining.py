"""From an element's official day down to its evidence: runs of slots, the events in them, the bytes and their files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from processors.core.conventions import Conventions, Grid
from processors.core.decode import decode_one, microseconds, parse_any
from processors.core.element_day import ElementDay
from processors.named_lines import NamedLines, naming
from processors.official import OfficialDay, OfficialReadings
from processors.restating import readings_as_of, same_reading
from processors.results import Basis, day_figure
from processors.retention import must_have_evidence
from processors.told import ToldBefore
from schemas.audit import merkle_path, proves
from schemas.registry import Registry
from schemas.status import Reading
from stores.archive import ArchiveReader
from stores.archive_files import read_lines
from stores.archive_names import day_dir, visible_segments
from stores.ledger import closings, figures, official_day, restatements
from stores.ledger.figures import FINAL, DayFigure
from stores.ledger.restatements import Restatement

# So many days before it decide nearly always all that a day reads; where not, its inputs' digest tells.
_DAYS_BEFORE: Final = 3

# The first day to read, and what is carried into it.
Closed = tuple[date, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Event:
    """An archived event about the element; `line` are its bytes, `number` its line in `file`.

    `counts` is false where it came after the day's close.
    """

    at_ms: int
    received_ms: int
    type: str
    track: str
    reporter: str
    source: str
    id: str
    status: str | None
    cause: str | None
    counts: bool
    file: Path
    number: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """Adjacent slots that read the same on both tracks and together, with the events observed in `[from_ms, to_ms)`.

    `held` is the last counting event of each track before it, which may still hold in it.
    """

    from_ms: int
    to_ms: int
    effective: Reading
    measured: Reading
    declared: Reading
    events: tuple[Event, ...]
    held: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The day's sealing entry, and the way from the official row to its root. `holds` says whether it leads there.

    Where not, the row, or another one of the day, is not what was sealed: `btswatch ledger verify` says which.
    """

    entry: int
    digest: str
    root: str
    index: int
    size: int
    path: Sequence[str]
    holds: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """An element's day. `reproduced` says whether the archive gives the inputs that the official row names, and its figure.

    `restated` is the restatement that the official row is of: what was received until the row's `as_of_ms` counts.
    """

    element: str
    day: date
    official: DayFigure | None
    reproduced: bool
    stretches: tuple[Stretch, ...]
    proof: Proof | None
    restated: Restatement | None = None


class NothingToExplainError(Exception):
    """No registry row is in force for the element on the day."""


def explain(
    connection: Connection,
    archive: ArchiveReader,
    registry: Registry,
    conventions: Conventions,
    element: str,
    day: date,
) -> Explained:
    """Everything that an element's local day rests on.

    Raises:
        KeyError: no such element.
        NothingToExplainError: it was not in the registry on that day.
        PrunedError: the day's evidence was pruned, or it does not give the figure and what it may go on from was pruned.
    """
    must_have_evidence(connection, day, edge_days=0)
    stored = figures.figures_of_element(connection, element, day, day)
    official = next((one for one in stored if one.state == FINAL), None)
    days = restatements.between(connection, day, day + timedelta(days=1))
    restated = next((one for one in reversed(days) if one.element == element), None)
    as_of_ms = None if restated is None or official is None else official.as_of_ms
    read = partial(_read, archive, registry, conventions, as_of_ms, element, day)
    if official is None:
        found, reproduced = read(date.min, _closed_before(connection, element, day)), False
    else:
        found, reproduced = _made_again(read, day, official)
    if found is None:
        raise NothingToExplainError(f"{element} was not in the registry on {day}")
    if official is not None and not reproduced:
        # Near what was pruned nobody can tell whether that is why.
        must_have_evidence(connection, day)
    events = list(_events(archive, conventions, as_of_ms, element, day))
    return Explained(
        element,
        day,
        official,
        reproduced,
        tuple(_stretches(found.read, events)),
        _proof(connection, element, day) if official is not None else None,
        restated,
    )


def _closed_before(connection: Connection, element: str, day: date) -> Closed | None:
    """What an open day goes on from: the first one that is not closed, and what the closing before carried into it."""
    last = closings.last_closed(connection)
    if last is None or day <= last:
        return None
    first = last + timedelta(days=1)
    return first, closings.carries_into(connection, first, closings.CLOSED, [element])


def _made_again(
    read: Callable[[date], OfficialDay | None], day: date, official: DayFigure
) -> tuple[OfficialDay | None, bool]:
    """The day as `read` gives it from some day on, and whether it is what the official row was made from."""
    nearly = read(day - timedelta(days=_DAYS_BEFORE))
    if nearly is None or _reproduces(nearly, official):
        return nearly, nearly is not None
    # Something older runs on: from the archive's beginning then.
    whole = read(date.min)
    if _reproduces(whole, official):
        return whole, True
    # The first official day was read from itself on, whatever of the days before it came later.
    alone = read(day)
    return (alone, True) if _reproduces(alone, official) else (whole, False)


def _reproduces(found: OfficialDay | None, official: DayFigure) -> bool:
    """Whether it reads as the official row says: the digest knows neither signs of life nor how the registry says to read."""
    if found is None or found.inputs_digest != official.inputs_digest:
        return False
    basis = Basis(official.state, official.as_of_ms, official.registry_digest)
    return same_reading(official, day_figure(found.read, found.row, found.read.tally, basis))


def _read(
    archive: ArchiveReader,
    registry: Registry,
    conventions: Conventions,
    as_of_ms: int | None,
    element: str,
    day: date,
    since: date,
    closed: Closed | None = None,
) -> OfficialDay | None:
    owners = {row.enterprise for row in registry.elements[element]}
    window = NamedLines(archive.root, [element, *owners], since)
    if as_of_ms is None:
        readings = OfficialReadings(window, registry, conventions, lambda *_: None, elements=[element])
    else:
        readings = readings_as_of(window, registry, conventions, element, as_of_ms)
    days = [one for one in window.days() if one < day]
    first, stored = closed or (days[0] if days else day, {})
    carries = readings.begin(first, stored, ToldBefore())
    found = None
    while first <= day:
        for one in readings.read(first, carries):
            found = one if first == day else None
        first += timedelta(days=1)
    return found


def _events(
    archive: ArchiveReader, conventions: Conventions, as_of_ms: int | None, element: str, day: date
) -> Iterator[Event]:
    """The element's events from the day before on: what was said then may hold into the day."""
    grid, about = Grid(conventions), naming([element])
    for offset in (-1, 0):
        one = day + timedelta(days=offset)
        counts_until_us = grid.close_us(one.toordinal()) if as_of_ms is None else as_of_ms * 1000
        for segment in visible_segments(day_dir(archive.root, one), archive.durable_offset()):
            for number, line in enumerate(read_lines(segment.path), 1):
                event = _event(line, segment.path, number, counts_until_us) if about.search(line) else None
                if event is not None and (event.type != "btswatch.status.v1" or _about(line, element)):
                    yield event


def _about(line: bytes, element: str) -> bool:
    return bool(parse_any(line).get("subject") == element)


def _event(line: bytes, file: Path, number: int, counts_until_us: int) -> Event | None:
    decoded = decode_one(line)
    if not isinstance(decoded, dict):
        return None
    data: dict[str, Any] = parse_any(line)
    told = data.get("data") or {}
    received = microseconds(decoded["receivedtime"])
    return Event(
        microseconds(decoded["time"]) // 1000,
        received // 1000,
        decoded["type"],
        str(data.get("track", "")),
        decoded["reporter"],
        str(data.get("source", "")),
        decoded["id"],
        told.get("status"),
        told.get("cause"),
        received <= counts_until_us,
        file,
        number,
        line,
    )


def _stretches(read: ElementDay, events: Sequence[Event]) -> Iterator[Stretch]:
    first, end = read.counted
    slot_ms = read.grid.seconds * 1000
    ordered = sorted(events, key=lambda one: (one.at_ms, one.received_ms))
    start = first
    for slot in range(first, end):
        if slot + 1 < end and read.state_at(slot + 1) == read.state_at(start):
            continue
        from_ms, to_ms = start * slot_ms, (slot + 1) * slot_ms
        held = {
            one.track: one
            for one in ordered
            if one.at_ms < from_ms and one.counts and one.type == "btswatch.status.v1"
        }
        inside = tuple(one for one in ordered if from_ms <= one.at_ms < to_ms)
        yield Stretch(from_ms, to_ms, *read.state_at(start), inside, tuple(held.values()))
        start = slot + 1


def _proof(connection: Connection, element: str, day: date) -> Proof | None:
    entry = official_day.sealing(connection, day)
    if entry is None:
        return None
    leaves = official_day.leaves(connection, day)
    index = next((at for at, (_, name, _) in enumerate(leaves) if name == element), None)
    if index is None:
        return None
    path, root = merkle_path([leaf for _, _, leaf in leaves], index), str(entry.content["root"])
    # The entry too may be another than was written.
    holds = entry.computed() == entry.digest and proves(leaves[index][2], index, len(leaves), path, root)
    return Proof(entry.number, entry.digest, root, index, len(leaves), path, holds)
