"""Simulated SNMP agents: real UDP on loopback, thousands in one process."""

from ingest.snmp.simulator.model import (
    AgentModel,
    AgentState,
    Behaviour,
    CellState,
    InterfaceState,
    SimulatedUser,
    StationState,
)
from ingest.snmp.simulator.simulator import Simulator
from ingest.snmp.simulator.sockets import loopback_addresses

__all__ = [
    "AgentModel",
    "AgentState",
    "Behaviour",
    "CellState",
    "InterfaceState",
    "SimulatedUser",
    "Simulator",
    "StationState",
    "loopback_addresses",
]
