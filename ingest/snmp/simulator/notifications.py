"""Which traps a change of state sends."""

from collections.abc import Iterator

from ingest.snmp.ber import Binding, Tag
from ingest.snmp.simulator.agent import SimulatedAgent
from ingest.snmp.simulator.model import AgentState, InterfaceState
from ingest.snmp.simulator.view import BTS

COLD_START = "1.3.6.1.6.3.1.1.5.1"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"
_BTS_STATE_CHANGE, _MAINS_LOST, _MAINS_RESTORED = (f"1.3.6.1.4.1.99999.36.0.{n}" for n in (1, 2, 3))
_SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
# What a BTS notification carries (profiles/bts_demo.yaml).
_BTS_OBJECTS = (*(f"{BTS}.1.{n}.0" for n in range(1, 7)), f"{BTS}.2.1.0", f"{BTS}.2.2.0")


def notifications(agent: SimulatedAgent, before: AgentState) -> Iterator[tuple[Binding, ...]]:
    """The varbinds of each trap that leads from what was shown before to what is shown now."""
    now = agent.shown
    for index, (old, new) in enumerate(zip(before.interfaces, now.interfaces, strict=False), start=1):
        if _up(old) != _up(new):
            columns = (
                "1.3.6.1.2.1.2.2.1.1",
                "1.3.6.1.2.1.2.2.1.7",
                "1.3.6.1.2.1.2.2.1.8",
                "1.3.6.1.2.1.31.1.1.1.1",
            )
            yield _trap(
                agent, LINK_UP if _up(new) else LINK_DOWN, *(f"{column}.{index}" for column in columns)
            )
    if before.station is None or now.station is None:
        return
    if before.station.mains_present != now.station.mains_present:
        yield _trap(agent, _MAINS_RESTORED if now.station.mains_present else _MAINS_LOST, *_BTS_OBJECTS)
    elif _judged(before) != _judged(now):
        yield _trap(agent, _BTS_STATE_CHANGE, *_BTS_OBJECTS)


def cold_start(agent: SimulatedAgent) -> tuple[Binding, ...]:
    """The varbinds of a coldStart."""
    return _trap(agent, COLD_START)


def _trap(agent: SimulatedAgent, oid: str, *objects: str) -> tuple[Binding, ...]:
    uptime, *rest = agent.read(_SYS_UP_TIME, *objects)
    return (uptime, Binding(_SNMP_TRAP_OID, Tag.OBJECT_IDENTIFIER, oid), *rest)


def _up(interface: InterfaceState) -> bool:
    return interface.admin_up and interface.oper_up


def _judged(state: AgentState) -> tuple[object, ...]:
    """What the status depends on; the battery's voltage changes all the time and is no news."""
    station = state.station
    if station is None:
        return ()
    saving = sum(cell.energy_saving for cell in station.cells)
    return station.enabled, station.admin, station.transport_enabled, station.cells_in_service, saving
