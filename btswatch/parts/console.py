"""The NOC console, wired to the ledger."""

from collections.abc import Callable

from btswatch.ledger import ledger_of, open_or_later
from btswatch.settings import Settings
from dashboards.console.ledger_view import LedgerView
from dashboards.console.service import Console
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory, Mode


class ConsolePart:
    """The console on its port; it only reads."""

    def __init__(
        self, settings: Settings, directory: DataDirectory, registry: Registry, now_ms: Callable[[], int]
    ) -> None:
        self._ledger = ledger_of(settings, directory)
        self._journal = directory.journal(settings.journal)
        self._bell = directory.bell("console")
        # In the cluster the engine reads Kafka: how far it is says its time alone.
        offset = self._journal.last_offset if settings.form == "embedded" else None
        view = LedgerView(self._ledger, registry, LocalCalendar(settings.zone), now_ms, offset)
        self.console = Console(
            view, self._bell, settings.console, now_ms, simulated=directory.mode() is Mode.DEMO
        )

    async def start(self) -> None:
        """Open what it reads, and listen."""
        self._journal.open()
        open_or_later(self._ledger, "console")
        self._bell.open()
        await self.console.start()

    async def stop(self, deadline_s: float) -> None:
        """Close the pages."""
        await self.console.stop(deadline_s)
        self._bell.close()
        self._ledger.close()
        self._journal.close()

    def not_ready(self) -> str | None:
        """Its own /readyz says more."""
        return None
