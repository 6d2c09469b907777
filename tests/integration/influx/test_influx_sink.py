import json
import random
from dataclasses import replace

import pytest
import structlog

from schemas.influx import RESULTS
from schemas.status import Reading
from schemas.time import format_ms
from stores.ledger.enterprise_word import LateRow, save_of_elements
from stores.ledger.history import Transition
from stores.ledger.tables import day_figures as figures_table
from tests.contract.sinks import results as told
from tests.contract.sinks.results import DAY, START, message
from tests.integration.influx.closed_days import at, close_day, official
from tests.integration.influx.conftest import REGISTRY

pytestmark = pytest.mark.service
S1 = "element=S1,enterprise=E1,kind=station,unit=U1"
MINUTE = 60_000
HOUR = 3_600_000


def evidence(*events, kind=b"evidence"):
    body = [
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "poller/snmp/x",
            "subject": subject,
            "time": format_ms(START + ms),
            "type": "btswatch.status.v1",
            "data": {"status": "up", "metrics": metrics},
            "receivedtime": format_ms(START + ms),
            "track": track,
            "reporter": "poller",
        }
        for number, (subject, ms, metrics, track) in enumerate(events)
    ]
    found = message("evidence", body)
    return type(found)(
        **{name: getattr(found, name) for name in found.__slots__} | {"headers": {"kind": kind}}
    )


def letter(code="invalid", entrance="gateway"):
    return message(
        "deadletter",
        {
            "at": format_ms(START),
            "entrance": entrance,
            "reporter": "E1",
            "code": code,
            "detail": "x",
            "body": "eA==",
        },
    )


def test_every_topic_has_its_points(bench):
    bench.sink.write(
        [
            told.state(status="down", cause="power"),
            told.transitions(changes=((30_500, "up", "down"),)),
            told.figure(up=5_400, down=600),
            told.activity(accepted=5, as_of=61_000, received=41_000),
            told.running_sum(),
            letter(),
            evidence(
                (
                    "L1",
                    61_000,
                    {"in_bps": 5e8, "out_bps": 1e8, "speed_bps": 1e9, "utilisation": 0.5},
                    "measured",
                ),
                ("S1", 62_000, {"temperature_c": 31}, "declared"),
            ),
        ]
    )
    assert bench.refused() == []
    content = bench.content()
    assert content["state", S1, "state", at(30_500)] == "3"
    assert content["state", S1, "day_start", at(0)] == "true"
    assert content["now", S1, "state", at(0)] == "3"
    assert content["now", S1, "cause", at(0)] == "power"
    assert content["now", S1, "lat", at(0)] == "21.11"
    assert content["figure", S1, "down_s", at(0)] == "600"
    assert content["figure", S1, "final", at(0)] == "false"
    assert content["availability", S1, "up_s", at(0)] == "3600"
    assert content["availability", S1, "up_s", at(HOUR)] == "2400"
    assert content["feed", "part=0,reporter=E1", "accepted", at(MINUTE)] == "5"
    assert content["feed", "part=0,reporter=E1", "silent_s", at(MINUTE)] == "20"
    assert content["scope", "id=E1,kind=station,scope=enterprise", "up_s", at(0)] == "60"
    assert [
        v for k, v in content.items() if k[:3] == ("deadletter", "code=invalid,entrance=gateway", "count")
    ] == ["1"]
    link = "element=L1,enterprise=E1,kind=link,track=measured"
    assert content["link", link, "in_use", at(MINUTE)] == "0.5"
    assert content["link", link, "out_use", at(MINUTE)] == "0.1"
    station = "element=S1,enterprise=E1,kind=station,track=declared,unit=U1"
    assert content["station", station, "temperature_c", at(MINUTE)] == "31"


