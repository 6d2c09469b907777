"""`btswatch forward` with another clock: python forwarder_host.py SETTINGS.

Its clock is the receipt of the journal's newest entry, so that days pass in seconds and end when the entries do.
"""

import asyncio
import sys
from pathlib import Path

from btswatch.cli.configured import directory_of, registry_of
from btswatch.parts.forward import ForwardPart
from btswatch.parts.part import Ending, run_until_told
from btswatch.settings import Settings


def main(path: Path) -> None:
    settings = Settings.load(path)
    directory = directory_of(settings)
    journal = directory.journal(settings.journal)
    journal.open()

    def now_ms() -> int:
        newest = journal.read(journal.last_offset() - 1, 1)
        return newest[0].received_ms + 1 if newest else 0

    async def run() -> None:
        ending = Ending()
        part = ForwardPart(settings, directory, registry_of(settings), now_ms, ending)
        await run_until_told(part, ending, stop_s=settings.stop_s)

    asyncio.run(run())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
