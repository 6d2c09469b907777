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

from processors.core.conventions import Conventions
from processors.core.decode import UndecodableError, parse_any
from processors.engine.conventions import ConventionsChangedError, spelled
from processors.engine.intake import Applied
from processors.engine.live import Pace, Results
from processors.engine.session import Session, first_open, open_session
from processors.engine.settling import move_horizon, next_horizon, settle, settling_is_due
from processors.engine.state import EngineState
from processors.engine.worker import messages
from processors.engine.worker.activity import Activity
from processors.engine.worker.evidence_intake import EvidenceIntake
from processors.engine.worker.messages import Outgoing
from processors.engine.worker.table_state import TableState, Writes
from processors.engine.worker.telling import Telling
from processors.engine.worker.wire import Incoming, Kind, UnreadableError, control, events_of
from schemas.control import InForce, Tick
from schemas.registry import Registry
from schemas.time import LocalCalendar, to_ms
from schemas.topics import partition_of, shard_of

_AHEAD_MS: Final = 10_000


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
        self._session: Session | None = None
        stored = self._state.value("partition") or {}
        if stored and stored["conventions"] != spelled(conventions):
            raise ConventionsChangedError(stored["conventions"], spelled(conventions))
        self._intake = EvidenceIntake(number, partitions, stored.get("through", {}), self._telling)
        self.now_ms: int = stored.get("as_of_ms", 0)
        # Days before this one are no longer in the table: messages that come again can't have them read again.
        self._kept_from: int = stored.get("kept_from", 0)
        if self.now_ms:
            self._open(stored["horizon"])

    @property
    def outcomes(self) -> Counter[str]:
        """How many events became what; the caller clears it."""
        return self._intake.outcomes

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
        return self._intake.newest_ms - self.now_ms > _AHEAD_MS

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
                self._intake.take(self._session, kind, message, self.now_ms)
        except UnreadableError as error:
            self._intake.unreadable(message, error, self.now_ms)
        return False

    def failed(self, message: Incoming, error: Exception) -> None:
        """A message broke us, in whatever way: keep it with the reason."""
        self._intake.failed(message, error, self.now_ms)

    def read(self, *, due: bool = True) -> None:
        """Read some of the elements that need it; see `Session.read`."""
        if self._session is not None:
            self._intake.take_waiting(self._session, self.now_ms)
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
        self._intake.take_waiting(session, self.now_ms)
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
                "through": self._intake.through,
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
            try:
                self.take(one)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is kept and stops nobody
                self.failed(one, error)
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
