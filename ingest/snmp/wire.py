"""One try on the wire: what an SNMP library has to offer, so that both engines share what is clever about asking."""

from collections.abc import Sequence
from typing import Protocol

from ingest.snmp.engine import Report, Value, Varbind


class WireError(Exception):
    """One request brought no varbinds."""


class SilenceError(WireError):
    """No reply within the timeout."""


class RefusedError(WireError):
    """ICMP or the local stack refused."""


class TooLargeError(WireError):
    """The agent couldn't answer this much at once: tooBig, genErr, or gufo's empty answer. A smaller request may do."""

    def __init__(self, status: str, index: int = 0) -> None:
        super().__init__(status)
        self.status = status
        self.index = index


class AgentRefusedError(WireError):
    """An error-status that a smaller request doesn't cure."""

    def __init__(self, status: str, index: int = 0) -> None:
        super().__init__(status)
        self.status = status
        self.index = index


class CredentialRefusedError(WireError):
    """The agent reported that it doesn't accept the credential."""

    def __init__(self, report: Report, detail: str = "") -> None:
        super().__init__(report)
        self.report = report
        self.detail = detail


class GarbledError(WireError):
    """What came is no SNMP, or what was asked can't be encoded."""


class Column(Protocol):
    """A walk down one column."""

    async def read(self, timeout_s: float) -> tuple[list[tuple[str, Value]], bool]:
        """The next rows (OID, value) within the column and whether it ended. After SilenceError it asks the same again.

        Raises:
            WireError: TooLargeError when fewer repetitions may do.
        """


class Wire(Protocol):
    """A way to one target. One request at a time."""

    sees_icmp: bool

    async def get(self, oids: Sequence[str], timeout_s: float) -> tuple[Varbind, ...]:
        """One GET, once: a varbind for each OID, in order.

        Raises:
            WireError: see there.
        """

    def column(self, column: str, repetitions: int) -> Column:
        """Start a walk with so many rows a request."""

    def renew(self) -> None:
        """Forget what was discovered of the agent: another engine may stand at its address."""

    def close(self) -> None:
        """Give up the socket."""