def test_places_near_the_border_are_those_of_their_unit(bench):
    bench.sink.write([told.state("S2", enterprise="E2")])
    content = bench.content("now")
    s2 = "element=S2,enterprise=E2,kind=station,unit=U2"
    assert (content["now", s2, "lat", at(0)], content["now", s2, "lon", at(0)]) == ("22", "107")
    assert content["now", s2, "place", at(0)] == "unit"


def messages():
    return [
        told.state(as_of=10_000),
        told.transitions(as_of=10_000, changes=((0, "unknown", "up"), (5_000, "up", "down"))),
        told.figure(as_of=10_000, up=5, down=5),
        told.activity(as_of=10_000),
        evidence(
            ("S1", 10_000, {"battery_v": 52.1}, "measured"), ("S1", 20_000, {"rtt_ms": 3.0}, "measured")
        ),
        letter(),
        told.transitions(as_of=70_000, changes=((0, "unknown", "up"), (9_000, "up", "down"))),
        told.figure(as_of=70_000, up=40, down=30),
        told.state(as_of=70_000, status="down"),
        told.activity(as_of=70_000, accepted=7),
        evidence(("S1", 70_000, {"battery_v": 51.9}, "measured")),
        told.running_sum(as_of=70_000, up=70),
    ]


def test_two_runs_over_the_same_messages_leave_the_same(new_bench):
    said = messages()
    once, cut, twice = new_bench(), new_bench(), new_bench()
    once.sink.write(said)
    for one in said:
        cut.sink.write([one])
    twice.sink.write(said)
    for start in (4, 0):
        # As after a crash: some come again, others for the first time.
        other = twice.new_sink()
        other.open()
        other.write(said[start:7])
        other.write(said[7:])
        other.close()
    expected = once.content()
    assert len(expected) > 40
    assert cut.content() == expected
    assert twice.content() == expected


def test_late_evidence_moves_changes_and_takes_some_away(bench):
    bench.sink.write(
        [told.figure(up=600), told.transitions(changes=((5_000, "up", "down"), (9_000, "down", "up")))]
    )
    before = bench.values("state", "state")
    assert sorted(before.values()) == ["1", "1", "3"]
    bench.sink.write([told.transitions(as_of=80_000, changes=((4_000, "up", "down"), (9_000, "down", "up")))])
    assert bench.values("state", "state") == {(S1, at(0)): "1", (S1, at(4_000)): "3", (S1, at(9_000)): "1"}
    bench.sink.write([told.transitions(as_of=90_000, changes=())])
    assert bench.values("state", "state") == {(S1, at(0)): "1"}


def test_a_mass_outage_is_replaced_as_a_whole(new_bench):
    from dataclasses import replace

    from tests.integration.influx.conftest import REGISTRY

    bench = new_bench()
    names = [f"M{number}" for number in range(120)]
    row = REGISTRY.elements["S1"][0]
    bench.registry = replace(REGISTRY, elements={name: (replace(row, id=name),) for name in names})
    bench.sink.close()
    bench.sink = bench.new_sink()
    bench.sink.open()
    bench.sink.write([told.transitions(name, changes=((1_000, "up", "down"),)) for name in names])
    bench.sink.write([told.transitions(name, changes=((2_000, "up", "down"),)) for name in names])
    assert {key[1] for key in bench.values("state", "state")} == {at(2_000)}
    assert len(bench.values("state", "state")) == 120


