"""Messages as workers send them, for the ledger's sink."""

import json
from datetime import date, timedelta
from itertools import count

from sqlalchemy import select

from processors.sinks.port import Message
from schemas.registry import Enterprise
from schemas.time import LocalCalendar, format_ms
from stores.ledger.tables import METADATA

DAY = date(2026, 11, 2)
CALENDAR = LocalCalendar()
START = CALENDAR.start_of(DAY)
REGISTRY = "sha256:" + "a" * 64
ENTERPRISES = {name: Enterprise(name, name, heartbeat_s=300) for name in ("E1", "E2")}
STATES = ("unknown", "up", "degraded", "down", "planned")
MINUTE = 60_000
_offsets = count()


def message(topic, value, *, key=b"k", at_ms=START, partition=0):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Message(topic, partition, next(_offsets), key, body, {}, at_ms)


def state(element="S1", as_of=60_000, status="up", **more):
    return message(
        "states",
        {
            "element": element,
            "kind": "station",
            "enterprise": "E1",
            "state": status,
            "measured": status,
            "declared": "unknown",
            "since": format_ms(START),
            "as_of": format_ms(START + as_of),
            "last_measured": format_ms(START + as_of - 1000),
            "measured_code": 2,
            "metrics": {"load": 0.5},
        }
        | more,
        key=element.encode(),
    )


def transitions(element="S1", as_of=60_000, changes=((0, "unknown", "up"),), day=DAY):
    return message(
        "transitions",
        {
            "element": element,
            "kind": "station",
            "enterprise": "E1",
            "day": day.isoformat(),
            "as_of": format_ms(START + as_of),
            "changes": [
                {"at": format_ms(START + at), "from": before, "to": after} for at, before, after in changes
            ],
        },
        key=element.encode(),
    )


def figure(element="S1", as_of=60_000, up=60, down=0, day=DAY, **detail):
    start = CALENDAR.start_of(day)
    total, ok = up + down, up
    pairs = {
        m: dict.fromkeys(("unknown", "up", "degraded", "down"), 0)
        for m in ("unknown", "up", "degraded", "down")
    }
    pairs["up"]["unknown"], pairs["down"]["unknown"] = up, down
    a = round(ok / total, 9) if total else None
    outages = {"count": 1, "longest_s": down, "mttr_s": float(down), "mtbf_s": float(up)}
    none = {"count": 0, "longest_s": None, "mttr_s": None, "mtbf_s": None}
    return message(
        "figures",
        {
            "figure": {
                "scope": "element",
                "id": element,
                "period": "day",
                "from": CALENDAR.format(start),
                "to": CALENDAR.format(CALENDAR.start_of(day + timedelta(days=1))),
                "seconds": {
                    "up": up,
                    "degraded": 0,
                    "down": down,
                    "planned": 0,
                    "unknown": 0,
                    "total": total,
                },
                "ratios": {
                    "A": a,
                    "A_up": a,
                    "A_gross": a,
                    "A_min": a,
                    "A_max": a,
                    "coverage": 1.0 if total else None,
                },
                "outages": outages if down else none,
                "reconciliation": pairs,
                "state": "provisional",
            },
            "kind": "station",
            "enterprise": "E1",
            "unit": "U1",
            "revision": 1,
            "as_of": format_ms(START + as_of),
            "registry": REGISTRY,
            "detail": {
                "technologies": "4G;5G",
                "head_s": 0,
                "tail_s": 0,
                "from_ms": start,
                "to_ms": start + total * 1000,
                "runs": [[start, start + total * 1000, 1]],
            }
            | detail,
        },
        key=element.encode(),
    )


def activity(reporter="E1", partition=0, as_of=60_000, accepted=1, refused=0, received=None):
    heard = START + (as_of if received is None else received)
    return message(
        "feeds",
        {
            "feed": "activity",
            "reporter": reporter,
            "partition": partition,
            "as_of": format_ms(START + as_of),
            "last_life": format_ms(heard - 500),
            "last_received": format_ms(heard),
            "accepted": accepted,
            "refused": refused,
            "refusals": [
                {"day": DAY.isoformat(), "code": "invalid", "events": refused, "last": format_ms(heard)}
            ]
            if refused
            else [],
        },
        key=reporter.encode(),
    )


def late(number=7, element="S1"):
    return message(
        "feeds",
        {
            "feed": "late",
            "number": number,
            "day": (DAY - timedelta(days=6)).isoformat(),
            "element": element,
            "reporter": "E1",
            "at": format_ms(START - 6 * 86_400_000),
            "received": format_ms(START),
            "status": "down",
        },
    )


def running_sum(enterprise="E1", as_of=60_000, up=60):
    whole = json.loads(figure(as_of=as_of, up=up).value)
    del whole["detail"], whole["unit"]
    whole["figure"] |= {"scope": "enterprise", "id": enterprise, "period": "day"}
    whole["enterprise"] = enterprise
    return message("findings", whole, key=enterprise.encode())


def history(dice, minutes=12):
    """Per element and feed what workers tell minute after minute, each key's messages in their order."""
    lanes = []
    for element in ("S1", "S2", "S3"):
        lane = []
        for minute in range(1, minutes):
            as_of = minute * MINUTE
            status = dice.choice(["up", "down", "degraded"])
            lane.append(state(element, as_of, status))
            changes = [(at * 1000, "up", "down") for at in sorted(dice.sample(range(60), dice.randrange(3)))]
            lane.append(transitions(element, as_of, tuple(changes)))
            lane.append(figure(element, as_of, up=60 * minute, down=dice.randrange(60)))
        lanes.append(lane)
    for partition in range(3):
        total = 0
        lane = []
        for minute in range(1, minutes):
            total += dice.randrange(5)
            lane.append(activity("E1", partition, minute * MINUTE, accepted=total, refused=total // 2))
        lanes.append(lane)
    lanes.append([running_sum(as_of=minute * MINUTE, up=minute) for minute in range(1, minutes)])
    return lanes


def content(ledger, *, without=("revision", "updated_ms")):
    """Every row of every table, but for what counts writings."""
    with ledger.reading() as connection:
        return {
            table.name: sorted(
                repr({name: value for name, value in row.items() if name not in without})
                for row in connection.execute(select(table)).mappings()
            )
            for table in METADATA.sorted_tables
        }


def verdict(rule="V36-D", result="fail", **more):
    """As the workers tell it while a quarter runs."""
    whole = json.loads(running_sum().value)
    content = {
        "finding": "verdict",
        "enterprise": "E1",
        "subject": "E1",
        "kind": "station",
        "period": "quarter",
        "from": "2026-10-01T00:00:00+07:00",
        "to": "2027-01-01T00:00:00+07:00",
        "result": result,
        "rule": rule,
        "rule_version": "2022",
        "threshold": 0.995,
        "seconds": whole["figure"]["seconds"] | {"up": 50, "down": 10},
        "coverage": 1.0,
        "on_enterprise_word": 0.0,
        "budget_s": 5,
        "registry": whole["registry"],
        "rules": whole["registry"],
    }
    return message("findings", content | more, key=b"E1")
