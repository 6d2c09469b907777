"""From the registry's rows to devices: one per agent and credential, with all the elements that it shows. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from ipaddress import IPv6Address

from ingest.snmp.engine import EngineName, Target
from ingest.snmp.planning import Timing
from ingest.snmp.profiles import Profiles
from ingest.snmp.vantage import EVERYWHERE
from schemas.credentials import Credential
from schemas.registry import Element, Kind, Registry
from schemas.settings.poll import GroupSettings, PollSettings

SNMP_PORT = 161
_Agent = tuple[str, int, str]  # host, port, credential


@dataclass(frozen=True, slots=True)
class View:
    """What a device shows of an element: by which profile (None: chosen by sysObjectID) and, for a link, in which row.

    `guessed` is the far end of a link: the station there has an agent, and perhaps an interface that names the link.
    """

    element: str
    kind: Kind
    profile: str | None = None
    row: str | None = None
    guessed: bool = False
    valid_for_ms: int = 180_000


@dataclass(frozen=True, slots=True)
class Device:
    """An agent that is polled: one poll serves all its views; a canary has none.

    `path` is the enterprise whose network leads to it.
    """

    target: Target
    engine: EngineName
    timing: Timing
    deadline_s: float
    path: str
    views: tuple[View, ...]

    @property
    def id(self) -> str:
        """The poller's name for it: its address, and the credential where several are used at one address."""
        return self.target.id


@dataclass(frozen=True, slots=True)
class Undone:
    """An element that can't be polled, and why. Its neighbours are."""

    element: str
    why: str


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices, and what could not be made one."""

    devices: tuple[Device, ...] = ()
    undone: tuple[Undone, ...] = ()


def devices_of(
    registry: Registry,
    day: date,
    credentials: Mapping[str, Credential],
    profiles: Profiles,
    settings: PollSettings,
) -> Devices:
    """The devices of the rows in force on a local day."""
    rows = [row for id_ in registry.elements if (row := registry.on(id_, day)) is not None]
    agents: dict[_Agent, list[tuple[Element, View]]] = {}
    undone: list[Undone] = []
    for row in rows:
        if row.agent is None:
            continue
        why = _obstacle(row, credentials, profiles)
        if why:
            undone.append(Undone(row.id, why))
            continue
        host, port = split_agent(row.agent)
        agents.setdefault((host, port, row.credential or ""), []).append((row, _view(row)))
    polled = {row.id: key for key, found in agents.items() for row, _ in found}
    for row in rows:
        for key in _far_ends(row, polled):
            agents[key].append((row, View(row.id, row.kind, None, row.id, True, _valid_for(row))))
    used = Counter(key[:2] for key in agents)
    devices = [
        _device(_id(key, shared=used[key[:2]] > 1), key, found, credentials[key[2]], settings)
        for key, found in sorted(agents.items())
    ]
    return Devices(tuple(devices), tuple(undone))


def canaries_of(settings: PollSettings, credentials: Mapping[str, Credential]) -> tuple[Device, ...]:
    """The canaries as devices that show no element.

    Raises:
        ValueError: an agent that is no address, or a credential that doesn't exist.
    """
    interval_ms = int(1000 * settings.health.canary_interval_s)
    found = []
    for canary in settings.health.canaries:
        host, port = split_agent(canary.agent)
        if canary.credential not in credentials:
            raise ValueError(f"canary {canary.agent}: credentials.toml has no {canary.credential!r}")
        id_ = f"canary/{_address(host, port)}"
        target = Target(id_, host, port, credentials[canary.credential], settings.timeout_s, settings.retries)
        timing = Timing(id_, interval_ms, interval_ms, interval_ms)
        deadline_s = min(settings.deadline_s, interval_ms / 1000)
        path = canary.enterprise or EVERYWHERE
        found.append(Device(target, EngineName(settings.engine), timing, deadline_s, path, ()))
    return tuple(found)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_agent(agent: str) -> tuple[str, int]:
    """Host and UDP port of `host`, `host:port`, an IPv6 address or `[address]:port`.

    Raises:
        ValueError: the port is no number from 1 to 65535, or there is no host.
    """
    text = agent.strip()
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, _port(agent, rest.removeprefix(":") or str(SNMP_PORT))
    if text.count(":") > 1:
        return str(IPv6Address(text)), SNMP_PORT
    host, colon, port = text.partition(":")
    if not host:
        raise ValueError(f"{agent!r} names no host")
    return host, _port(agent, port if colon else str(SNMP_PORT))


def _port(agent: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
        raise ValueError(f"{agent!r}: {text!r} is no UDP port")
    return int(text)


def _obstacle(row: Element, credentials: Mapping[str, Credential], profiles: Profiles) -> str | None:
    try:
        split_agent(row.agent or "")
    except ValueError as error:
        return str(error)
    if row.credential is None:
        return "it has an agent but no credential"
    if row.credential not in credentials:
        return f"credentials.toml has no {row.credential!r}"
    if row.profile is not None and row.profile not in profiles.by_name:
        return f"there is no profile {row.profile!r}"
    return None


def _view(row: Element) -> View:
    return View(row.id, row.kind, row.profile, row.if_name, False, _valid_for(row))


def _valid_for(row: Element) -> int:
    return row.measured_valid_for_s * 1000


def _far_ends(row: Element, polled: Mapping[str, _Agent]) -> Iterable[_Agent]:
    """The agents of a link's end stations, other than the one that the link's row names."""
    if row.kind is not Kind.LINK:
        return []
    ends = {polled[end] for end in (row.a_end, row.b_end) if end is not None and end in polled}
    return sorted(ends - {polled.get(row.id)})


def _id(key: _Agent, *, shared: bool) -> str:
    host, port, credential = key
    return f"{_address(host, port)}#{credential}" if shared else _address(host, port)


def _device(
    id_: str,
    key: _Agent,
    found: list[tuple[Element, View]],
    credential: Credential,
    settings: PollSettings,
) -> Device:
    host, port, _ = key
    rows = [row for row, _ in found]
    group = next((group for group in settings.groups if _applies(group, id_, rows)), GroupSettings())
    valid_for_ms = min(view.valid_for_ms for _, view in found)
    # Half of what evidence is valid for, so that a lost poll leaves no hole, neither regularly nor in back-off.
    slowest = valid_for_ms // 2
    interval = min(int(1000 * (group.interval_s or settings.interval_s)), slowest)
    target = Target(
        id_,
        host,
        port,
        credential,
        group.timeout_s or settings.timeout_s,
        settings.retries if group.retries is None else group.retries,
    )
    return Device(
        target=target,
        engine=EngineName(group.engine or settings.engine),
        timing=Timing(id_, interval, min(int(1000 * settings.confirm_s), interval), slowest),
        deadline_s=min(group.deadline_s or settings.deadline_s, interval / 1000),
        path=rows[0].enterprise,
        views=tuple(view for _, view in found),
    )


def _applies(group: GroupSettings, id_: str, rows: list[Element]) -> bool:
    return (
        fnmatchcase(id_, group.match)
        and (group.enterprise is None or any(row.enterprise == group.enterprise for row in rows))
        and (group.profile is None or any(row.profile == group.profile for row in rows))
    )
