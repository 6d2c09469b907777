"""The engine over one partition of the evidence: messages in, messages and rows out. No Kafka, no clock.

Time is the newest tick. What is told and stored may be told and stored again after a crash: only the rows and the
messages that they cover have to agree, and the caller sees to that (`Checkpoint`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog

from processors.core.conventions import Conventions
from processors.core.decode import UndecodableError, parse_any
from processors.core.polls import written
from processors.core.province import Taken
from processors.engine.conventions import ConventionsChangedError, spelled
from processors.engine.intake import Applied, TurnedAway, apply_one
from processors.engine.live import Pace, Results
from processors.engine.session import Session, first_open, open_session
from processors.engine.settling import move_horizon, next_horizon, settle, settling_is_due
from processors.engine.state import EngineState
from processors.engine.worker import messages
from processors.engine.worker.activity import Activity
from processors.engine.worker.messages import Outgoing
from processors.engine.worker.polls_together import Events, PollsTogether, Waiting, take_together
from processors.engine.worker.table_state import TableState, Writes
from processors.engine.worker.telling import Telling
from processors.engine.worker.wire import Incoming, Kind, UnreadableError, control, events_of
from schemas.control import InForce, Tick
from schemas.refusal import Refusal
from schemas.registry import Registry
from schemas.time import LocalCalendar, to_ms
from schemas.topics import partition_of, shard_of

_LOG = structlog.get_logger()
FAILED: Final = "failed"
_AHEAD_MS: Final = 10_000
# Fewer events are taken in sooner one by one.
_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """To be done in this order: `results` delivered, then `writes` to the table, then the messages acknowledged."""

    results: Sequence[Outgoing]
    writes: Writes


class Partition:
    """One partition's session.

    Args:
        number: which of `partitions`.
        partitions: how many the topic has.
        registry: complete: it decides what is refused; only the partition's own elements are read.
        conventions: the deployment's constants.
        pace: how often to read what no evidence asks for.
        rows: what the table has of the partition.

    Raises:
        ConventionsChangedError: the rows were made with another grid or zone.
    """

    def __init__(
        self,
        number: int,
        partitions: int,
        registry: Registry,
        conventions: Conventions,
        pace: Pace,
        rows: Mapping[bytes, bytes],
    ) -> None:
        self.number = number
        self.outcomes: Counter[str] = Counter()
        self.in_force: InForce | None = None
        self._partitions = partitions
        self._registry = registry
        self._conventions = conventions
        self._pace = pace
        self._calendar = LocalCalendar(conventions.zone)
        self._state = TableState(number, rows)
        self._activity = Activity(number, registry.enterprises, dict(self._state.values("feed")))
        self._telling = Telling(registry, self._calendar)
        # Messages that came before the first tick: without a time they mean nothing yet.
        self._early: list[Incoming] = []
        self._polls = PollsTogether()
        self._session: Session | None = None
        self._newest_ms = 0
        stored = self._state.value("partition") or {}
        if stored and stored["conventions"] != spelled(conventions):
            raise ConventionsChangedError(stored["conventions"], spelled(conventions))
        self._through: dict[str, dict[str, int]] = stored.get("through", {})
        self.now_ms: int = stored.get("as_of_ms", 0)
        # Days before this one are no longer in the table: messages that come again can't have them read again.
        self._kept_from: int = stored.get("kept_from", 0)
        if self.now_ms:
            self._open(stored["horizon"])

    @property
    def elements(self) -> list[str]:
        """The partition's own."""
        return [
            name
            for name in self._registry.elements
            if partition_of(shard_of(name), self._partitions) == self.number
        ]

    @property
    def behind(self) -> bool:
        """Whether elements wait to be read."""
        return self._session is not None and self._session.live.behind

    @property
    def ahead(self) -> bool:
        """Whether evidence is newer than engine time by more than the way of an event takes: a backlog is being sent."""
        return self._newest_ms - self.now_ms > _AHEAD_MS

    def take(self, message: Incoming) -> bool:
        """Take a message in; True for a tick, at which a checkpoint may be made.

        What can't be taken becomes a dead letter; it stops nobody.
        """
        try:
            kind = message.kind
            if kind is Kind.CONTROL:
                return self._control(message)
            if self._session is None:
                self._early.append(message)
            else:
                self._events(self._session, kind, message)
        except UnreadableError as error:
            self._letter(message, "", Refusal.MALFORMED.value, str(error), message.value)
            self.outcomes["unreadable"] += 1
        return False

    def failed(self, message: Incoming, error: Exception) -> None:
        """A message broke us, in whatever way: keep it with the reason."""
        _LOG.error(
            "message broke the worker", partition=message.partition, offset=message.offset, exc_info=error
        )
        self._letter(message, "", FAILED, f"{type(error).__name__}: {error}", message.value)
        self.outcomes[FAILED] += 1

    def read(self, *, due: bool = True) -> None:
        """Read some of the elements that need it; see `Session.read`."""
        if self._session is not None:
            self._take_polls(self._session)
            self._session.read(self.now_ms, due=due)

    def prompt(self) -> list[Outgoing]:
        """What others want to know at once."""
        if self._session is not None and self._session.live.results.prompt:
            self._telling.states(self._session, self._session.live.results.prompt, self.now_ms)
            self._session.live.results.prompt.clear()
        return self._telling.take()

    def checkpoint(self, *, tell: bool = True) -> Checkpoint | None:
        """Everything that is not told and stored yet. It is taken for done: whoever can't do it drops this session.

        Without `tell` what was taken in is stored and not read, unless it must be: in a backlog what elements read now
        is over in a moment, and a session that begins with these rows reads all of them.
        """
        session = self._session
        if session is None:
            return None
        self._take_polls(session)
        session.late = {name: max(day, self._kept_from) for name, day in session.late.items()}
        horizon = session.horizon
        if tell or settling_is_due(session):
            horizon = self._settled(session)
        self._state.save_evidence(session.pending.unsaved.changes(), session.horizon)
        open_from = first_open(session.province, session.through_ms) - 1
        for reporter, seen in self._activity.changed(date.fromordinal(open_from)):
            self._telling.outbox.append(self._activity.message(reporter, self.now_ms))
            self._state.put(seen, "feed", reporter)
        self._telling.outbox += map(messages.late_evidence, session.pending.proposals)
        self._kept_from = max(self._kept_from, open_from)
        self._state.put(
            {
                "as_of_ms": self.now_ms,
                "horizon": horizon,
                "kept_from": self._kept_from,
                "conventions": spelled(self._conventions),
                "through": self._through,
            },
            "partition",
        )
        writes = self._state.take(self._kept_from)
        session.pending.saved()
        session.checkpoint_ms = self.now_ms
        if horizon > session.horizon:
            move_horizon(session, horizon)
            self._state.forget_before(horizon)
        return Checkpoint(self._telling.take(), writes)

    def _settled(self, session: Session) -> int:
        """Read what was touched, tell it and have it stored; the horizon from now on."""
        settle(session, self._opened, self.now_ms)
        advanced = next_horizon(session)
        results, state = session.live.results, self._state
        self._telling.states(session, results.states | results.prompt, self.now_ms)
        self._telling.figures(results, state.again, self.now_ms)
        state.again.clear()
        for (element, day), told in self._telling.take_transitions().items():
            state.change(element, day.toordinal()).transitions = told
        for element in results.states | results.prompt:
            if element in session.latest.shown:
                state.change(element, session.today).shown = session.latest.shown[element]
        for day_number, carried in advanced.items():
            for element, carry in carried.items():
                row = state.change(element, day_number)
                row.carry = carry
                before = session.live.end_before(element, day_number)
                row.before = None if before is None else int(before)
        session.live.results = Results()
        return max(advanced, default=session.horizon)

    def _control(self, message: Incoming) -> bool:
        said = control(message.value)
        if not isinstance(said, Tick):
            self.in_force = said
            return False
        self.now_ms = max(self.now_ms, to_ms(said.received_through))
        session = self._session or self._open(None)
        session.through_ms = self.now_ms
        early, self._early = self._early, []
        for one in early:
            self.take(one)
        session.time_passes(self.now_ms)
        return True

    def _open(self, horizon: int | None) -> Session:
        first = self._first_horizon() if horizon is None else horizon
        self._session = session = open_session(
            self._state,
            self._registry,
            self._conventions,
            self._pace,
            self.now_ms,
            horizon=first,
            feeds=self._activity,
            numbering=_number_of,
            elements=self.elements,
        )
        session.through_ms = self.now_ms
        self._state.attach(session.province, first)
        return session

    def _first_horizon(self) -> int:
        """The day before the first event was received, as in any engine: what is silent since then reads unknown, and says so.

        A forwarder that catches up tells of days before its first tick; what is closed by then is the closing's business.
        """
        began_ms = min((at for at in map(_received_ms, self._early) if at), default=self.now_ms)
        closing_ms = self.now_ms - self._conventions.lateness_s * 1000
        return max(self._day_of(min(began_ms, self.now_ms)), self._day_of(closing_ms) - 1) - 1

    def _day_of(self, at_ms: int) -> int:
        return self._calendar.day_of(at_ms).toordinal()

    def _events(self, session: Session, kind: Kind, message: Incoming) -> None:
        through = self._through.setdefault(message.forwarder, {})
        name = message.key.decode("utf-8", "replace")
        known, offsets = through.get(name, -1), message.offsets()
        polls = written(message.value) if kind is Kind.EVIDENCE and len(offsets) >= _BATCH else None
        if polls is None:
            self._apply(session, Waiting(message, offsets, known, ()), events_of(message))
        elif len(offsets) != len(polls):
            raise UnreadableError(f"{len(polls)} events with {len(offsets)} offsets")
        else:
            self._polls.add(Waiting(message, offsets, known, polls))
        if kind is not Kind.LIFE:
            through[name] = max(known, *offsets)
        if self._polls.enough:
            self._take_polls(session)

    def _take_polls(self, session: Session) -> None:
        """Take in what waits; where something in it breaks us, message by message, so that it stops no other."""
        waiting = self._polls.take()
        if not waiting:
            return
        try:
            self._together(session, waiting)
        except Exception:  # noqa: BLE001 - whatever it is, the message that it comes of is found and kept
            _LOG.exception("polls broke the worker; taken message by message", partition=self.number)
            for one in waiting:
                try:
                    self._together(session, [one])
                except Exception as error:  # noqa: BLE001 - whatever it is, it is kept and stops nobody
                    self.failed(one.message, error)

    def _together(self, session: Session, waiting: Sequence[Waiting]) -> None:
        taken = take_together(session, waiting, self.now_ms)
        self._newest_ms = max(self._newest_ms, taken.newest_ms)
        self.outcomes[Taken.COUNTED.value] += taken.counted
        for one, events in taken.others:
            self._apply(session, one, events)

    def _apply(self, session: Session, waiting: Waiting, events: Events) -> None:
        """Take in events one by one."""
        message, kind = waiting.message, waiting.message.kind
        for entry, event in events:
            self._newest_ms = max(self._newest_ms, entry.received_ms)
            new = kind is not Kind.LIFE and entry.offset > waiting.known
            if kind is Kind.COPY:
                # Every partition has it, one counts it.
                new = new and partition_of(shard_of(entry.reporter), self._partitions) == self.number
            outcome = apply_one(session.province, entry, event)
            if isinstance(outcome, TurnedAway):
                if new:
                    self._turned_away(session, message, outcome)
                continue
            session.applied(outcome, self.now_ms, new=new)
            if new:
                self.outcomes[outcome.taken.value] += 1

    def _turned_away(self, session: Session, message: Incoming, one: TurnedAway) -> None:
        session.turned_away(one)
        self.outcomes[one.code.value] += 1
        self._letter(message, one.entry.reporter, one.code.value, one.detail, one.entry.body)

    def _letter(self, message: Incoming, reporter: str, code: str, detail: str, body: bytes) -> None:
        at_ms = self.now_ms or message.at_ms
        self._telling.outbox.append(messages.dead_letter(message, at_ms, reporter, code, detail, body))

    @contextmanager
    def _opened(self) -> Iterator[EngineState]:
        yield self._state


def _received_ms(message: Incoming) -> int | None:
    """When the message's first event was received; None where it has none that says so. Its others came later."""
    try:
        entry, event = events_of(message)[0]
    except (UnreadableError, IndexError):
        return None
    return None if isinstance(event, UndecodableError) else entry.received_ms


def _number_of(late: Applied) -> int:
    event = parse_any(late.entry.body)
    return messages.late_number(event["reporter"], event["source"], event["id"])
