"""The demonstration's registry: a made-up network in the real communes of Lạng Sơn, the same for the same seed."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import schemas
from btswatch.demo.agents import AgentAddresses
from btswatch.demo.network import fed, links_of
from btswatch.demo.shares import CARRIER, SHARES, Share, divide
from btswatch.demo.stations import Siting, communes_of, dated, station
from schemas.credentials import AuthProtocol, Community, Credential, PrivProtocol, UsmUser
from schemas.registry import DeclaredLevel, Element, Enterprise, Kind, Registry
from schemas.status import Policy
from schemas.time import LocalCalendar
from stores.registry.credentials import FILE_NAME
from stores.registry.load import load
from stores.registry.write import write, write_file

LINKS_PER_STATION: Final = 0.4
STATION_PROFILE: Final = "bts_demo"
LINK_PROFILE: Final = "interface"
# Links whose ports are seen at the same router.
_PORTS_PER_ROUTER: Final = 4


@dataclass(frozen=True)
class DemoProvince:
    """The registry to be written, and what its agents are authenticated with."""

    registry: Registry
    credentials: Mapping[str, Credential]


def province(
    stations: int, seed: int, today: date, addresses: AgentAddresses, calendar: LocalCalendar | None = None
) -> DemoProvince:
    """The province with so many stations and 0.4 links for each.

    Args:
        stations: at least 5, one for each enterprise that has any.
        seed: the same seed, day and addresses give the same province.
        today: the demonstration's first local day; ages are counted back from it.
        addresses: where the agents will answer.
        calendar: of the deployment's zone.
    """
    chance = Random(f"province {seed}")
    base = load(shipped())
    siting = Siting(communes_of(base, today), calendar or LocalCalendar(), today)
    counts = divide(stations, {share.id: share.stations for share in SHARES})
    by_enterprise = {
        share.id: [station(n, share, siting, chance) for n in range(1, counts[share.id] + 1)]
        for share in SHARES
    }
    links = _links(round(LINKS_PER_STATION * stations), by_enterprise, siting, chance)
    elements: list[Element] = []
    for share in SHARES:
        own = [link for link in links if link.enterprise == share.id]
        rented = [link for link in links if link.enterprise == CARRIER]
        elements += fed(by_enterprise[share.id], own or rented)
    credentials = _credentials(chance)
    placed = _with_agents(elements, links, addresses, chance)
    rows = dated([row for row in placed if row.kind is Kind.STATION], siting, chance)
    rows += [row for row in placed if row.kind is Kind.LINK]
    found: dict[str, tuple[Element, ...]] = {}
    for row in rows:
        found[row.id] = (*found.get(row.id, ()), row)
    enterprises = {share.id: _enterprise(base.enterprises[share.id], share) for share in SHARES}
    made = replace(base, enterprises=enterprises, elements=found, declared_levels=_levels(today))
    return DemoProvince(made, credentials)


def _levels(today: date) -> tuple[DeclaredLevel, ...]:
    """Made up like the rest: one over time and one that is counted, stricter than the regulation, and one that is not."""
    since = date(today.year - 1, 1, 1)
    return (
        DeclaredLevel("viettel", "mobile_voice", "service_availability", 99.6, since),
        DeclaredLevel("mobifone", "mobile_voice", "help_desk_answered", 85.0, since),
        DeclaredLevel("vnpt", "mobile_voice", "service_availability", 99.5, since),
    )


def shipped() -> Path:
    """The registry of Lạng Sơn that comes with the product."""
    return Path(schemas.__file__).parent / "provinces" / "lang_son"


def write_province(made: DemoProvince, directory: Path) -> None:
    """The registry's CSV files and credentials.toml (0600) in the directory."""
    write(made.registry, directory)
    path = directory / FILE_NAME
    # Made empty with its mode first: the secrets are never readable for others, not even for a moment.
    temporary = path.with_name(f".{path.name}.new")
    os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    write_file(path, credentials_toml(made.credentials).encode())


