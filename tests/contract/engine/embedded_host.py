"""The embedded engine as a process: python embedded_host.py DATA SETTINGS UNTIL.

Its clock is the receipt of the journal's newest entry, so that a run takes no longer than its work. With UNTIL it
ends once that offset is in the ledger and the archive.
"""

import json
import pickle
import sys
from pathlib import Path

from processors.core.conventions import Conventions
from processors.engine.embedded import EmbeddedEngine, Stores
from schemas.settings.engine import EngineSettings
from stores.archive import Archive
from stores.doorbell import Doorbell
from stores.journal import Journal
from stores.ledger import Ledger


def main(data: Path, settings: str, until: int) -> None:
    stores = Stores(Journal(data / "journal.db"), Ledger(data / "ledger.db"), Archive(data / "archive"))
    stores.journal.open()
    stores.ledger.open()
    stores.archive.open()

    def now_ms() -> int:
        newest = stores.journal.read(stores.journal.last_offset() - 1, 1)
        return newest[0].received_ms + 1 if newest else 0

    engine = EmbeddedEngine(
        stores,
        pickle.loads((data / "registry.pickle").read_bytes()),
        Conventions(),
        EngineSettings.model_validate(json.loads(settings)),
        bell=Doorbell(data / "engine.bell"),
        told=Doorbell(data / "console.bell"),
        now_ms=now_ms,
    )
    engine.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not until or stores.journal.position("engine") < until:
        if not engine.step() and until:
            engine.drain()
    stores.archive.close()
    stores.ledger.close()
    stores.journal.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
