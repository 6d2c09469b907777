"""Silent polls on their way to a verdict: each waits for witnesses, then it is the device's or the poller's own."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from ingest.snmp.devices import Device
from ingest.snmp.vantage import EVERYWHERE, Impairment, Vantage, Verdict
from schemas.metrics import POLL_SILENCES, VANTAGE_IMPAIRED

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Silence:
    """A poll without an answer: when it was sent, and when it was known that none would come."""

    device: Device
    sent_ms: int
    known_ms: int


@dataclass(frozen=True, slots=True)
class Blindness:
    """An impairment that is over, and when it was seen to be."""

    impairment: Impairment
    ended_ms: int


@dataclass(slots=True)
class Silences:
    """The waiting ones, and the announcing of impairments (metric and log)."""

    vantage: Vantage
    _waiting: deque[Silence] = field(default_factory=deque)
    _announced: dict[str, Impairment] = field(default_factory=dict)
    # Bounded: where nobody takes them, the latest are enough.
    _ended: deque[Blindness] = field(default_factory=lambda: deque(maxlen=1000))

    def add(self, silence: Silence) -> None:
        """It waits for its verdict."""
        self._waiting.append(silence)

    def __len__(self) -> int:
        return len(self._waiting)

    def due(self, now_ms: int, stood_still: Callable[[int], bool]) -> Iterator[Silence]:
        """Those that are found to be the device's own, now that the witnesses have been heard.

        Args:
            now_ms: the calendar's clock.
            stood_still: whether the poller did since an instant, so that the witnesses' polls may not have been done.
        """
        while self._waiting and self._waiting[0].known_ms + self.vantage.rules.settle_ms <= now_ms:
            silence = self._waiting.popleft()
            device = silence.device
            if stood_still(silence.sent_ms) and self.vantage.lacking(device.path, device.id, silence.sent_ms):
                # What others did before it says nothing, and after it they could not be asked: its next poll tells.
                POLL_SILENCES.counter().labels("undecided").inc()
                continue
            verdict = self.vantage.judge(device.path, device.id, silence.sent_ms, now_ms)
            POLL_SILENCES.counter().labels(verdict.name.lower()).inc()
            if verdict is Verdict.SILENT:
                yield silence
        self.vantage.review(now_ms)
        self._announce(now_ms)

    def take_ended(self) -> list[Blindness]:
        """What ended since this was asked last."""
        ended = list(self._ended)
        self._ended.clear()
        return ended

    def _announce(self, now_ms: int) -> None:
        now = self.vantage.impairments()
        for path, found in now.items():
            if path not in self._announced:
                VANTAGE_IMPAIRED.gauge().labels(path).set(1)
                log.warning(
                    "vantage impaired",
                    path="all" if path == EVERYWHERE else path,
                    since_ms=found.since_ms,
                    reason=found.reason.name.lower(),
                    silent=found.silent,
                    asked=found.peers,
                )
        for path, found in self._announced.items():
            if path not in now:
                self._ended.append(Blindness(found, now_ms))
                VANTAGE_IMPAIRED.gauge().labels(path).set(0)
                log.info("vantage sees again", path=path, since_ms=found.since_ms)
        self._announced = dict(now)
