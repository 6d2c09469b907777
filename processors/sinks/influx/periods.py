"""Keeps what stands for months, quarters and open days as a whole in step with the ledger, one of them at a time."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from processors.core.periods import CalendarPeriod
from processors.sinks.influx.pipe import Pipe, Rejected, told
from processors.sinks.influx.points import PointMaker
from processors.sinks.influx.verdict_points import KINDS, VerdictPoints
from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.influx import bucket_of
from schemas.settings.influx import InfluxSettings
from stores.influx.reading import PointReader
from stores.ledger import Ledger, figures, signatures
from stores.ledger.trouble import TROUBLE, in_a_line

REFRESH_MS: Final = 300_000
PAST_MS: Final = 3_600_000
# Days that may still be open: today, and so many before it (the lateness, rounded up).
_OPEN_DAYS: Final = 4


class Periods:
    """What is made anew: this month and quarter every few minutes, the ones before them each hour.

    Those of a day that was closed, restated or adjusted, and those that were signed, as soon as that is seen.

    Args:
        ledger: open.
        maker: makes the days' lines.
        verdicts: makes the periods'.
        settings: buckets.
        is_closed: whether a day's official points are written.
    """

    def __init__(
        self,
        ledger: Ledger,
        maker: PointMaker,
        verdicts: VerdictPoints,
        settings: InfluxSettings,
        is_closed: Callable[[date], bool],
    ) -> None:
        self._ledger = ledger
        self._maker = maker
        self._verdicts = verdicts
        self._settings = settings
        self._is_closed = is_closed
        self._waiting: dict[CalendarPeriod | date, None] = {}
        self._filled_ms: int | None = None
        self._past_ms: int | None = None
        self._signed: dict[str, int] = {}

    def closed(self, day: date) -> None:
        """A day's official figures are there, or what was decided about them."""
        self._waiting |= dict.fromkeys(periods_of(day))

    def refresh(self, now_ms: int, pipe: Pipe) -> list[Rejected]:
        """Write one period or open day that is due; the lines that the server won't have.

        Raises:
            TargetUnavailableError: the ledger can't be read, or not all may be stored; it is done again.
        """
        if self._filled_ms is None or now_ms - self._filled_ms >= REFRESH_MS:
            self._filled_ms = now_ms
            today = self._maker.calendar.day_of(now_ms)
            self._waiting |= dict.fromkeys(self._due(today))
            if self._past_ms is None or now_ms - self._past_ms >= PAST_MS:
                self._past_ms = now_ms
                self._waiting |= dict.fromkeys(_before(today))
            self._waiting |= dict.fromkeys(self._signed_since())
        if not self._waiting:
            return []
        # Taken away only once it is done: what failed is tried again.
        which = next(iter(self._waiting))
        try:
            with self._ledger.reading() as connection:
                if isinstance(which, CalendarPeriod):
                    lines = list(self._verdicts.of_period(connection, which))
                else:
                    found = figures.figures_of_day(connection, which)
                    lines = [("dark", line) for line in self._maker.dark(which, found)]
        except TROUBLE as error:
            raise TargetUnavailableError(f"ledger: {in_a_line(error)}") from error
        for measurement, line in lines:
            pipe.add(bucket_of(measurement, self._settings.prefix), line)
        rejected = pipe.finish()
        del self._waiting[which]
        return rejected

    def _signed_since(self) -> list[CalendarPeriod]:
        """Months and quarters that were signed, anew too, since this was last asked; all of them at the sink's start."""
        try:
            with self._ledger.reading() as connection:
                signed = signatures.revisions(connection)
        except TROUBLE as error:
            raise TargetUnavailableError(f"ledger: {in_a_line(error)}") from error
        changed = [CalendarPeriod.named(name) for name, at in signed.items() if self._signed.get(name) != at]
        self._signed = signed
        return [one for one in changed if one.kind in KINDS]

    def _due(self, today: date) -> Iterator[CalendarPeriod | date]:
        yield from (
            day for back in range(_OPEN_DAYS + 1) if not self._is_closed(day := today - timedelta(days=back))
        )
        yield from periods_of(today)


def _before(today: date) -> Iterator[CalendarPeriod]:
    """The month and the quarter that ended last: objections still move them."""
    month, quarter = periods_of(today)
    yield periods_of(month.first - timedelta(days=1))[0]
    yield periods_of(quarter.first - timedelta(days=1))[1]


def write_period(
    ledger: Ledger,
    verdicts: VerdictPoints,
    period: CalendarPeriod,
    reader: PointReader,
    settings: InfluxSettings,
    pipe: Pipe,
) -> None:
    """Replace all that stands of a month or quarter.

    Raises:
        TargetUnavailableError: not all may be stored; it is done again as a whole.
        TargetRefusedError: InfluxDB won't have some of it.
    """
    start_ms = verdicts.calendar.start_of(period.first)
    with ledger.reading() as connection:
        lines = list(verdicts.of_period(connection, period))
    with told():
        for measurement in ("finding", "budget", "indicator", "spread"):
            predicate = f'_measurement="{measurement}" AND period="{period.kind.value}"'
            reader.delete(bucket_of(measurement, settings.prefix), start_ms, start_ms + 1, predicate)
    for measurement, line in lines:
        pipe.add(bucket_of(measurement, settings.prefix), line)
    refused = [one.line for one in pipe.finish() if not one.line.expired]
    if refused:
        raise TargetRefusedError(f"{len(refused)} lines of {period.name}: {refused[0].reason}")


def periods_of(day: date) -> tuple[CalendarPeriod, CalendarPeriod]:
    """The month and the quarter that hold a day."""
    quarter = (day.month + 2) // 3
    return CalendarPeriod.named(f"{day:%Y-%m}"), CalendarPeriod.named(f"{day.year:04}-Q{quarter}")
