"""InfluxDB's content of days made again from the archive: official points as the sink wrote them, numbers, hours and days.

What people decided about closed days is the ledger's.
A day is cleared and written as a whole; broken off anywhere, the same call does it again. After the days come their months
and quarters, from the ledger. What is not evidence (how elements stand now, feeds, dead letters, our own metrics) is not
made again: it comes from the topics.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from processors.core.conventions import Conventions, Grid
from processors.core.measurements import Said
from processors.official import Carries, OfficialReadings
from processors.results import Basis, day_figure, end_reading, transitions
from processors.rules import NO_RULES, Rules
from processors.sinks.influx.closed import write_day
from processors.sinks.influx.indicator_points import nothing_measured
from processors.sinks.influx.late import downsample_day
from processors.sinks.influx.numbers import Numbers
from processors.sinks.influx.official import official_lines, word_of
from processors.sinks.influx.periods import periods_of, write_period
from processors.sinks.influx.pipe import Pipe, told
from processors.sinks.influx.points import PointMaker
from processors.sinks.influx.verdict_points import VerdictPoints
from processors.sinks.port import TargetRefusedError
from schemas.influx import BUCKET, Role, bucket_of
from schemas.registry import Registry
from schemas.settings.influx import InfluxSettings
from schemas.status import Reading
from stores.archive import ArchiveReader, Family
from stores.influx.reading import PointReader
from stores.ledger import Ledger, closings, decisions, history
from stores.ledger.closings import ClosedDay
from stores.ledger.figures import FINAL, DayFigure, figures_of_day

_NUMBERS = ("link", "station", "link_hour", "station_hour")
_EVENTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A day that is done. `official` is False while the ledger has not closed it; `numbers` are lines of its evidence."""

    day: date
    official: bool
    figures: int
    numbers: int
    refused: int
    done: int
    total: int
    seconds: float


