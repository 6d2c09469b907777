"""The simulated agents behind the registry's rows: what each is, and what it shows for the state of its elements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from btswatch.demo.script import Script, State
from ingest.snmp.devices import split_agent
from ingest.snmp.simulator import (
    AgentModel,
    AgentState,
    Behaviour,
    CellState,
    InterfaceState,
    SimulatedUser,
    StationState,
)
from ingest.snmp.simulator.model import Technology
from schemas.credentials import Community, Credential, UsmUser
from schemas.registry import Element, Kind
from schemas.status import Cause, Status

# net-snmp's, which stands for any router here: profiles know links by their interfaces.
_ROUTER: Final = "1.3.6.1.4.1.8072.3.2.10"
_RADIO: Final[Mapping[str, Technology]] = {"2G": "GSM", "3G": "UMTS", "4G": "LTE", "5G": "NR"}
_EMPTY_BATTERY_V: Final = 42.8
_ON_BATTERY_V: Final = 48.6


def agents_of(
    rows: Mapping[str, Element], credentials: Mapping[str, Credential]
) -> dict[str, tuple[AgentModel, tuple[Element, ...]]]:
    """Each agent by its address, and the elements that it shows."""
    by_agent: dict[str, list[Element]] = defaultdict(list)
    for row in rows.values():
        if row.agent is not None and row.credential in credentials:
            by_agent[row.agent].append(row)
    return {
        agent: (_model(agent, found, credentials[found[0].credential or ""]), tuple(found))
        for agent, found in by_agent.items()
    }


def agent_state(rows: Sequence[Element], states: Mapping[str, State], script: Script) -> AgentState:
    """What an agent shows when its elements are in these states."""
    path = script.path_of(rows[0].agent or "")
    if rows[0].kind is Kind.LINK:
        behaviour = Behaviour(delay_s=path.delay_s, loss=path.loss)
        return AgentState(
            interfaces=tuple(_interface(row, states[row.id]) for row in rows), behaviour=behaviour
        )
    state = states[rows[0].id]
    behaviour = Behaviour(silent=state.silent, delay_s=path.delay_s, loss=path.loss)
    return AgentState(station=_station(rows[0], state), behaviour=behaviour)


def _model(agent: str, rows: Sequence[Element], credential: Credential) -> AgentModel:
    host, port = split_agent(agent)
    station = rows[0].kind is Kind.STATION
    model = AgentModel(
        host=host,
        port=port,
        name=rows[0].id if station else f"rt-{rows[0].enterprise}-{host}",
        community=credential.community if isinstance(credential, Community) else None,
        user=_user(credential) if isinstance(credential, UsmUser) else None,
    )
    return model if station else model.model_copy(update={"sys_object_id": _ROUTER})


def _user(one: UsmUser) -> SimulatedUser:
    if one.auth_protocol is None or one.priv_protocol is None or not one.auth_key or not one.priv_key:
        raise ValueError(f"{one.name}: simulated agents speak authPriv only")
    return SimulatedUser(
        user=one.user,
        auth_protocol=one.auth_protocol,
        auth_key=one.auth_key,
        priv_protocol=one.priv_protocol,
        priv_key=one.priv_key,
    )


def _station(row: Element, state: State) -> StationState:
    down = state.status is Status.DOWN
    cells = [
        CellState(name=f"{row.id}-{technology}-{sector}", technology=_RADIO[technology])
        for technology in row.technologies
        for sector in (1, 2, 3)
    ]
    if state.status is Status.DEGRADED:
        # A sector of each technology: what is left still serves.
        part = {"energy_saving": True} if state.cause is Cause.ENERGY_SAVING else {"enabled": False}
        cells[::3] = [cell.model_copy(update=part) for cell in cells[::3]]
    battery = 54.0 if state.mains else _ON_BATTERY_V
    if down and state.cause is Cause.POWER:
        battery = _EMPTY_BATTERY_V
    return StationState(
        enabled=not down or state.cause is Cause.MANUAL,
        admin="locked" if down and state.cause is Cause.MANUAL else "unlocked",
        transport_enabled=not (down and state.cause is Cause.TRANSPORT),
        mains_present=state.mains,
        battery_v=battery,
        battery_minutes=240 if state.mains else 90,
        cells=tuple(cells),
    )


def _interface(row: Element, state: State) -> InterfaceState:
    mbps = int(row.capacity_mbps or 1000)
    return InterfaceState(
        name=row.if_name or row.id,
        alias=row.id,
        admin_up=not (state.status is Status.DOWN and state.cause is Cause.MANUAL),
        oper_up=state.status is not Status.DOWN,
        speed_mbps=mbps,
        in_bps=mbps * 310_000,
        out_bps=mbps * 120_000,
        errors_per_s=4.0 if state.status is Status.DEGRADED else 0.0,
    )
