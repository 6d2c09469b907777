"""Closed days that the ledger has and InfluxDB does not, or without what was decided since: they are written anew."""

from collections.abc import Iterable
from datetime import date, timedelta

from processors.sinks.influx.official import clear_day, official_lines, word_of
from processors.sinks.influx.pipe import Pipe, told
from processors.sinks.influx.points import PointMaker, from_text
from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.cluster_metrics import INFLUX_CLOSED_DAY
from schemas.influx import bucket_of
from schemas.settings.influx import InfluxSettings
from schemas.time import LocalCalendar
from stores.influx.reading import PointReader, quoted
from stores.ledger import Ledger, closings, decisions, figures, history
from stores.ledger.closings import ClosedDay
from stores.ledger.trouble import TROUBLE, in_a_line

_Digests = tuple[str, str]


class ClosedDays:
    """Follows the ledger's closings, and what people decide about closed days.

    InfluxDB itself says which days it has, and with which decisions (measurement `closed`, written last): so a server that
    lost its data, a day that was closed anew, and one that was restated or adjusted are written again by themselves.

    Args:
        ledger: open.
        maker: makes the lines.
        reader: over a connection that nobody else uses meanwhile.
        settings: buckets.
    """

    def __init__(
        self, ledger: Ledger, maker: PointMaker, reader: PointReader, settings: InfluxSettings
    ) -> None:
        self._ledger = ledger
        self._maker = maker
        self._reader = reader
        self._settings = settings
        # The digests of the evidence and of the decisions that are in a day's points.
        self._there: dict[date, _Digests] = {}

    def look(self) -> None:
        """Read which days are there.

        Raises:
            TargetUnavailableError: InfluxDB can't be read.
        """
        flux = f"""
            from(bucket: {quoted(bucket_of("closed", self._settings.prefix))})
              |> range(start: 0)
              |> filter(fn: (r) => r._measurement == "closed" and (r._field == "inputs" or r._field == "decisions"))
              |> keep(columns: ["_time", "_field", "_value"])"""
        calendar = self._maker.calendar
        found: dict[date, dict[str, str]] = {}
        with told():
            for row in self._reader.rows(flux):
                found.setdefault(calendar.day_of(from_text(row["_time"])), {})[row["_field"]] = row["_value"]
        # Days that an older program wrote tell of no decisions, and hold none.
        self._there = {
            day: (one["inputs"], one.get("decisions", "")) for day, one in found.items() if "inputs" in one
        }
        self._tell()

    def has(self, day: date) -> bool:
        """Whether the day's points are official: what workers still tell of it is passed over."""
        return day in self._there

    def decided(self, first: date, end: date) -> bool:
        """Whether something was decided about points of the local days `[first, end)`: workers don't know of it."""
        return any(decisions and first <= day < end for day, (_, decisions) in self._there.items())

    def missing(self, since: date) -> list[ClosedDay]:
        """Days closed from `since` on that are not there, or not as they were last closed, restated and adjusted.

        Raises:
            TargetUnavailableError: the ledger can't be read.
        """
        try:
            with self._ledger.reading() as connection:
                found = closings.complete(connection, since, date.max)
                known = decisions.digests(connection, since, date.max)
        except TROUBLE as error:
            raise TargetUnavailableError(f"ledger: {in_a_line(error)}") from error
        return [
            one for one in found if self._there.get(one.day) != (one.inputs_digest, known.get(one.day, ""))
        ]

    def write(self, closed: ClosedDay, pipe: Pipe) -> None:
        """Put a day's official points in the place of what is there.

        Raises:
            TargetUnavailableError: not all may be stored; it is done again as a whole.
        """
        day = closed.day
        try:
            with self._ledger.reading() as connection:
                digest = decisions.digests(connection, day, day + timedelta(days=1)).get(day, "")
                decided = decisions.of_day(connection, day)
                found = [one for one in figures.figures_of_day(connection, day) if one.state == figures.FINAL]
                changes = history.transitions_on(connection, day)
                word = word_of(connection, day)
        except TROUBLE as error:
            raise TargetUnavailableError(f"ledger: {in_a_line(error)}") from error
        marker = self._maker.closed(closed, digest)
        lines = official_lines(self._maker, day, found, changes, word, decided)
        write_day(self._maker.calendar, self._reader, self._settings, pipe, day, lines, marker)
        self._there[day] = closed.inputs_digest, digest
        self._tell()

    def _tell(self) -> None:
        if self._there:
            INFLUX_CLOSED_DAY.gauge().set(max(self._there).toordinal())


def write_day(
    calendar: LocalCalendar,
    reader: PointReader,
    settings: InfluxSettings,
    pipe: Pipe,
    day: date,
    lines: Iterable[tuple[str, str]],
    marker: str,
) -> None:
    """Replace a day's points by `lines`, each with its measurement; `marker` says that they are there, last of all.

    Raises:
        TargetUnavailableError: not all may be stored.
        TargetRefusedError: InfluxDB won't have some of them.
    """
    with told():
        clear_day(reader, settings, calendar.start_of(day), calendar.end_of(day))
    for part in (lines, (("closed", marker),)):
        for measurement, text in part:
            pipe.add(bucket_of(measurement, settings.prefix), text)
        refused = [one.line for one in pipe.finish() if not one.line.expired]
        if refused:
            raise TargetRefusedError(f"{len(refused)} lines of the closed day {day}: {refused[0].reason}")
