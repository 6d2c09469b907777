"""The fast templates of history give, byte for byte, what the product's own entrance gives."""

import json

from btswatch.demo.declarations import senders
from btswatch.demo.past import PERIOD_S, Past
from btswatch.demo.past_days import past_days
from btswatch.demo.works import DAY
from processors.core.conventions import Conventions
from processors.core.province import Province
from processors.replay import take_in
from schemas.events import SUBMITTED
from schemas.status import Track
from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.entries import entry_of


def past(registry, script, live_from):
    period = dict.fromkeys(registry.enterprises, PERIOD_S)
    return Past(
        script,
        senders(script, registry.enterprises.values(), period),
        "poller",
        live_from - 3 * DAY,
        live_from,
    )


def test_every_line_is_what_entry_of_makes_of_the_event(registry, script, live_from):
    lines = past(registry, script, live_from).lines(live_from - 2 * DAY, live_from - 2 * DAY + DAY // 3)
    assert {line.type.split(".")[1] for line in lines} == {"status", "heartbeat", "maintenance"}
    for line in lines[::7] + [line for line in lines if "maintenance" in line.type]:
        event = json.loads(line.text)
        received = to_ms(parse_rfc3339(event.pop("receivedtime")))
        track, reporter, origin = event.pop("track"), event.pop("reporter"), event.pop("origin")
        made = entry_of(
            SUBMITTED.validate_python(event),
            received_ms=received,
            track=Track(track),
            reporter=reporter,
            origin=origin,
        )
        assert made.body == line.text
        assert (received, reporter, event["subject"]) == (line.received, line.reporter, line.subject)
        assert to_ms(parse_rfc3339(event["time"])) == line.time


def test_the_core_takes_every_line(registry, script, live_from):
    refused = []
    lines = past(registry, script, live_from).lines(live_from - 2 * DAY, live_from - 2 * DAY + DAY // 6)
    province = Province(registry, Conventions())
    taken = take_in(
        province, (line.text for line in lines), live_from, lambda *refusal: refused.append(refusal)
    )
    assert taken == len(lines)
    assert refused == []


def test_nothing_of_the_past_is_said_or_seen_after_life_began(registry, script, live_from):
    lines = past(registry, script, live_from).lines(live_from - DAY // 12, live_from + DAY)
    assert lines
    assert all(line.time < live_from + 1000 and line.received < live_from + 1000 for line in lines)


def test_a_day_told_in_steps_is_the_day_told_at_once(registry, script, live_from):
    made = past(registry, script, live_from)
    start = live_from - 2 * DAY
    measured = [line for line in made.lines(start, start + DAY // 4) if line.reporter == "poller"]
    steps = [
        line
        for at in range(start, start + DAY // 4, DAY // 24)
        for line in made.lines(at, at + DAY // 24)
        if line.reporter == "poller"
    ]
    assert sorted(measured) == sorted(steps)


def test_closed_days_end_where_open_ones_begin(live_from):
    conventions, calendar = Conventions(), LocalCalendar()
    found = past_days(live_from, 30, conventions, 300.0)
    assert len(found.closed) == 30
    assert calendar.end_of(found.closed[-1]) == calendar.start_of(found.open[0])
    assert found.open[-1] == calendar.day_of(live_from)
    lateness = conventions.lateness_s * 1000 + 300_000
    assert calendar.end_of(found.closed[-1]) + lateness <= live_from
    assert calendar.end_of(found.open[0]) + lateness > live_from