def test_what_may_not_be_a_series_is_put_aside_and_its_neighbours_are_written(new_bench):
    bench = new_bench(max_values=2)
    bench.sink.write(
        [
            told.state("S9"),
            told.state("S1"),
            told.transitions("S9"),
            told.figure("S9"),
            evidence(("S9", 1_000, {"rtt_ms": 1.0}, "measured"), ("S1", 1_000, {"rtt_ms": 1.0}, "measured")),
            *(told.activity(f"stranger{number}") for number in range(3)),
            told.activity("E2"),
            *(letter(entrance=f"e{number}") for number in range(3)),
            message("states", b"{"),
            message("deadletter", b"{"),
        ]
    )
    assert sorted(bench.refused()) == [
        ("evidence", "unknown_element"),
        ("feeds", "too_many_series"),
        ("figures", "unknown_element"),
        ("states", "malformed"),
        ("states", "unknown_element"),
        ("transitions", "unknown_element"),
    ]
    assert {key[0] for key in bench.values("now", "state")} == {S1}
    assert {key[0] for key in bench.values("feed", "accepted")} == {
        "part=0,reporter=E2",
        "part=0,reporter=stranger0",
        "part=0,reporter=stranger1",
    }
    assert len(bench.values("deadletter", "count")) == 2
    assert len(bench.values("station", "rtt_ms")) == 1


def test_who_has_dealt_with_a_letter_is_no_letter_and_no_trouble(bench):
    settled = message("deadletter", {"control": "settled"})
    fields = {name: getattr(settled, name) for name in settled.__slots__}
    with structlog.testing.capture_logs() as logged:
        bench.sink.write([type(settled)(**fields | {"headers": {"kind": b"control"}})])
    assert bench.values("deadletter", "count") == {}
    assert [line for line in logged if line["log_level"] == "warning"] == []


def test_a_message_cannot_make_series_by_other_tags_than_the_registrys(bench):
    bench.sink.write([told.state("S1", enterprise="E2", unit="U77", kind="link")])
    assert {key[0] for key in bench.values("now", "state")} == {S1}


def test_evidence_with_something_unreadable_gives_the_rest(bench):
    good = evidence(("S1", 1_000, {"rtt_ms": 1.0, "made_up": 3.0}, "measured"))
    events = json.loads(good.value)
    spoilt = message("evidence", [{"type": 1}, *events, {**events[0], "time": "yesterday"}])
    spoilt = type(spoilt)(
        **{name: getattr(spoilt, name) for name in spoilt.__slots__} | {"headers": good.headers}
    )
    bench.sink.write([spoilt, evidence(("S1", 1_000, {"rtt_ms": 9.0}, "measured"), kind=b"copy")])
    assert bench.refused() == [("evidence", "invalid")]
    assert bench.letters._waiting[0].detail.startswith("2 events of it: ")
    assert list(bench.values("station", "rtt_ms").values()) == ["1"]


def test_a_closed_day_replaces_what_was_live_and_later_messages_change_nothing(bench):
    live = [
        told.figure(up=100, down=10),
        told.transitions(changes=((1_000, "up", "down"),)),
        told.running_sum(),
        told.figure("S2", up=30),
    ]
    bench.sink.write(live)
    moved = [Transition("S1", START + 86_000_000, Reading.UP, Reading.DOWN, "power")]
    close_day(bench, [official()], {("S1", DAY): moved})
    bench.settle()
    closed = bench.content()
    assert closed["figure", S1, "final", at(0)] == "true"
    assert closed["figure", S1, "undeclared_s", at(0)] == "400"
    assert {key[0] for key in bench.values("figure", "up_s")} == {S1}
    assert bench.values("state", "state") == {(S1, at(0)): "1", (S1, at(86_000_000)): "3"}
    assert {key[0] for key in bench.values("scope", "elements")} == {
        "id=E1,kind=station,scope=enterprise",
        "id=U1,kind=station,scope=unit",
        "id=4G,kind=station,scope=technology",
        "id=5G,kind=station,scope=technology",
        "id=province,kind=station,scope=province",
    }
    assert len(bench.values("availability", "up_s")) == 24
    bench.sink.write(live)
    bench.settle()
    assert bench.content() == closed
    again = bench.new_sink()
    again.open()
    again.write(live)
    again.close()
    assert bench.content() == closed


