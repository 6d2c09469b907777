"""One poll of one device: a GET, walks where a profile needs whole tables, and the reading of the answers.

The rows that elements are shown in are found once, by name, and then read by the same GET as sysUpTime. Each answer
is checked to be of the row that is meant; a device that renumbered its rows is asked again in the same poll.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.snmp.assessment import Assessment
from ingest.snmp.counters import AgentTime, restarted
from ingest.snmp.devices import Device, View
from ingest.snmp.engine import Answer, Failure, NoAnswer, Rows, SnmpEngine, Unreachable, Value, VarbindKind
from ingest.snmp.memory import Memory, Section, find_rows, named_rows, names_row
from ingest.snmp.profile_model import SYS_UP_TIME, Table
from ingest.snmp.profiles import Profiles
from ingest.snmp.reading import read_view
from ingest.snmp.requests import SNMP_ENGINE_BOOTS, SYS_OBJECT_ID, gather
from schemas.credentials import UsmUser
from schemas.registry import Kind


@dataclass(frozen=True, slots=True)
class Told:
    """The device answered, after `rtt_s`. `partial` names what went unanswered after that."""

    assessments: Mapping[View, Assessment]
    at_ms: int
    rtt_s: float
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The device told nothing: silence, or a failure that is no silence and says nothing about the elements."""

    failure: Failure

    @property
    def silent(self) -> bool:
        """Whether nothing at all came back."""
        return isinstance(self.failure, NoAnswer | Unreachable)


@dataclass(frozen=True, slots=True)
class Means:
    """What a poll is made with. Clocks: `now_ms` is the calendar's, `monotonic` counts seconds."""

    profiles: Profiles
    now_ms: Callable[[], int]
    monotonic: Callable[[], float]
    max_rows: int = 2000
    optional_every_s: float = 900.0