def credentials_toml(credentials: Mapping[str, Credential]) -> str:
    """The content of credentials.toml."""
    return "\n".join(_credential_toml(name, one) for name, one in sorted(credentials.items()))


def _links(
    count: int, stations: Mapping[str, Sequence[Element]], siting: Siting, chance: Random
) -> list[Element]:
    counts = divide(count, {share.id: share.links for share in SHARES})
    links: list[Element] = []
    for share in SHARES:
        # The carrier's fibre ends at the stations of those who rent it.
        hubs = stations[share.id] or [*stations["vietnamobile"], *stations["gtel"]]
        links += links_of(share, counts[share.id], hubs, siting, chance)
    missing = count - len(links)
    if missing > 0:
        taken = {link.b_end for link in links}
        first = SHARES[0]
        free = [row for row in stations[first.id] if row.id not in taken]
        more = links_of(first, missing, free, siting, chance)
        renamed = {link.id: f"LSN-{first.code}-L{500 + n:03d}" for n, link in enumerate(more)}
        links += [
            replace(link, id=renamed[link.id], depends_on=tuple(renamed[d] for d in link.depends_on))
            for link in more
        ]
    return links


def _with_agents(
    stations: Sequence[Element], links: Sequence[Element], addresses: AgentAddresses, chance: Random
) -> list[Element]:
    """Agents for the stations, but not for those whose enterprise opened none; routers for the links."""
    number = 0
    found: list[Element] = []
    shares = {share.id: share for share in SHARES}
    for row in stations:
        if chance.random() < 0.05:
            found.append(replace(row, policy=Policy.DECLARED_ONLY))
            continue
        credential = f"{row.enterprise}-v3" if chance.random() < shares[row.enterprise].v3 else row.enterprise
        agent = addresses.of(number)
        found.append(replace(row, agent=agent, profile=STATION_PROFILE, credential=credential))
        number += 1
    for share in SHARES:
        own = [link for link in links if link.enterprise == share.id]
        for first in range(0, len(own), _PORTS_PER_ROUTER):
            agent = addresses.of(number)
            number += 1
            credential = f"{share.id}-v3" if chance.random() < share.v3 else share.id
            for port, link in enumerate(own[first : first + _PORTS_PER_ROUTER], start=1):
                found.append(
                    replace(
                        link,
                        agent=agent,
                        if_name=f"ge-0/0/{port}",
                        profile=LINK_PROFILE,
                        credential=credential,
                    )
                )
    return found


def _enterprise(base: Enterprise, share: Share) -> Enterprise:
    return replace(base, email=f"noc@{share.id}.example", feed=share.feed, heartbeat_s=share.heartbeat_s)


def _credentials(chance: Random) -> dict[str, Credential]:
    found: dict[str, Credential] = {}
    for share in SHARES:
        found[share.id] = Community(share.id, "2c", _secret(chance))
        if share.v3:
            name = f"{share.id}-v3"
            found[name] = UsmUser(
                name,
                f"btswatch-{share.id}",
                AuthProtocol.SHA_256,
                _secret(chance),
                PrivProtocol.AES_128,
                _secret(chance),
            )
    return found


def _secret(chance: Random) -> str:
    """Of a simulated device on loopback: it protects nothing, it only has to look like one."""
    return f"{chance.getrandbits(96):024x}"


def _credential_toml(name: str, one: Credential) -> str:
    if isinstance(one, Community):
        return f"[community.{name}]\nversion = {_q(one.version)}\ncommunity = {_q(one.community)}\n"
    lines = {
        "user": one.user,
        "auth_protocol": one.auth_protocol,
        "auth_key": one.auth_key,
        "priv_protocol": one.priv_protocol,
        "priv_key": one.priv_key,
    }
    return f"[usm.{name}]\n" + "".join(f"{key} = {_q(value)}\n" for key, value in lines.items() if value)


def _q(text: str) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(str(text))