def test_a_closed_day_says_what_was_declared_against_measured_and_where_nobody_served(bench):
    close_day(bench, [official()], {})
    with bench.ledger.writing() as connection:
        save_of_elements(connection, DAY, ["S1"], [LateRow(DAY, "S1", "E1", 120, 1_200, None)], [])
    bench.settle()
    day, content = at(0), bench.content()
    scope = "id=E1,kind=station,scope=enterprise"
    cells = {
        (key[1].split("measured=")[1].split(",")[0], key[2]): int(value)
        for key, value in content.items()
        if key[0] == "reconciliation" and key[1].startswith("id=E1,")
    }
    assert len(cells) == 16
    assert sum(cells.values()) == int(content["scope", scope, "total_s", day]) == 86_400
    assert cells["down", "declared_up_s"] == int(content["scope", scope, "undeclared_s", day]) == 400
    assert content["scope", scope, "both_s", day] == "400"
    assert content["scope", scope, "silent_s", day] == "86000"
    assert content["scope", scope, "told_s", day] == "400"
    assert content["scope", scope, "late_s", day] == "120"
    assert content["dark", "unit=U1", "dark_s", day] == content["dark", "unit=U1", "longest_s", day] == "400"
    assert content["dark", "unit=U1", "stations", day] == "1"


def test_a_closed_day_brings_verdicts_budgets_and_the_spread_of_its_month_and_quarter(new_bench):
    # New on that day: nothing of the quarter before it is unknown.
    new = {name: (replace(row, valid_from=DAY),) for name, (row,) in REGISTRY.elements.items()}
    bench = new_bench(replace(REGISTRY, elements=new))
    close_day(bench, [official()], {})
    bench.settle()
    content = bench.content("finding", "budget", "spread")
    month, quarter = "2026-10-31T17:00:00Z", "2026-09-30T17:00:00Z"
    tags = (
        "enterprise=E1,kind=station,per=enterprise,period=quarter,rule=V36-D,service=mobile_voice,subject=E1"
    )
    found = {key[2]: value for key, value in content.items() if key[:2] == ("finding", tags)}
    assert {key[3] for key in content if key[:2] == ("finding", tags)} == {quarter}
    assert (found["result"], found["force"], found["open_days"]) == (str(RESULTS["pass"]), "legal", "0")
    assert float(found["availability"]) == float(found["gross"]) == pytest.approx(86_000 / 86_400)
    assert (found["budget_s"], found["down_s"], found["elements"]) == ("432", "400", "1")
    element = (
        "enterprise=E1,kind=station,per=element,period=month,rule=O-BTS-A,service=base_station,subject=S1"
    )
    assert content["finding", element, "force", month] == "operational"
    for period, begin in (("month", month), ("quarter", quarter)):
        budget = f"enterprise=E1,kind=station,period={period},rule=V36-D,service=mobile_voice"
        assert content["budget", budget, "budget_s", begin] == "432"
        assert content["budget", budget, "spent_s", begin] == "400"
        spread = f"id=E1,kind=station,period={period},scope=enterprise"
        assert content["spread", spread, "elements", begin] == "1"
        assert content["spread", spread, "over_1h", begin] == "0"
    assert not [
        key for key in content if key[0] == "budget" and "period=month" in key[1] and "O-BTS" in key[1]
    ]


def test_objections_and_late_closings_show_within_minutes(bench):
    close_day(bench, [official()], {})
    bench.settle()
    with bench.ledger.writing() as connection:
        connection.execute(
            figures_table.update().values(down_s=86_400, up_s=0, longest_s=86_400, head_s=86_400)
        )
    bench.settle()
    quarter = "id=E1,kind=station,period=quarter,scope=enterprise"
    begin = "2026-09-30T17:00:00Z"
    assert bench.content("spread")["spread", quarter, "over_24h", begin] == "0"
    bench.now_ms += 300_000
    bench.settle()
    assert bench.content("spread")["spread", quarter, "over_24h", begin] == "1"


