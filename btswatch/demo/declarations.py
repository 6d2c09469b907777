"""What the demonstration's enterprises say, and when they send it: pure, for the past month as for now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from btswatch.demo.script import Course, Script, State
from schemas.events import Heartbeat, Maintenance, StatusEvent, Submitted
from schemas.events.maintenance import MaintenanceData
from schemas.events.status import StatusData
from schemas.registry import Element, Enterprise
from schemas.status import Feed
from schemas.time import from_ms


@dataclass(frozen=True, slots=True)
class Declared:
    """An enterprise's word about an element: what it was at `at`, handed in at `sent` (ms)."""

    element: str
    at: int
    sent: int
    state: State


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat."""

    at: int
    sent: int


class Action(StrEnum):
    """What is done with a plan."""

    ANNOUNCE = "announce"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Notice:
    """A plan announced or withdrawn."""

    action: Action
    name: str
    elements: tuple[str, ...]
    start: int
    end: int
    at: int
    sent: int


Said = Declared | Beat | Notice


@dataclass(frozen=True, slots=True)
class Sender:
    """One enterprise's sender.

    Attributes:
        enterprise: how it reports: a periodic feed repeats its states every `period_s`, a transition feed hands in
            changes and heartbeats.
        elements: its own, in service.
    """

    enterprise: Enterprise
    elements: Sequence[Element]
    script: Script
    period_s: int

    def says(
        self, from_ms: int, to_ms: int, courses: Mapping[str, Course], *, whole: bool = False
    ) -> list[Said]:
        """What it says of the interval, by the moment of sending.

        Args:
            from_ms: see `to_ms`.
            to_ms: the interval is about the moments that are told of; some are sent later.
            courses: the elements' true states, at least over the interval.
            whole: begin with all states, as a transition feed does when it starts and every night.
        """
        transition = self.enterprise.feed is Feed.TRANSITION
        states = self._changes if transition else self._repetitions
        said: list[Said] = [*states(from_ms, to_ms, courses)]
        if transition:
            said += self._beats(from_ms, to_ms)
            if whole:
                said += self._all(from_ms, courses)
        said += self._notices(from_ms, to_ms)
        silent = self.script.feed_is_silent
        return sorted(
            (one for one in said if isinstance(one, Notice) or not silent(self.enterprise.id, one.sent)),
            key=lambda one: one.sent,
        )

    def _changes(self, from_ms: int, to_ms: int, courses: Mapping[str, Course]) -> Iterator[Declared]:
        for row in self.elements:
            course = self.script.declared(row.id, courses[row.id])
            before: State | None = None
            for at, state in zip(course.starts, course.states, strict=True):
                # A lie may make one state of two.
                changed = before is not None and state != before
                if changed and from_ms <= at < to_ms and served(row, at):
                    delay = self.script.delay_of(self.enterprise.id, row.id, at)
                    yield Declared(row.id, at, at + delay, state)
                before = state

    def _repetitions(self, from_ms: int, to_ms: int, courses: Mapping[str, Course]) -> Iterator[Declared]:
        said = {row.id: self.script.declared(row.id, courses[row.id]) for row in self.elements}
        for at in _beats(from_ms, to_ms, self.period_s):
            for row in self.elements:
                if served(row, at):
                    yield Declared(row.id, at, at + 1500, said[row.id].at(at))

    def _all(self, at: int, courses: Mapping[str, Course]) -> Iterator[Declared]:
        for row in self.elements:
            if served(row, at):
                state = self.script.declared(row.id, courses[row.id]).at(at)
                yield Declared(row.id, at, at + 1000, state)

    def _beats(self, from_ms: int, to_ms: int) -> Iterator[Beat]:
        for at in _beats(from_ms, to_ms, self.enterprise.heartbeat_s):
            yield Beat(at, at + 500)

    def _notices(self, from_ms: int, to_ms: int) -> Iterator[Notice]:
        for work in self.script.works(from_ms, to_ms):
            if work.enterprise != self.enterprise.id:
                continue
            moments = ((Action.ANNOUNCE, work.announced), (Action.WITHDRAW, work.withdrawn))
            for action, at in moments:
                if at is not None and from_ms <= at < to_ms:
                    yield Notice(action, work.notice, work.elements, work.start, work.end, at, at + 2000)

    def event(self, said: Said) -> Submitted:
        """The event that it hands in. Said again it is the same event, with the same id."""
        source = f"{self.enterprise.id}/noc"
        if isinstance(said, Beat):
            return Heartbeat(
                specversion="1.0",
                id=f"hb-{said.at}",
                source=source,
                subject=self.enterprise.id,
                time=from_ms(said.at),
                type="btswatch.heartbeat.v1",
            )
        if isinstance(said, Notice):
            data = {
                "action": said.action.value,
                "notice": said.name,
                "elements": list(said.elements),
                "from": from_ms(said.start),
                "to": from_ms(said.end),
                "reason": "Bảo dưỡng định kỳ",
            }
            return Maintenance(
                specversion="1.0",
                id=f"{said.name}-{said.action}",
                source=source,
                subject=self.enterprise.id,
                time=from_ms(said.at),
                type="btswatch.maintenance.v1",
                data=MaintenanceData.model_validate(data),
            )
        return StatusEvent(
            specversion="1.0",
            id=f"{said.element}-{said.at}",
            source=source,
            subject=said.element,
            time=from_ms(said.at),
            type="btswatch.status.v1",
            data=StatusData(status=said.state.status, cause=said.state.cause),
        )


def senders(
    script: Script, enterprises: Iterable[Enterprise], period_s: Mapping[str, int]
) -> dict[str, Sender]:
    """A sender for each enterprise; `period_s` is that of the periodic feeds."""
    owned: dict[str, list[Element]] = {one.id: [] for one in enterprises}
    for row in script.rows.values():
        owned[row.enterprise].append(row)
    return {
        one.id: Sender(one, tuple(owned[one.id]), script, period_s.get(one.id, one.heartbeat_s))
        for one in enterprises
        if owned[one.id]
    }


def served(row: Element, at: int) -> bool:
    """Whether the element is in service at the instant."""
    begun = row.commissioned is None or row.commissioned <= at
    return begun and (row.decommissioned is None or at < row.decommissioned)


def _beats(from_ms: int, to_ms: int, every_s: int) -> range:
    step = every_s * 1000
    return range(-(-from_ms // step) * step, to_ms, step)
