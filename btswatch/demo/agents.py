"""Where the simulated agents answer: an address of the loopback network each, where the system has them."""

import sys
from dataclasses import dataclass
from typing import Final

_HOSTS: Final = 250


@dataclass(frozen=True, slots=True)
class AgentAddresses:
    """Addresses for agents by number.

    On Linux every address of 127.0.0.0/8 is at hand, so that each agent has its own, as in the field: a trap's address
    tells who sent it. Elsewhere all share 127.0.0.1 and differ by port.

    Attributes:
        network: second octet of the addresses.
        port: UDP port; of the first agent where they differ by port.
    """

    network: int
    port: int
    own_addresses: bool = sys.platform == "linux"

    def of(self, number: int) -> str:
        """The agent's `host:port`."""
        if not self.own_addresses:
            return f"127.0.0.1:{self.port + number}"
        return f"127.{self.network}.{number // _HOSTS}.{number % _HOSTS + 1}:{self.port}"
