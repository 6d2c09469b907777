"""What a simulated agent is, and the state its answers are computed from. All of it is JSON for the subprocess."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract
from schemas.credentials import AuthProtocol, PrivProtocol

BTS_DEMO = "1.3.6.1.4.1.99999.36.1.1"
Technology = Literal["GSM", "UMTS", "LTE", "NR"]


class SimulatedUser(Contract):
    """A USM user of simulated agents. Its keys are plain: they open nothing but the demonstration."""

    user: str
    auth_protocol: AuthProtocol
    auth_key: str
    priv_protocol: PrivProtocol
    priv_key: str


class AgentModel(Contract):
    """What does not change while it runs. It answers to the community, the user, or both; traps go out as the user's."""

    host: str
    port: Annotated[int, Field(gt=0, le=65_535)]
    name: str
    sys_object_id: str = BTS_DEMO
    description: str = "btswatch simulated agent"
    community: str | None = None
    user: SimulatedUser | None = None


class CellState(Contract):
    """A cell. Switched off to save energy it is out of service, but not faulty."""

    name: str
    technology: Technology = "LTE"
    enabled: bool = True
    energy_saving: bool = False

    @property
    def in_service(self) -> bool:
        """Whether it serves."""
        return self.enabled and not self.energy_saving


class StationState(Contract):
    """The base station behind the agent, in the terms of profiles/bts_demo.yaml."""

    enabled: bool = True
    admin: Literal["unlocked", "locked", "shuttingDown"] = "unlocked"
    transport_enabled: bool = True
    mains_present: bool = True
    battery_v: float = 54.0
    battery_minutes: int = 240
    temperature_c: float = 28.0
    door_open: bool = False
    cells: tuple[CellState, ...] = ()

    @property
    def cells_in_service(self) -> int:
        """Cells that serve; none where the station as a whole does not."""
        return sum(cell.in_service for cell in self.cells) if self.enabled else 0


class InterfaceState(Contract):
    """An interface; its ifIndex is its place in the list, from 1."""

    name: str
    alias: str = ""
    admin_up: bool = True
    oper_up: bool = True
    speed_mbps: int = 1000
    in_bps: int = 0
    out_bps: int = 0
    errors_per_s: float = 0.0


class Behaviour(Contract):
    """How the agent treats those who ask."""

    silent: bool = False
    """Out: neither answers nor traps."""
    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    loss: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of requests that get lost."""
    lies: bool = False
    """Says that all is well, whatever is."""


class AgentState(Contract):
    """What is now."""

    station: StationState | None = None
    interfaces: tuple[InterfaceState, ...] = ()
    behaviour: Behaviour = Behaviour()

    def shown(self) -> "AgentState":
        """What the agent says is now."""
        return _healthy(self) if self.behaviour.lies else self


def _healthy(state: AgentState) -> AgentState:
    station = state.station
    if station is not None:
        cells = tuple(CellState(name=cell.name, technology=cell.technology) for cell in station.cells)
        station = StationState(cells=cells)
    interfaces = tuple(
        each.model_copy(update={"admin_up": True, "oper_up": True, "errors_per_s": 0.0})
        for each in state.interfaces
    )
    return AgentState(station=station, interfaces=interfaces, behaviour=state.behaviour)
