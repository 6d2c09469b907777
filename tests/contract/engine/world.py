"""A small province with a seeded history: what every engine is held to."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Feed, NoResponse, Policy, Track
from schemas.time import LocalCalendar, format_ms
from stores.entries import entry_of
from stores.journal import NewEntry

FIRST = date(2026, 11, 2)
DAYS = 3
MINUTE = 60_000
HOUR = 60 * MINUTE
CALENDAR = LocalCalendar()


def province_registry() -> Registry:
    enterprises = {
        "PER": Enterprise("PER", "Periodic"),
        "TRA": Enterprise("TRA", "Transition", feed=Feed.TRANSITION, heartbeat_s=300),
    }
    rows = [
        Element(
            f"{owner}-{number}",
            Kind.STATION,
            owner,
            unit="06001",
            technologies=("4G", "5G"),
            policy=policy,
            no_response=NoResponse.UNKNOWN if number == 1 else NoResponse.DOWN,
        )
        for owner in enterprises
        for number, policy in enumerate(Policy)
    ]
    elements = {row.id: (row,) for row in rows}
    elements["LINK-1"] = (Element("LINK-1", Kind.LINK, "PER"),)
    middle = FIRST + timedelta(days=1)
    moved = Element("MOVED", Kind.STATION, "PER", valid_to=middle)
    elements["MOVED"] = (
        moved,
        Element("MOVED", Kind.STATION, "TRA", valid_from=middle, measured_valid_for_s=600),
    )
    return Registry(enterprises=enterprises, elements=elements, digest="sha256:" + "0" * 64)


def status(
    element: str, at_ms: int, state: str, owner: str, number: int, **data: object
) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": f"{owner}/a",
        "type": "btswatch.status.v1",
        "subject": element,
        "time": format_ms(at_ms),
        "data": {"status": state, **data},
    }


@dataclass
class World:
    registry: Registry
    entries: list[NewEntry] = field(default_factory=list)

    @property
    def last_received(self) -> int:
        return max(entry.received_ms for entry in self.entries)


def make_world(seed: int) -> World:
    """Three days of polls and reports: outages, silence, flapping, late and refused evidence, announced work."""
    dice = random.Random(seed)
    world = World(province_registry())
    start, end = CALENDAR.start_of(FIRST), CALENDAR.start_of(FIRST + timedelta(days=DAYS))
    found: list[tuple[int, dict[str, object], Track, str]] = []
    for element, rows in world.registry.elements.items():
        bad_until, state = 0, "up"
        at = start + dice.randrange(20 * MINUTE)
        while at < end:
            if at >= bad_until:
                roll = dice.random()
                state = "up" if roll < 0.9 else dice.choice(["down", "no_response", "degraded"])
                bad_until = at + dice.randrange(5 * HOUR) if state != "up" else 0
            if dice.random() < 0.8:
                event = status(
                    element,
                    at,
                    state,
                    "poller-1",
                    len(found),
                    **({"cause": "power"} if state == "down" else {}),
                )
                found.append((at + dice.randrange(900), event, Track.MEASURED, "poller-1"))
            said = "down" if state == "no_response" else state
            day = CALENDAR.day_of(at)
            row = next((one for one in rows if one.in_force_on(day)), rows[0])
            if dice.random() < 0.3:
                owner = row.enterprise if dice.random() < 0.98 else "PER"
                late = dice.choice([500, 500, 500, 2 * HOUR, 30 * HOUR, 90 * HOUR])
                # Not always the cause that was measured.
                cause = {"cause": "fault" if len(found) % 3 else "power"} if said == "down" else {}
                event = status(element, at, said, owner, len(found), **cause)
                found.append((at + late, event, Track.DECLARED, owner))
            at += dice.randrange(MINUTE, 12 * MINUTE)
    at = start
    while at < end:
        if dice.random() < 0.85:
            event = status("TRA", at, "up", "TRA", len(found)) | {"type": "btswatch.heartbeat.v1", "data": {}}
            found.append((at + 300, event, Track.DECLARED, "TRA"))
        at += 5 * MINUTE
    for number, owner in enumerate(["PER", "TRA"]):
        begin = start + 30 * HOUR + number * 5 * HOUR
        data = {
            "action": "announce",
            "notice": f"N{number}",
            "elements": [e for e in world.registry.elements if e.startswith(owner)],
            "from": format_ms(begin),
            "to": format_ms(begin + 6 * HOUR),
        }
        event = status(owner, start - HOUR, "up", owner, len(found)) | {
            "type": "btswatch.maintenance.v1",
            "data": data,
        }
        found.append((start + 1000, event, Track.DECLARED, owner))
        withdraw = event | {
            "id": f"w{number}",
            "data": data | {"action": "withdraw"},
            "time": format_ms(begin + 4 * HOUR),
        }
        found.append((begin + 4 * HOUR, withdraw, Track.DECLARED, owner))
    for received, event, track, reporter in sorted(found, key=lambda one: one[0]):
        entry = entry_of(event, received_ms=received, track=track, reporter=reporter)
        world.entries.append(entry)
    broken = NewEntry(
        "event", "poller-1", "", "", b"", world.entries[50].received_ms, b'{"specversion":"1.0"'
    )
    world.entries.insert(50, broken)
    return world
