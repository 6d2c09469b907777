"""Numbers of the evidence on their way to InfluxDB: refused ones to the dead letters, late ones noted for the tasks."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.influx.guard import SeriesGuard
from processors.sinks.influx.late import LATE_MS, LateNumbers
from processors.sinks.influx.numbers import KIND, Numbers
from processors.sinks.influx.pipe import Pipe
from processors.sinks.port import Message
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.influx import BUCKET, Role, bucket_of
from schemas.settings.influx import InfluxSettings
from schemas.time import LocalCalendar


class EvidenceNumbers:
    """Takes messages of evidence.

    Args:
        guard: which series there may be.
        settings: buckets and how long they keep.
        calendar: the local days.
        late: told of what comes too late for the tasks.
        dead_letters: takes what is refused.
        now_ms: the clock.
    """

    def __init__(
        self,
        guard: SeriesGuard,
        settings: InfluxSettings,
        calendar: LocalCalendar,
        late: LateNumbers,
        dead_letters: DeadLetters,
        now_ms: Callable[[], int],
    ) -> None:
        self._numbers = Numbers(guard, calendar, INFLUX_SKIPPED.counter().labels("unknown_number").inc)
        self._late = late
        self._dead_letters = dead_letters
        self._now_ms = now_ms
        self._raw_s = settings.retention_s(BUCKET[Role.RAW])
        self._bucket = bucket_of("link", settings.prefix)

    def take(self, message: Message, pipe: Pipe) -> None:
        """Add the numbers of a message of evidence; copies and control have none."""
        if message.headers.get("kind") != KIND:
            return
        now_ms = self._now_ms()
        late_us, oldest_us = (now_ms - LATE_MS) * 1000, (now_ms - self._raw_s * 1000) * 1000
        refused: dict[str, list[str]] = defaultdict(list)
        lines, minutes = self._numbers.lines(message.value, lambda code, detail: refused[code].append(detail))
        if minutes and min(minutes) < late_us:
            lines = list(self._in_time(lines, minutes, (oldest_us, late_us), pipe))
        pipe.add_all(self._bucket, lines, message)
        for code, details in refused.items():
            INFLUX_SKIPPED.counter().labels(code).inc(len(details))
            self._dead_letters.send(message, code, f"{len(details)} events of it: {details[0]}")

    def _in_time(
        self, lines: list[str], minutes: list[int], late: tuple[int, int], pipe: Pipe
    ) -> Iterator[str]:
        """Without what is older than the bucket keeps; of what is too late for the tasks the days are noted."""
        for text, at_us in zip(lines, minutes, strict=True):
            if at_us <= late[0]:
                INFLUX_SKIPPED.counter().labels("expired").inc()
                continue
            if at_us < late[1]:
                self._late.note(text[: text.index(",")], at_us // 1000, self._now_ms(), pipe)
            yield text
