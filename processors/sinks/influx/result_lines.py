"""Provisional results as lines, for as long as the ledger has nothing better."""

from collections.abc import Sequence
from datetime import date, timedelta

from processors.sinks.influx.closed import ClosedDays
from processors.sinks.influx.points import PointMaker
from processors.sinks.influx.verdict_points import VerdictPoints
from processors.sinks.ledger_messages import Item, Share
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.time import LocalCalendar
from stores.ledger.figures import DayFigure
from stores.ledger.findings import Finding
from stores.ledger.province_view import ElementNow


class ResultLines:
    """Lines of results, one result at a time; what is left out is counted.

    Args:
        maker: makes points.
        verdicts: makes those of verdicts.
        closed: which days the ledger has closed.
        calendar: the local days.
    """

    def __init__(
        self, maker: PointMaker, verdicts: VerdictPoints, closed: ClosedDays, calendar: LocalCalendar
    ) -> None:
        self._maker = maker
        self._verdicts = verdicts
        self._closed = closed
        self._calendar = calendar

    def of(self, item: Item) -> Sequence[tuple[str, list[str]]]:
        """The item's lines by measurement; none where it is of no use any more.

        Raises:
            RefusedSeriesError: it is of a series that may not be.
            UnwritableError: it can't be written as a line.
        """
        maker = self._maker
        match item:
            case DayFigure() if self.open_day(item.day):
                return (
                    ("state", list(maker.day_start(item))),
                    ("figure", [maker.figure(item)]),
                    ("availability", maker.hours(item)),
                )
            case ElementNow():
                return (("now", [maker.now(item)]),)
            case Share(share):
                return (("feed", [maker.feed(share)]),)
            case Finding() if item.finding == "verdict":
                # Days close in order: with its last one the whole period is the ledger's.
                if self._runs(item):
                    return [(name, [line]) for name, line in self._verdicts.running(item)]
                return ()
            case Finding() if self.open_day(self._calendar.day_of(item.from_ms)):
                return [(name, [line]) for name, line in maker.sums(item)]
            case _:
                # Proposals to restate stand in the ledger, where a person decides; who left the registry leaves by age.
                return ()

    def open_day(self, day: date) -> bool:
        """Whether provisional results of the day are still of use."""
        if not self._closed.has(day):
            return True
        INFLUX_SKIPPED.counter().labels("closed").inc()
        return False

    def _runs(self, item: Finding) -> bool:
        """Whether a running verdict is still of use.

        Workers know of no decision: with one in the period, verdicts are the ledger's alone, minutes old.
        """
        first, last = self._calendar.day_of(item.from_ms), self._calendar.day_of(item.to_ms - 1)
        if self._closed.decided(first, last + timedelta(days=1)):
            INFLUX_SKIPPED.counter().labels("decided").inc()
            return False
        return self.open_day(last)
