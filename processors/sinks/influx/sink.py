"""The sink itself: messages in, points out, in an order that a crash anywhere leaves repairable."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import structlog
from pydantic import ValidationError

from processors.core.measurements import Said
from processors.rules import NO_RULES, Rules
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx.closed import ClosedDays
from processors.sinks.influx.evidence_numbers import EvidenceNumbers
from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from processors.sinks.influx.indicator_points import nothing_measured
from processors.sinks.influx.late import LateNumbers
from processors.sinks.influx.lines import UnwritableError
from processors.sinks.influx.periods import Periods
from processors.sinks.influx.pipe import Pipe, Rejected, told
from processors.sinks.influx.points import PointMaker
from processors.sinks.influx.result_lines import ResultLines
from processors.sinks.influx.scrape import Scraper
from processors.sinks.influx.sets import StateSets
from processors.sinks.influx.verdict_points import VerdictPoints
from processors.sinks.ledger_messages import Item, Transitions, UnreadableError, item_of
from processors.sinks.port import Message, TargetUnavailableError
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.dead_letters import DeadLetter
from schemas.influx import BUCKET, MEASUREMENT, Role, bucket_of
from schemas.registry import Registry
from schemas.settings.influx import InfluxSettings
from schemas.time import LocalCalendar
from stores.influx.connection import InfluxConnection
from stores.influx.management import Management
from stores.influx.reading import PointReader
from stores.influx.writer import LineWriter
from stores.ledger import Ledger
from stores.ledger.trouble import TROUBLE, in_a_line

TOPICS: Final = ("evidence", "transitions", "figures", "states", "feeds", "findings", "deadletter")
REJECTED: Final = "rejected_by_influxdb"
"""Dead letters' code of what the server won't have."""
UNWRITABLE: Final = "unwritable"
_LOOK_MS: Final = 30_000
# So many messages are read before lines are made of them: the server has the first ones' while the next are read.
_TOGETHER: Final = 200
_OURS: Final = "deadletter"
# The new sets of changes by local day and element: the lines by their moment (ms), and the message that told them.
Sets = dict[date, dict[str, tuple[dict[int, str], Message]]]


class InfluxSink:
    """Writes each batch; returns when the server has it.

    Args:
        settings: the server, limits, parts to scrape.
        registry: which series there may be.
        calendar: the local days.
        ledger: where closings are told; opened and closed here.
        dead_letters: takes what can't be written.
        now_ms: the clock.
        rules: by which periods are judged; without them there are no verdicts but the topics'.
        measured: gives all measurements that count; asked for each time that a quarter is judged.
    """

    def __init__(
        self,
        settings: InfluxSettings,
        registry: Registry,
        calendar: LocalCalendar,
        ledger: Ledger,
        dead_letters: DeadLetters,
        now_ms: Callable[[], int],
        rules: Rules = NO_RULES,
        measured: Callable[[], Sequence[Said]] = nothing_measured,
    ) -> None:
        self._settings = settings
        self._calendar = calendar
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._now_ms = now_ms
        self._guard = SeriesGuard(registry, settings)
        self._maker = PointMaker(self._guard, registry, calendar)
        self._connections = [InfluxConnection(settings) for _ in range(3)]
        writing, reading, scraping = self._connections
        self._reader = PointReader(reading, settings)
        self._writer = LineWriter(writing, settings)
        self._pipe: Pipe | None = None
        self._scraper = Scraper(
            settings, LineWriter(scraping, settings), SeriesGuard(registry, settings), now_ms
        )
        self._sets = StateSets(self._reader, settings, calendar)
        self._closed = ClosedDays(ledger, self._maker, self._reader, settings)
        self._verdicts = VerdictPoints(self._guard, registry, calendar, rules, now_ms, measured)
        self._periods = Periods(ledger, self._maker, self._verdicts, settings, self._closed.has)
        self._results = ResultLines(self._maker, self._verdicts, self._closed, calendar)
        self._late = LateNumbers(self._reader, settings, calendar)
        self._numbers = EvidenceNumbers(self._guard, settings, calendar, self._late, dead_letters, now_ms)
        self._buckets = {name: bucket_of(name, settings.prefix) for name in MEASUREMENT}
        self._looked_ms = 0

    def open(self) -> None:
        """Make buckets and tasks as the schema says, and see which closed days are there."""
        with told(), Management(self._settings, self._calendar.zone) as management:
            for one in management.apply():
                structlog.get_logger().info("influxdb brought in step", changed=str(one))
        try:
            self._ledger.open()
        except TROUBLE as error:
            raise TargetUnavailableError(f"ledger: {in_a_line(error)}") from error
        self._closed.look()
        self._late.look(self._now_ms())
        if self._pipe is None:
            self._pipe = Pipe(self._writer, self._settings)
        self._scraper.start()

    def write(self, messages: Sequence[Message]) -> None:
        """Write what can be written; the rest goes to the dead letters."""
        pipe = self._opened()
        try:
            self._write(messages, pipe)
        except BaseException:
            pipe.drop()
            self._late.dropped()
            raise
        self._late.written()

    def idle(self, now_ms: int) -> None:
        """Closed days' official points, days whose numbers came late, verdicts on periods: one of them at a time."""
        if self._late.downsample(now_ms):
            return
        if now_ms - self._looked_ms >= _LOOK_MS and self._write_closed(now_ms):
            return
        pipe = self._opened()
        try:
            self._put_aside(self._periods.refresh(now_ms, pipe))
        except BaseException:
            pipe.drop()
            raise

    def _write_closed(self, now_ms: int) -> bool:
        days = self._closed.missing(self._calendar.day_of(now_ms - self._kept_ms()))
        if days:
            self._closed.write(days[0], self._opened())
            self._periods.closed(days[0].day)
            structlog.get_logger().info("closed day written to influxdb", day=str(days[0].day))
        if len(days) <= 1:
            self._looked_ms = now_ms
        return bool(days)

    def close(self) -> None:
        """Give everything back."""
        self._scraper.stop()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        for one in self._connections:
            one.close()
        self._ledger.close()

    def _write(self, messages: Sequence[Message], pipe: Pipe) -> None:
        sets: Sets = defaultdict(dict)
        for first in range(0, len(messages), _TOGETHER):
            self._take(messages[first : first + _TOGETHER], sets, pipe)
        self._replace(sets, pipe)
        self._put_aside(pipe.finish())

    def _take(self, messages: Sequence[Message], sets: Sets, pipe: Pipe) -> None:
        # Of several about the same place only the last: each says all there is to say of it.
        said: dict[object, tuple[Item, Message]] = {}
        for message in messages:
            if message.topic == "evidence":
                self._numbers.take(message, pipe)
            elif message.topic == _OURS:
                self._dead_letter(message, pipe)
            else:
                try:
                    item = item_of(message)
                    said[self._maker.place(item)] = item, message
                except UnreadableError as error:
                    self._dead_letters.send(message, error.code, error.detail)
        for item, message in said.values():
            try:
                if isinstance(item, Transitions):
                    self._changes(item, message, sets)
                else:
                    for measurement, lines in self._results.of(item):
                        pipe.add_all(self._buckets[measurement], lines, message)
            except RefusedSeriesError as error:
                INFLUX_SKIPPED.counter().labels(error.code).inc()
                self._dead_letters.send(message, error.code, error.detail)
            except UnwritableError as error:
                self._dead_letters.send(message, UNWRITABLE, str(error))

    def _changes(self, item: Transitions, message: Message, sets: Sets) -> None:
        if self._results.open_day(item.day):
            lines = self._maker.changes(item.element, item.day, item.found)
            sets[item.day][item.element] = lines, message

    def _replace(self, sets: Sets, pipe: Pipe) -> None:
        for day, found in sets.items():
            with told():
                self._sets.replace(day, {element: lines.keys() for element, (lines, _) in found.items()})
            for lines, message in found.values():
                pipe.add_all(self._buckets["state"], lines.values(), message)

    def _dead_letter(self, message: Message, pipe: Pipe) -> None:
        if message.headers.get("kind") == b"control":
            # Who has dealt with a letter.
            return
        try:
            letter = DeadLetter.model_validate_json(message.value)
            text = self._maker.dead_letter(letter, message.offset)
        except (ValidationError, RefusedSeriesError, UnwritableError) as error:
            # Never a dead letter about a dead letter: they would go round for ever.
            INFLUX_SKIPPED.counter().labels("dead_letter").inc()
            structlog.get_logger().warning(
                "dead letter not shown", offset=message.offset, reason=str(error)[:300]
            )
            return
        pipe.add(self._buckets[_OURS], text, message)

    def _put_aside(self, rejected: Sequence[Rejected]) -> None:
        """What the server won't have; a message once, however many of its lines."""
        by_message: dict[int, list[Rejected]] = defaultdict(list)
        for one in rejected:
            if one.line.expired:
                INFLUX_SKIPPED.counter().labels("expired").inc()
                continue
            INFLUX_SKIPPED.counter().labels("rejected").inc()
            by_message[id(one.message)].append(one)
        for several in by_message.values():
            first, message = several[0].line, several[0].message
            structlog.get_logger().error(
                "lines not taken", lines=len(several), first=first.line[:300], reason=first.reason
            )
            if message is not None and message.topic != _OURS:
                detail = f"{len(several)} lines of it: {first.reason}; {first.line[:300]}"
                self._dead_letters.send(message, REJECTED, detail)

    def _kept_ms(self) -> int:
        return self._settings.retention_s(BUCKET[Role.LONG]) * 1000

    def _opened(self) -> Pipe:
        if self._pipe is None:
            raise RuntimeError("the sink is not open")
        return self._pipe
