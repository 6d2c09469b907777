"""Settings of the trap receiver."""

from typing import Annotated

from pydantic import Field

from schemas.base import Contract

MIB = 1024 * 1024
Seconds = Annotated[float, Field(gt=0, le=3_600)]


class TrapSettings(Contract):
    """Where traps and informs arrive, and how many may wait."""

    host: str = Field(
        default="127.0.0.1", description="address to bind; 0.0.0.0 or :: where devices send from elsewhere"
    )
    port: int = Field(
        default=1162,
        ge=0,
        le=65_535,
        description="UDP port; 162 is the standard one and needs CAP_NET_BIND_SERVICE; 0 takes any free one",
    )
    receive_buffer_bytes: Annotated[int, Field(ge=4096, le=1024 * MIB)] = Field(
        default=8 * MIB,
        description="kernel buffer of the socket; more than net.core.rmem_max needs CAP_NET_ADMIN or a raised limit",
    )
    max_pending_bytes: Annotated[int, Field(ge=MIB, le=1024 * MIB)] = Field(
        default=32 * MIB,
        description="datagrams that wait for the journal in memory; beyond it the kernel holds them",
    )
    drops_interval_s: Seconds = Field(
        default=10.0, description="how often the kernel is asked for datagrams it dropped"
    )
    retry_s: Seconds = Field(
        default=1.0, description="pause before a refused write to the journal is tried again"
    )
    state_interval_s: Seconds = Field(
        default=10.0,
        description="how often the senders' SNMPv3 clocks are saved; the journal rebuilds what came since",
    )
    strangers_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=120,
        description="datagrams a minute that one address is let in with that is no agent of the registry; more are dropped and counted",
    )
    strangers_together_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=1_200, description="the same for all such addresses together, since addresses can be forged"
    )
    batch: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=128, description="traps decoded in one transaction"
    )
    reporter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = Field(
        default="traps", description="the receiver's id as a reporter of evidence"
    )
