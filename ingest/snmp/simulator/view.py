"""An agent's MIB view: every object it has, in order, each with the function that reads it from the agent."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Protocol

from ingest.snmp.ber import Binding, Scalar, Tag
from ingest.snmp.simulator.model import AgentModel, AgentState, CellState, InterfaceState, StationState

BTS = "1.3.6.1.4.1.99999.36.2"
_SYSTEM = "1.3.6.1.2.1.1"
_IF = "1.3.6.1.2.1.2.2.1"
_IFX = "1.3.6.1.2.1.31.1.1.1"
_ENGINE = "1.3.6.1.6.3.10.2.1"
_TECHNOLOGIES = {"GSM": 1, "UMTS": 2, "LTE": 3, "NR": 4}
_ADMIN = {"unlocked": 1, "locked": 2, "shuttingDown": 3}
_COUNTER32 = 0xFFFF_FFFF


class Agent(Protocol):
    """What the view reads."""

    @property
    def model(self) -> AgentModel: ...  # noqa: D102 - see `simulator.agent.SimulatedAgent`
    @property
    def shown(self) -> AgentState: ...  # noqa: D102
    @property
    def engine_id(self) -> bytes: ...  # noqa: D102
    @property
    def boots(self) -> int: ...  # noqa: D102
    def uptime_s(self) -> float: ...  # noqa: D102
    def counted(self, interface: int) -> tuple[int, int, int]: ...  # noqa: D102


Read = Callable[[Agent], Scalar]
_Object = tuple[str, Tag, Read]


class View:
    """The objects of all agents with so many cells (None: no base station) and so many interfaces."""

    def __init__(self, cells: int | None, interfaces: int) -> None:
        objects = [*_system(), *_interfaces(interfaces), *(_station(cells) if cells is not None else ())]
        self._objects = sorted((_arcs(oid), oid, int(tag), read) for oid, tag, read in objects)
        self._arcs = [arcs for arcs, *_ in self._objects]
        self._place = {oid: place for place, (_, oid, _, _) in enumerate(self._objects)}
        self._parents = {oid.rpartition(".")[0] for oid in self._place}

    def get(self, agent: Agent, oid: str) -> Binding:
        """The object, or why there is none (RFC 3416 section 4.2.1)."""
        place = self._place.get(oid)
        if place is None:
            known = oid.rpartition(".")[0] in self._parents
            return Binding(oid, Tag.NO_SUCH_INSTANCE if known else Tag.NO_SUCH_OBJECT, None)
        return self._read(agent, place)

    def next(self, agent: Agent, oid: str, *, counter64: bool = True) -> Binding:
        """The first object behind `oid`. `counter64` False passes over what SNMPv1 can't carry (RFC 3584 4.2.2.1)."""
        known = self._place.get(oid)
        place = bisect_right(self._arcs, _arcs(oid)) if known is None else known + 1
        while place < len(self._objects):
            if counter64 or self._objects[place][2] != Tag.COUNTER64:
                return self._read(agent, place)
            place += 1
        return Binding(oid, Tag.END_OF_MIB_VIEW, None)

    def _read(self, agent: Agent, place: int) -> Binding:
        _, oid, tag, read = self._objects[place]
        return Binding(oid, tag, read(agent))


@lru_cache(maxsize=256)
def view_of(cells: int | None, interfaces: int) -> View:
    """The view; agents of one shape share it."""
    return View(cells, interfaces)


