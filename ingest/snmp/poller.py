"""The poller: takes turns from the plan, asks the devices, and hands the evidence to the journal.

One task per poll in flight, and a pulse that starts them, measures the loop's lag and judges silences.
Decisions are elsewhere and pure: `planning` (when), `assessment` (what it means), `vantage` (whether silence counts).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from ingest.snmp.asking import Asking, Kept, Means, Told
from ingest.snmp.descriptors import allow_sockets
from ingest.snmp.devices import Device
from ingest.snmp.engine import EngineName, Failure, Malformed, NoAnswer, SnmpEngine
from ingest.snmp.evidence import EvidenceMaker
from ingest.snmp.last_polls import LastPoll, LastPolls
from ingest.snmp.loop_lag import PULSE_S, LoopLag
from ingest.snmp.memory import Memory
from ingest.snmp.outbox import EventSink, Outbox
from ingest.snmp.planning import Ended, Schedule, Turn
from ingest.snmp.poll_gauges import PollGauges
from ingest.snmp.profiles import Profiles
from ingest.snmp.silences import Blindness, Silence, Silences
from ingest.snmp.vantage import Impairment, Vantage, VantageRules
from schemas.metrics import (
    POLL_DEVICES,
    POLL_FAILED,
    POLL_REQUESTS,
    POLL_SECONDS,
    POLL_START_DELAY_SECONDS,
    POLLS,
)
from schemas.settings.poll import PollSettings
from stores.journal import Origin

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PollerHealth:
    """What the poller says of itself: blind paths by name, events that wait for the journal, devices."""

    impairments: Mapping[str, Impairment]
    pending_events: int
    devices: int
    in_flight: int
    lag_s: float


class Poller:
    """Polls devices from `start` to `stop`.

    Args:
        engines: by name; every engine that a device asks for. Started and stopped here.
        sink: where events become durable.
        now_ms: the calendar's clock; `monotonic` counts seconds and never steps.
        origin: None for live observation; `simulated` marks the demonstration's.
    """

    def __init__(
        self,
        settings: PollSettings,
        profiles: Profiles,
        engines: Mapping[EngineName, SnmpEngine],
        sink: EventSink,
        *,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        origin: Origin | None = None,
    ) -> None:
        health = settings.health
        self._settings = settings
        self._engines = engines
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._means = Means(profiles, now_ms, monotonic, settings.max_rows, settings.optional_tables_s)
        self._schedule = Schedule(
            settings.max_in_flight, int(1000 * settings.request_gap_s), settings.requests_per_s
        )
        rules = VantageRules(
            int(1000 * health.settle_s), int(1000 * health.lookback_s), health.min_peers, health.silent_share
        )
        self._vantage = Vantage(rules)
        self._silences = Silences(self._vantage)
        self._evidence = EvidenceMaker(settings.vantage, now_ms, origin)
        self._outbox = Outbox(sink, max_pending=settings.max_pending_events)
        self._lag = LoopLag()
        self._last_polls = LastPolls()
        self._devices: dict[str, Device] = {}
        self._memories: dict[str, Memory] = {}
        self._of_element: dict[str, list[str]] = {}
        self._polls: set[asyncio.Task[None]] = set()
        self._pulsing: asyncio.Task[None] | None = None
        self._gauges = PollGauges()
        # The plan's clock: starts as the calendar's, so that turns fall alike after each start, and never steps.
        self._plan_zero_ms = now_ms() - int(monotonic() * 1000)

    def replace(self, devices: Iterable[Device]) -> None:
        """Poll these devices (and canaries) and no others from now on; what is known of unchanged ones is kept."""
        wanted = {device.id: device for device in devices}
        for id_, old in self._devices.items():
            if wanted.get(id_) != old:
                self._memories.pop(id_, None)
                self._last_polls.forget(id_)
                self._engines[old.engine].forget(id_)
            if id_ not in wanted:
                self._vantage.forget(id_)
        self._devices = wanted
        self._of_element = {}
        for device in wanted.values():
            if device.views:
                self._vantage.know(device.path, device.id)
            for view in device.views:
                self._of_element.setdefault(view.element, []).append(device.id)
        self._evidence.watch(wanted)
        self._schedule.replace((device.timing for device in wanted.values()), self._plan_ms())
        POLL_DEVICES.gauge().set(len(wanted))

    def request(self, ids: Iterable[str]) -> int:
        """Poll these devices or elements' devices before their turn (`poll_now.PollNow`)."""
        now, found = self._plan_ms(), set[str]()
        for id_ in ids:
            known = [id_] if id_ in self._devices else self._of_element.get(id_, [])
            POLL_REQUESTS.counter().labels("taken" if known else "unknown").inc()
            found.update(known)
        for id_ in found:
            self._schedule.request(id_, now)
        return len(found)

    def health(self) -> PollerHealth:
        """For /readyz and the console's page of feeds."""
        return PollerHealth(
            self._vantage.impairments(),
            len(self._outbox),
            len(self._devices),
            len(self._polls),
            self._lag.worst_since(self._monotonic() - 60, self._monotonic()),
        )

    def device_ids(self) -> frozenset[str]:
        """All that are polled, canaries included."""
        return frozenset(self._devices)

    def last_polls(self) -> Mapping[str, LastPoll]:
        """What the last polls of each device came to; one that was not polled yet is not there."""
        # A poll in flight may end after its device is gone.
        found = self._last_polls.snapshot()
        return {id_: last for id_, last in found.items() if id_ in self._devices}

    def take_ended_blindness(self) -> list[Blindness]:
        """Times of blindness that ended since this was asked last."""
        return self._silences.take_ended()

    async def start(self) -> None:
        """Start engines and polling."""
        allow_sockets(len(self._devices))
        for name, engine in self._engines.items():
            await engine.start([each.target for each in self._devices.values() if each.engine is name])
        await self._outbox.start()
        self._pulsing = asyncio.create_task(self._pulse(), name="poll-pulse")

    async def stop(self, deadline_s: float) -> bool:
        """Start no more polls, let those in flight end, write what they found; False where that took too long.

        Silences that still wait for their verdict are dropped: nothing is known of them.
        """
        until = self._monotonic() + deadline_s
        if self._pulsing is not None:
            self._pulsing.cancel()
            await asyncio.wait({self._pulsing})
            self._pulsing = None
        # The journal gets a third of the time, at least.
        drained = True
        if self._polls:
            _, late = await asyncio.wait(set(self._polls), timeout=deadline_s * 2 / 3)
            drained = not late
            for poll in late:
                poll.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for engine in self._engines.values():
            await engine.stop()
        return await self._outbox.stop(until - self._monotonic()) and drained

    def _take_turns(self) -> None:
        """Start what is due. Once a pulse, so that polls share wake-ups: at 50 a second that is half their cost."""
        now = self._plan_ms()
        for turn in self._schedule.take(now):
            POLL_START_DELAY_SECONDS.histogram().observe(max(0, now - turn.due_ms) / 1000)
            poll = asyncio.create_task(self._poll(turn))
            self._polls.add(poll)
            poll.add_done_callback(self._polls.discard)

    async def _poll(self, turn: Turn) -> None:
        device = self._devices[turn.id]
        sent_ms, started = self._now_ms(), self._monotonic()
        memory = self._memories.setdefault(device.id, Memory())
        asking = Asking(device, memory, self._engines[device.engine], self._means)
        ended = Ended.NOT_DONE
        try:
            result = await self._ask(asking)
            ended = self._conclude(asking, result, sent_ms, started)
        except Exception as error:
            # A fault of ours in one device's answer must not stop the others.
            POLL_FAILED.counter().inc()
            if memory.trouble != type(error).__name__:
                memory.trouble = type(error).__name__
                log.exception("poll failed", device=device.id)
        finally:
            self._schedule.done(turn, ended, self._plan_ms())
            POLL_SECONDS.histogram().observe(self._monotonic() - started)

    async def _ask(self, asking: Asking) -> Told | Kept:
        try:
            async with asyncio.timeout(asking.device.deadline_s):
                return await asking.ask()
        except TimeoutError:
            return asking.out_of_time()

    def _conclude(self, asking: Asking, result: Told | Kept, sent_ms: int, started: float) -> Ended:
        """What the poll's end means for the evidence, the vantage and the plan."""
        device, now = asking.device, self._monotonic()
        ended = Ended.LATE if now - started > device.deadline_s / 2 else Ended.ANSWERED
        if isinstance(result, Told):
            POLLS.counter().labels("partial" if result.partial else "answered").inc()
            self._hear(device, sent_ms, answered=True)
            self._last_polls.told(
                device.id, sent_ms, result.at_ms, round(1000 * result.rtt_s), result.partial
            )
            self._outbox.put(self._evidence.told(device, sent_ms, result.at_ms, result.assessments))
            asking.memory.trouble = None
            return ended
        if not result.silent or asking.heard:
            self._refused(asking, result.failure, sent_ms)
            if not isinstance(result.failure, Malformed):
                self._hear(device, sent_ms, answered=True)
            return ended
        if self._lag.worst_since(started, now) > self._settings.max_loop_lag_s:
            # The answer may have come while nobody looked.
            POLLS.counter().labels("not_done").inc()
            return Ended.NOT_DONE
        POLLS.counter().labels("silent").inc()
        self._last_polls.failed(device.id, sent_ms, "silent", result.failure)
        self._hear(device, sent_ms, answered=False)
        if device.views:
            self._keep_silence(device, sent_ms)
        return Ended.SILENT

    def _hear(self, device: Device, sent_ms: int, *, answered: bool) -> None:
        tell = self._vantage.heard if device.views else self._vantage.canary
        tell(device.path, device.id, sent_ms, answered=answered)

    def _keep_silence(self, device: Device, sent_ms: int) -> None:
        self._evidence.silence_begins(device)
        self._silences.add(Silence(device, sent_ms, self._now_ms()))
        if self._schedule.misses(device.id) == 0:
            # A new silence: ask some that may have seen the same.
            now = self._plan_ms()
            for witness in self._vantage.witnesses(device.path, device.id, sent_ms):
                self._schedule.request(witness, now)

    def _refused(self, asking: Asking, failure: Failure, sent_ms: int) -> None:
        """The agent is there and tells nothing: no evidence. Logged when it begins, counted each time."""
        outcome = {NoAnswer: "partial", Malformed: "malformed"}.get(type(failure), "refused")
        POLLS.counter().labels(outcome).inc()
        self._last_polls.failed(asking.device.id, sent_ms, outcome, failure)
        trouble = type(failure).__name__
        if asking.memory.trouble != trouble:
            asking.memory.trouble = trouble
            log.warning("device answers and tells nothing", device=asking.device.id, failure=repr(failure))

    async def _pulse(self) -> None:
        self._lag.pulse(self._monotonic())
        while True:
            await asyncio.sleep(PULSE_S)
            try:
                self._beat()
            except Exception as error:
                # Whatever fails here must not end all polling.
                POLL_FAILED.counter().inc()
                log.exception("poll pulse failed", error=repr(error))

    def _beat(self) -> None:
        now = self._monotonic()
        self._gauges.pulse(self._lag.pulse(now))
        self._take_turns()
        for silence in self._silences.due(self._now_ms(), self._stood_still):
            self._outbox.put(self._evidence.silent(silence.device, silence.sent_ms))
        self._gauges.tell(int(now), self._schedule, self._plan_ms())

    def _stood_still(self, since_ms: int) -> bool:
        now = self._monotonic()
        age_s = max(0, self._now_ms() - since_ms) / 1000
        return self._lag.worst_since(now - age_s, now) > self._settings.max_loop_lag_s

    def _plan_ms(self) -> int:
        return self._plan_zero_ms + int(self._monotonic() * 1000)