class OtherEvidenceError(Exception):
    """The archive or the registry give other evidence than the day was closed from: nothing of it is written."""

    def __init__(self, closed: ClosedDay, registry_digest: str) -> None:
        what = "the registry or the archive" if closed.registry_digest != registry_digest else "the archive"
        super().__init__(f"{closed.day}: {what} gives other evidence than the day was closed from")
        self.day = closed.day


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes. `reader` and `pipe` use connections of their own."""

    settings: InfluxSettings
    maker: PointMaker
    reader: PointReader
    pipe: Pipe


class InfluxRebuild:
    """Makes days again, in order.

    Args:
        ledger: open; says which days are closed.
        archive: where everything is read from.
        registry: with all dated rows.
        conventions: the deployment's constants.
        target: where it goes.
        aside: a bucket that keeps everything, for the numbers of days that the raw bucket keeps no more.
        now_ms: the clock.
        rules: by which months and quarters are judged.
        measured: gives all measurements that count.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: ArchiveReader,
        registry: Registry,
        conventions: Conventions,
        target: Target,
        *,
        aside: str,
        now_ms: Callable[[], int],
        rules: Rules = NO_RULES,
        measured: Callable[[], Sequence[Said]] = nothing_measured,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._registry = registry
        self._conventions = conventions
        self._grid = Grid(conventions)
        self._target = target
        self._aside = aside
        self._now_ms = now_ms
        maker = target.maker
        self._verdicts = VerdictPoints(maker.guard, registry, maker.calendar, rules, now_ms, measured)
        self._refused: Counter[str] = Counter()

    def run(self, first: date, until: date, tell: Callable[[Rebuilt], None] = lambda _: None) -> None:
        """Make the local days `[first, until)` again.

        Raises:
            TargetUnavailableError: InfluxDB is away; the days before are done.
            TargetRefusedError: it won't have what it is given.
            OtherEvidenceError: a closed day would get other figures than the ledger's.
        """
        days = [first + timedelta(days=n) for n in range((until - first).days)]
        with self._ledger.reading() as connection:
            last = until - timedelta(days=1)
            closed = {one.day: one for one in closings.complete(connection, first, last)}
            begin = min(closed, default=first)
            ends = history.ends_of(connection, begin - timedelta(days=1))
            official = closings.first_official(connection) or begin
        readings = OfficialReadings(self._archive, self._registry, self._conventions, lambda *_: None)
        carries = self._begin(readings, begin, official, ends) if closed else {}
        for done, day in enumerate(days, 1):
            started = time.perf_counter()
            self._refused.clear()
            figures = self._official(day, closed[day], readings, carries, ends) if day in closed else 0
            numbers = self._numbers(day)
            tell(
                Rebuilt(
                    day,
                    day in closed,
                    figures,
                    numbers,
                    self._refused.total(),
                    done,
                    len(days),
                    time.perf_counter() - started,
                )
            )
        target = self._target
        for period in dict.fromkeys(period for day in days for period in periods_of(day)):
            write_period(self._ledger, self._verdicts, period, target.reader, target.settings, target.pipe)

    def _begin(
        self, readings: OfficialReadings, first: date, official: date, ends: dict[str, Reading]
    ) -> Carries:
        """From the archive's beginning, or from the day before where the ledger does not say how that one ended.

        Of the day before the first official one nothing was said when that one was closed.
        """
        start = first - timedelta(days=1) if not ends and official < first else first
        carries = readings.begin(start, {})
        if start < first:
            for one in readings.read(start, carries):
                end = end_reading(one.read)
                ends[one.row.id] = end if end is not None else Reading.UNKNOWN
        return carries

    def _official(
        self,
        day: date,
        closed: ClosedDay,
        readings: OfficialReadings,
        carries: Carries,
        ends: dict[str, Reading],
    ) -> int:
        basis = Basis(
            FINAL,
            self._grid.close_us(day.toordinal()) // 1000,
            closed.registry_digest,
            closed.closed_at_ms,
        )
        digest = sha256()
        figures: list[DayFigure] = []
        changes: dict[str, list[history.Transition]] = {}
        for one in readings.read(day, carries):
            element = one.row.id
            digest.update(f"{element}={one.inputs_digest}\n".encode())
            figures.append(day_figure(one.read, one.row, one.read.tally, basis, one.inputs_digest))
            causes = readings.causes(day).get(element, {})
            changes[element] = transitions(one.read, element, ends.get(element), causes)
            end = end_reading(one.read)
            ends[element] = end if end is not None else Reading.UNKNOWN
        if f"sha256:{digest.hexdigest()}" != closed.inputs_digest:
            raise OtherEvidenceError(closed, self._registry.digest)
        target = self._target
        with self._ledger.reading() as connection:
            word = word_of(connection, day)
            decided = decisions.of_day(connection, day)
            made_of = decisions.digests(connection, day, day + timedelta(days=1)).get(day, "")
            # What a person restated stands: the evidence of the closing does not give it.
            restated = [element for element, one in decided.items() if one.restatements]
            stand = figures_of_day(connection, day, restated)
            stand_changes = history.transitions_on(connection, day)
        figures = [one for one in figures if one.element not in restated] + stand
        changes |= {element: stand_changes.get(element, []) for element in restated}
        marker = target.maker.closed(closed, made_of)
        lines = official_lines(target.maker, day, figures, changes, word, decided)
        calendar = target.maker.calendar
        write_day(calendar, target.reader, target.settings, target.pipe, day, lines, marker)
        return len(figures)

    def _numbers(self, day: date) -> int:
        """Numbers minute by minute as far as they are kept, and their hours and days."""
        target, now_ms = self._target, self._now_ms()
        calendar, settings = target.maker.calendar, target.settings
        start, end = calendar.start_of(day), calendar.end_of(day)
        if start <= now_ms - settings.retention_s(BUCKET[Role.MAIN]) * 1000 or start > now_ms:
            return 0
        kept = start > now_ms - settings.retention_s(BUCKET[Role.RAW]) * 1000
        source = bucket_of("link", settings.prefix) if kept else self._aside
        with told():
            for measurement in _NUMBERS:
                bucket = (
                    source if measurement in ("link", "station") else bucket_of(measurement, settings.prefix)
                )
                target.reader.delete(bucket, start, end, f'_measurement="{measurement}"')
            target.reader.delete(
                bucket_of("link_day", settings.prefix), start, start + 1, '_measurement="link_day"'
            )
        written = 0
        for text in self._lines(day):
            target.pipe.add(source, text)
            written += 1
        refused = [one.line for one in target.pipe.finish() if not one.line.expired]
        if refused:
            raise TargetRefusedError(f"{len(refused)} lines of {day}: {refused[0].reason}")
        with told():
            for measurement in ("link", "station"):
                downsample_day(target.reader, settings, calendar, measurement, day, now_ms, bucket=source)
        return written

    def _lines(self, day: date) -> Iterator[str]:
        numbers = Numbers(self._target.maker.guard, self._target.maker.calendar, lambda _: None)
        batch: list[bytes] = []
        for line in self._archive.read(day, (Family.EVIDENCE,)):
            batch.append(line)
            if len(batch) == _EVENTS_AT_ONCE:
                yield from numbers.lines(_array(batch), self._refuse)[0]
                batch = []
        yield from numbers.lines(_array(batch), self._refuse)[0]

    def _refuse(self, code: str, _detail: str) -> None:
        self._refused[code] += 1


def _array(lines: list[bytes]) -> bytes:
    return b"[" + b",".join(lines) + b"]"
