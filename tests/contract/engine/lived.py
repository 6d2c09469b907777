"""An embedded engine's life over a small province's days, at the pace of its clock, in this process."""

import itertools
from pathlib import Path

from processors.closing import Closer
from processors.core.conventions import Conventions
from processors.engine.embedded import EmbeddedEngine, Stores
from schemas.settings.engine import ClosingSettings, EngineSettings
from stores.archive import Archive, ArchiveReader
from stores.doorbell import Doorbell
from stores.journal import Journal
from stores.ledger import Ledger
from tests.contract.engine.world import HOUR, World


def live_through(data: Path, world: World) -> None:
    """Journal, ledger and archive of `world`, every twelve hours of it read as they came. No day is closed."""
    data.mkdir()
    stores = Stores(Journal(data / "journal.db"), Ledger(data / "ledger.db"), Archive(data / "archive"))
    now = world.entries[0].received_ms
    engine = EmbeddedEngine(
        stores,
        world.registry,
        Conventions(),
        EngineSettings(checkpoint_s=3600, flush_s=86_400),
        bell=Doorbell(data / "engine.bell"),
        told=Doorbell(data / "console.bell"),
        now_ms=lambda: now,
    )
    stores.journal.open()
    stores.ledger.open()
    stores.archive.open()
    engine.open()
    for _, entries in itertools.groupby(world.entries, key=lambda entry: entry.received_ms // (12 * HOUR)):
        together = list(entries)
        stores.journal.append(together)
        now = max(now, together[-1].received_ms + 1)
        while engine.step():
            pass
    engine.drain()
    stores.archive.close()
    stores.ledger.close()
    stores.journal.close()


def close_days(data: Path, world: World, now_ms: int) -> None:
    """Close all days that are due."""
    ledger = Ledger(data / "ledger.db")
    ledger.open()
    closer = Closer(
        ledger,
        ArchiveReader(data / "archive"),
        world.registry,
        Conventions(),
        ClosingSettings(),
        complete=lambda _: True,
        now_ms=lambda: now_ms,
    )
    closer.close_due()
    ledger.close()