@lru_cache(maxsize=4096)
def _arcs(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


def _system() -> Iterator[_Object]:
    yield f"{_SYSTEM}.1.0", Tag.OCTET_STRING, lambda a: a.model.description.encode()
    yield f"{_SYSTEM}.2.0", Tag.OBJECT_IDENTIFIER, lambda a: a.model.sys_object_id
    yield f"{_SYSTEM}.3.0", Tag.TIMETICKS, lambda a: int(a.uptime_s() * 100) & _COUNTER32
    yield f"{_SYSTEM}.4.0", Tag.OCTET_STRING, lambda _: b""
    yield f"{_SYSTEM}.5.0", Tag.OCTET_STRING, lambda a: a.model.name.encode()
    yield f"{_SYSTEM}.6.0", Tag.OCTET_STRING, lambda _: b""
    yield f"{_SYSTEM}.7.0", Tag.INTEGER, lambda _: 72
    yield f"{_ENGINE}.1.0", Tag.OCTET_STRING, lambda a: a.engine_id
    yield f"{_ENGINE}.2.0", Tag.INTEGER, lambda a: a.boots
    yield f"{_ENGINE}.3.0", Tag.INTEGER, lambda a: int(a.uptime_s())


def _interfaces(count: int) -> Iterator[_Object]:
    yield "1.3.6.1.2.1.2.1.0", Tag.INTEGER, lambda a: len(a.shown.interfaces)
    yield "1.3.6.1.2.1.31.1.5.0", Tag.TIMETICKS, lambda _: 0
    for at in range(count):
        yield from _interface(at)


def _interface(at: int) -> Iterator[_Object]:
    def of(read: Callable[[InterfaceState], Scalar]) -> Read:
        return lambda agent: read(agent.shown.interfaces[at])

    def counter(which: int, mask: int) -> Read:
        return lambda agent: agent.counted(at)[which] & mask

    index = at + 1
    counter64 = 0xFFFF_FFFF_FFFF_FFFF
    yield f"{_IF}.1.{index}", Tag.INTEGER, lambda _: index
    yield f"{_IF}.2.{index}", Tag.OCTET_STRING, of(lambda i: i.name.encode())
    yield f"{_IF}.3.{index}", Tag.INTEGER, lambda _: 6
    yield f"{_IF}.4.{index}", Tag.INTEGER, lambda _: 1500
    yield f"{_IF}.5.{index}", Tag.GAUGE32, of(lambda i: min(i.speed_mbps * 1_000_000, _COUNTER32))
    yield f"{_IF}.7.{index}", Tag.INTEGER, of(lambda i: 1 if i.admin_up else 2)
    yield f"{_IF}.8.{index}", Tag.INTEGER, of(lambda i: 1 if i.admin_up and i.oper_up else 2)
    yield f"{_IF}.10.{index}", Tag.COUNTER32, counter(0, _COUNTER32)
    yield f"{_IF}.14.{index}", Tag.COUNTER32, counter(2, _COUNTER32)
    yield f"{_IF}.16.{index}", Tag.COUNTER32, counter(1, _COUNTER32)
    yield f"{_IF}.20.{index}", Tag.COUNTER32, lambda _: 0
    yield f"{_IFX}.1.{index}", Tag.OCTET_STRING, of(lambda i: i.name.encode())
    yield f"{_IFX}.6.{index}", Tag.COUNTER64, counter(0, counter64)
    yield f"{_IFX}.10.{index}", Tag.COUNTER64, counter(1, counter64)
    yield f"{_IFX}.15.{index}", Tag.GAUGE32, of(lambda i: i.speed_mbps)
    yield f"{_IFX}.18.{index}", Tag.OCTET_STRING, of(lambda i: i.alias.encode())
    yield f"{_IFX}.19.{index}", Tag.TIMETICKS, lambda _: 0


def _station(cells: int) -> Iterator[_Object]:
    def of(read: Callable[[StationState], Scalar]) -> Read:
        return lambda agent: read(_of(agent.shown.station))

    yield f"{BTS}.1.1.0", Tag.INTEGER, of(lambda s: 1 if s.enabled else 2)
    yield f"{BTS}.1.2.0", Tag.INTEGER, of(lambda s: _ADMIN[s.admin])
    yield f"{BTS}.1.3.0", Tag.GAUGE32, of(lambda s: len(s.cells))
    yield f"{BTS}.1.4.0", Tag.GAUGE32, of(lambda s: s.cells_in_service)
    yield f"{BTS}.1.5.0", Tag.GAUGE32, of(lambda s: sum(cell.energy_saving for cell in s.cells))
    yield f"{BTS}.1.6.0", Tag.INTEGER, of(lambda s: 1 if s.transport_enabled else 2)
    yield f"{BTS}.2.1.0", Tag.INTEGER, of(lambda s: 1 if s.mains_present else 2)
    yield f"{BTS}.2.2.0", Tag.INTEGER, of(lambda s: round(s.battery_v * 100))
    yield f"{BTS}.2.3.0", Tag.INTEGER, of(lambda s: s.battery_minutes)
    yield f"{BTS}.3.1.0", Tag.INTEGER, of(lambda s: round(s.temperature_c * 10))
    yield f"{BTS}.3.2.0", Tag.INTEGER, of(lambda s: 1 if s.door_open else 2)
    for at in range(cells):
        yield from _cell(at)


def _cell(at: int) -> Iterator[_Object]:
    def of(read: Callable[[CellState], Scalar]) -> Read:
        return lambda agent: read(_of(agent.shown.station).cells[at])

    index = at + 1
    yield f"{BTS}.4.1.2.{index}", Tag.OCTET_STRING, of(lambda c: c.name.encode())
    yield f"{BTS}.4.1.3.{index}", Tag.INTEGER, of(lambda c: _TECHNOLOGIES[c.technology])
    yield f"{BTS}.4.1.4.{index}", Tag.INTEGER, of(lambda c: 1 if c.in_service else 2)


def _of(station: StationState | None) -> StationState:
    if station is None:
        raise ValueError("this agent shows no base station")
    return station