def test_running_verdicts_have_their_points_by_the_rules_name_or_its_versions_id(bench):
    bench.sink.write([told.verdict("V36-22-D")])
    before = bench.content("finding", "budget")
    bench.sink.write([told.verdict("V36-D")])
    assert bench.refused() == []
    content = bench.content("finding", "budget")
    assert content == before
    tags = "enterprise=E1,kind=station,period=quarter,rule=V36-D,service=mobile_voice"
    begin = "2026-09-30T17:00:00Z"
    assert content[
        "finding", f"{tags.replace('period', 'per=enterprise,period')},subject=E1", "result", begin
    ] == str(RESULTS["fail"])
    assert content["budget", tags, "spent_s", begin] == "10"
    # A quarter's rule over a month is a budget, no verdict.
    bench.sink.write(
        [
            told.verdict(
                **{"period": "month", "from": "2026-11-01T00:00:00+07:00", "to": "2026-12-01T00:00:00+07:00"}
            )
        ]
    )
    monthly = bench.content("finding", "budget").keys() - content.keys()
    assert {key[0] for key in monthly} == {"budget"}
    # A reason goes when there is none any more.
    bench.sink.write([told.verdict(result="not_decidable", reason="unknown time")])
    bench.sink.write([told.verdict(result="pass")])
    assert set(bench.values("finding", "reason").values()) == {""}


def test_radio_availability_is_never_written_as_availability_over_time(bench):
    bench.sink.write([told.verdict("V36-15-RADIO"), told.verdict("V36-RADIO"), told.verdict("V36-D")])
    assert bench.refused() == [("findings", "not_over_time")] * 2
    assert {key[1].split("rule=")[1].split(",")[0] for key in bench.content("finding", "budget")} == {"V36-D"}


def test_a_day_that_is_closed_anew_is_written_anew(bench):
    close_day(bench, [official()], {})
    bench.sink.idle(bench.now_ms)
    close_day(bench, [official(up=86_300, down=100)], {}, digest="sha256:" + "c" * 64)
    bench.sink.idle(bench.now_ms + 60_000)
    assert list(bench.values("figure", "down_s").values()) == ["100"]
    assert list(bench.values("closed", "inputs").values()) == ["sha256:" + "c" * 64]


def test_numbers_that_come_late_are_downsampled_by_the_sink_also_after_a_crash(bench):
    bench.now_ms = START + 2 * 86_400_000
    bench.sink.write(
        [
            evidence(
                *(("L1", minute * MINUTE, {"utilisation": minute / 100}, "measured") for minute in range(90))
            )
        ]
    )
    link = "element=L1,enterprise=E1,kind=link,track=measured"
    assert len(bench.values("pending", "since_ms")) == 1
    # Killed before it did so: the next one finds the day.
    again = bench.new_sink()
    again.open()
    again.idle(bench.now_ms + 1_000)
    assert bench.values("link_hour", "utilisation_mean") == {}
    again.idle(bench.now_ms + 30_000)
    again.close()
    hours = bench.values("link_hour", "utilisation_max")
    assert hours == {(link, at(0)): "0.59", (link, at(HOUR)): "0.89"}
    assert bench.values("link_day", "utilisation_busiest").keys() == {(link, at(0))}
    assert float(bench.values("link_day", "utilisation_busiest")[link, at(0)]) == pytest.approx(0.745)
    assert bench.values("pending", "since_ms") == {}


def test_any_order_of_batches_ends_alike_as_long_as_each_elements_order_is_kept(new_bench):
    rng = random.Random(7)
    first, second = new_bench(), new_bench()
    said = [
        told.figure(name, as_of=number * 1_000, up=number, down=number % 3)
        for number in range(1, 8)
        for name in ("S1", "S2")
    ]
    first.sink.write(said)
    left = list(said)
    while left:
        size = rng.randint(1, 5)
        second.sink.write(left[:size])
        left = left[size:]
    assert first.content() == second.content()
