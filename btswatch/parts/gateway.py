"""The enterprises' HTTP gateway, wired to the journal, the keys and the ledger's figures."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from btswatch.cli.configured import rules_of
from btswatch.ledger import ledger_of, open_or_later
from btswatch.parts.chain import Chain
from btswatch.parts.journal import JournalPart
from btswatch.settings import Settings
from ingest.feeds.copies import Copies
from ingest.feeds.deps import GatewayDeps
from ingest.feeds.figures import FiguresUnavailableError
from ingest.feeds.gateway import create_gateway
from ingest.feeds.service import GatewayService
from ingest.forwarder import CONSUMER as FORWARDER
from schemas.figure_record import FigureRecord
from schemas.registry import Registry
from schemas.time import LocalCalendar, format_ms
from stores.data_directory import DataDirectory
from stores.keys import KeyStore
from stores.ledger import Ledger, figures, objections
from stores.ledger.figures import DayFigure
from stores.ledger.objections import Adjustment

# A quarter of a year of a thousand elements.
_MOST: Final = 100_000


class LedgerFigures:
    """The gateway's reader of figures, on the ledger."""

    def __init__(self, ledger: Ledger, calendar: LocalCalendar) -> None:
        self._ledger = ledger
        self._calendar = calendar

    def figures(
        self, enterprise: str, *, first: date, until: date, element: str | None
    ) -> Sequence[FigureRecord]:
        """See `ingest.feeds.figures.FiguresReader`."""
        try:
            with self._ledger.reading() as connection:
                last = until - timedelta(days=1)
                if element is None:
                    found = list(
                        figures.figures_of_enterprise(connection, enterprise, first, last, None, _MOST)
                    )
                else:
                    found = figures.figures_of_element(connection, element, first, last)
                moved = objections.adjustments_between(connection, first, until)
        except SQLAlchemyError as error:
            raise FiguresUnavailableError("the ledger does not answer") from error
        return [
            self._record(one, moved.get((one.element, one.day), ()))
            for one in found
            if one.enterprise == enterprise
        ]

    def _record(self, one: DayFigure, moved: Sequence[Adjustment]) -> FigureRecord:
        figure = {
            "scope": "element",
            "id": one.element,
            "period": "day",
            "from": self._calendar.format(self._calendar.start_of(one.day)),
            "to": self._calendar.format(self._calendar.end_of(one.day)),
            **one.figure.as_dict(),
            "state": one.state,
        }
        return FigureRecord.model_validate(
            {
                "figure": figure,
                "kind": one.kind,
                "enterprise": one.enterprise,
                "revision": one.revision,
                "as_of": format_ms(one.as_of_ms),
                "registry": one.registry_digest,
                "rules": one.rules_digest or None,
                "inputs": one.inputs_digest or None,
                "adjusted": _adjusted(one, moved) if moved else None,
            }
        )


def _adjusted(one: DayFigure, moved: Sequence[Adjustment]) -> dict[str, Any]:
    figure = one.figure
    for each in moved:
        figure = figure.moved(each.seconds)
    told = figure.as_dict()
    return {
        "objections": [each.objection for each in moved],
        "seconds": told["seconds"],
        "ratios": told["ratios"],
    }


class GatewayPart:
    """The gateway on its port."""

    def __init__(
        self,
        settings: Settings,
        directory: DataDirectory,
        journal: JournalPart,
        registry: Callable[[], Registry],
        now_ms: Callable[[], int],
    ) -> None:
        calendar = LocalCalendar(settings.zone)
        self._keys = KeyStore(directory.keys_path)
        self._ledger = ledger_of(settings, directory)
        self._journal = journal
        self._registry = registry
        self._settings = settings
        self._now_ms = now_ms
        self._calendar = calendar
        self._chain = Chain(self._ledger, journal.journal, now_ms, anchor_s=settings.gateway.anchor_s)
        self._copies = (
            Copies(
                lambda: journal.journal.position(FORWARDER),
                directory.bell("gateway"),
                settings.gateway.kafka_wait_s,
            )
            if settings.gateway.durability == "kafka"
            else None
        )
        self.service: GatewayService | None = None

    async def start(self) -> None:
        """Open the keys and the ledger, and listen."""
        self._keys.open()
        open_or_later(self._ledger, "gateway")
        self._chain.start()
        if self._copies is not None:
            self._copies.start()
        deps = GatewayDeps(
            writer=self._journal.group,
            journal=self._journal.journal,
            keys=self._keys,
            registry=self._registry,
            settings=self._settings.gateway,
            calendar=self._calendar,
            figures=LedgerFigures(self._ledger, self._calendar),
            now_ms=self._now_ms,
            head=self._chain.head,
            copies=self._copies,
            indicators=rules_of(self._settings).indicators(self._registry().declared_levels),
        )
        gateway = self._settings.gateway
        self.service = GatewayService(
            create_gateway(deps),
            host=gateway.host,
            port=gateway.port,
            trusted_proxies=gateway.trusted_proxies,
        )
        await self.service.start()

    async def stop(self, deadline_s: float) -> None:
        """Finish the requests under way; their senders hear nothing of what is cut off, and send it again."""
        if self._copies is not None:
            # Who waits for Kafka is answered with what is true by now.
            await self._copies.stop()
        if self.service is not None:
            await self.service.stop(deadline_s)
        await self._chain.stop()
        self._keys.close()
        self._ledger.close()

    def not_ready(self) -> str | None:
        """Listening is all it needs; the journal answers for itself."""
        return None if self.service is not None else "gateway: not started"
