"""Whose address a trap came from."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from ingest.snmp.devices import Device


@dataclass(frozen=True, slots=True)
class Sender:
    """The devices at an address. `ambiguous`: several share it, and the trap doesn't say which of them sent it."""

    devices: tuple[Device, ...]
    ambiguous: bool


class Senders:
    """Devices by address. `ends` counts how many devices show an element.

    Args:
        devices: as the poller has them.
        addresses: the IP addresses of hosts that are names.
    """

    def __init__(self, devices: Iterable[Device], addresses: Mapping[str, tuple[str, ...]]) -> None:
        by_socket: dict[tuple[str, int], tuple[Device, ...]] = {}
        by_host: dict[str, tuple[Device, ...]] = {}
        self.ends: Counter[str] = Counter()
        for device in devices:
            self.ends.update(view.element for view in device.views)
            for host in addresses.get(device.target.host, (device.target.host,)):
                key = (normal(host), device.target.port)
                by_socket[key] = (*by_socket.get(key, ()), device)
                by_host[key[0]] = (*by_host.get(key[0], ()), device)
        self._by_socket = by_socket
        self._by_host = by_host

    def knows(self, address: str) -> bool:
        """Whether any device has this IP address."""
        return normal(address) in self._by_host

    def find(self, sender: str) -> Sender | None:
        """The devices at `ip:port`; None for a stranger.

        An agent may send from its own port or from any other: where several agents share an address, only the port
        that one of them is polled at tells which it was.
        """
        host, _, port = sender.rpartition(":")
        address = normal(host)
        if exact := self._by_socket.get((address, int(port))):
            return Sender(exact, ambiguous=False)
        devices = self._by_host.get(address)
        if devices is None:
            return None
        return Sender(devices, len({device.target.port for device in devices}) > 1)


def normal(host: str) -> str:
    """One spelling of an address; IPv4 inside IPv6 as IPv4. A name stays as it is."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