@dataclass(slots=True)
class Asking:
    """Polls one device once. `heard` says, also after a cancellation, whether the agent answered anything."""

    device: Device
    memory: Memory
    engine: SnmpEngine
    means: Means
    heard: bool = False
    _started: float = 0.0
    _partial: list[str] = field(default_factory=list)
    _answer: Answer | None = None
    _at_ms: int = 0
    _walks: dict[str, dict[str, Rows]] = field(default_factory=dict)

    async def ask(self) -> Told | Kept:
        """The whole poll; the caller bounds its time."""
        self._started = self.means.monotonic()
        memory = self.memory
        if not memory.sections:
            failure = await self._prepare()
            if failure is not None:
                return Kept(failure)
        answer = await self._get(memory.scalars)
        if isinstance(answer, Answer) and await self._rows_moved(_values(answer)):
            answer = await self._get(memory.scalars)
        if not isinstance(answer, Answer):
            return Kept(answer)
        self._answer, self._at_ms = answer, self.means.now_ms()
        for section in memory.sections:
            await self._walk(section, self._walks.setdefault(section.profile.name, {}))
        return self._told(answer)

    def out_of_time(self) -> Told | Kept:
        """What there is when the poll was cut off: what the GET told is good, also when a walk never ended."""
        if self._answer is None:
            return Kept(NoAnswer(0, self.device.deadline_s))
        self._partial.append("out of time")
        return self._told(self._answer)

    def _told(self, answer: Answer) -> Told:
        memory, time = self.memory, _agent_time(_values(answer), self._at_ms)
        told: dict[View, Assessment] = {}
        for section in memory.sections:
            evidence = gather(section.profile, section.plan, answer, self._walks.get(section.profile.name))
            for view in section.views:
                told[view] = read_view(section, view, evidence, time, memory.readings, answer.rtt_s)
        if time and memory.time and restarted(memory.time, time):
            memory.restart()
        memory.time = time
        return Told(told, self._at_ms, answer.rtt_s, tuple(self._partial))

    async def _prepare(self) -> Failure | None:
        """Choose profiles, by sysObjectID where the registry names none, and find the rows."""
        memory = self.memory
        if memory.sys_object_id is None and any(view.profile is None for view in self.device.views):
            answer = await self._get((SYS_UP_TIME, SYS_OBJECT_ID))
            if not isinstance(answer, Answer):
                return answer
            memory.sys_object_id = str(_values(answer).get(SYS_OBJECT_ID) or "")
        self._plan()
        await self._find_rows()
        return None

    def _plan(self) -> None:
        chosen = {
            view: self.means.profiles.choose(
                self.memory.sys_object_id, link=view.kind is Kind.LINK, registry=view.profile
            )
            for view in self.device.views
        }
        self.memory.plan(chosen, engine_time=isinstance(self.device.target.credential, UsmUser))

    async def _get(self, oids: Sequence[str]) -> Answer | Failure:
        outcome = await self.engine.get(self.device.target, oids)
        self.heard |= not isinstance(outcome, NoAnswer | Unreachable)
        return outcome

    async def _find_rows(self) -> bool:
        """Read the names of the rows; True where any row is elsewhere than it was thought to be."""
        memory, moved = self.memory, False
        wanted = [(s, table) for s in memory.sections if s.rows_known and (table := s.profile.selectable())]
        memory.looked_for_rows_at = self.means.monotonic()
        for section, table in wanted:
            keys = tuple(table.columns[key].oid for key in table.key)
            walked = await self._walk_columns(f"{section.profile.name} names", keys)
            if walked is None or walked.stopped:
                # Looked for again in the next poll; rows that are known stay so, their names are checked each time.
                memory.looked_for_rows_at = None
                continue
            names = named_rows(section.profile, section.views)
            found = find_rows(table, walked.rows, names)
            for name in names:
                known = memory.rows.pop((section.profile.name, name), None)
                if name in found:
                    memory.rows[section.profile.name, name] = found[name]
                moved |= known != found.get(name)
        if moved:
            self._plan()
        return moved

    async def _rows_moved(self, values: Mapping[str, Value]) -> bool:
        """Look again where rows are when they may have moved; True where any has.

        They may when the table changed, a row is gone or bears another name; and rows that were not found yet are
        looked for from time to time.
        """
        memory = self.memory
        looked, now = memory.looked_for_rows_at, self.means.monotonic()
        again = looked is None or now - looked >= self.means.optional_every_s
        suspicious = False
        for section in memory.sections:
            table = section.profile.selectable()
            if table is None or not section.rows_known:
                continue
            suspicious |= self._table_changed(section.profile.name, table, values)
            for name in named_rows(section.profile, section.views):
                index = memory.rows.get((section.profile.name, name))
                suspicious |= again if index is None else not names_row(table, index, name, values)
        looked_now = looked is not None and looked >= self._started
        return suspicious and not looked_now and await self._find_rows()

    def _table_changed(self, profile: str, table: Table, values: Mapping[str, Value]) -> bool:
        if table.last_change is None:
            return False
        change = values.get(table.last_change)
        before = self.memory.last_change.setdefault(profile, change)
        self.memory.last_change[profile] = change
        return before != change

    async def _walk(self, section: Section, walks: dict[str, Rows]) -> None:
        memory, now = self.memory, self.means.monotonic()
        due = memory.optional_read_at is None or now - memory.optional_read_at >= self.means.optional_every_s
        for table in section.tables:
            if table.optional and not due:
                continue
            walked = await self._walk_columns(table.name, table.columns)
            if walked is not None:
                walks[table.name] = walked
            if table.optional:
                memory.optional_read_at = now

    async def _walk_columns(self, name: str, columns: Sequence[str]) -> Rows | None:
        left = self.device.deadline_s - (self.means.monotonic() - self._started)
        outcome = await self.engine.walk(
            self.device.target, columns, max_rows=self.means.max_rows, deadline_s=max(0.1, left)
        )
        if not isinstance(outcome, Rows):
            self._partial.append(f"{name}: {type(outcome).__name__}")
            return None
        self.heard = True
        if outcome.stopped:
            self._partial.append(f"{name}: {outcome.stopped}")
        return outcome


def _values(answer: Answer) -> dict[str, Value]:
    return {v.oid: v.value for v in answer.varbinds if v.kind is VarbindKind.VALUE}


def _agent_time(values: Mapping[str, Value], at_ms: int) -> AgentTime | None:
    uptime, boots = values.get(SYS_UP_TIME), values.get(SNMP_ENGINE_BOOTS)
    if not isinstance(uptime, int):
        return None
    return AgentTime(uptime, at_ms, boots if isinstance(boots, int) else None)
