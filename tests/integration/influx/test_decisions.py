"""What people decided about closed days, in InfluxDB: seen by itself, beside the figure as it was, and gone over by nobody."""

import pytest

from processors.objecting import object_to, rule_on
from stores.influx.connection import InfluxConnection
from stores.influx.writer import LineWriter
from stores.ledger import official_day, restatements, signatures
from stores.ledger.figures import save_final
from stores.ledger.objections import Objection
from stores.ledger.restatements import Restatement
from stores.ledger.signatures import Signature
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, DAY, START
from tests.integration.influx.closed_days import at, close_day, official
from tests.integration.influx.conftest import Bench, settings_for

pytestmark = pytest.mark.service
S1 = "element=S1,enterprise=E1,kind=station,unit=U1"
E1 = "id=E1,kind=station,scope=enterprise"
MONTH, QUARTER = "2026-10-31T17:00:00Z", "2026-09-30T17:00:00Z"
VERDICT = (
    "enterprise=E1,kind=station,per=enterprise,period=quarter,rule=V36-D,service=mobile_voice,subject=E1"
)
RULED = START + 7 * 86_400_000
DAY_END = START + 86_400_000


def object_and_rule(bench, from_ms, to_ms, claim="planned", *, upheld=True, number=1, ruled_ms=RULED):
    """Of S1, which is down for the last 400 seconds of the day."""
    with bench.ledger.writing() as connection:
        one = Objection(number, "E1", "S1", from_ms, to_ms, claim, "a letter", ruled_ms - 1, "someone")
        object_to(connection, bench.registry, one, CALENDAR)
        rule_on(
            connection,
            number,
            upheld=upheld,
            person="an inspector",
            ruling="announced",
            now_ms=ruled_ms,
            calendar=CALENDAR,
        )


def restate(bench, number=1, up=86_300, down=100):
    """As `btswatch period restate` writes it."""
    with bench.ledger.writing() as connection:
        before = official_day.contents(connection, DAY, ["S1"]).get("S1")
        save_final(connection, [official(up=up, down=down)])
        after = official_day.contents(connection, DAY, ["S1"])["S1"]
        restatements.save(
            connection, Restatement(number, DAY, "S1", RULED + number, "someone", "a log", before, after)
        )


def look_again(bench):
    bench.now_ms += 60_000
    bench.settle()


def of(content, measurement, series, time=None):
    return {
        key[2]: value
        for key, value in content.items()
        if key[:2] == (measurement, series) and key[3] == (time or at(0))
    }


def decision(content, by="objection"):
    return of(content, "decision", f"by={by},{S1}")


def test_an_objection_upheld_after_the_day_was_written_shows_beside_what_it_was(bench):
    close_day(bench, [official()], {})
    bench.settle()
    closed = bench.content()
    assert not [key for key in closed if key[0] == "decision" or key[2].startswith("moved_")]
    assert not [key for key in closed if key[0] in ("figure", "scope") and key[2].endswith("ed_days")]
    object_and_rule(bench, DAY_END - 300_000, DAY_END)
    look_again(bench)
    content = bench.content()
    figure = of(content, "figure", S1)
    seconds = ("up_s", "degraded_s", "down_s", "planned_s", "unknown_s", "total_s")
    assert [figure[name] for name in seconds] == ["86000", "0", "100", "300", "0", "86400"]
    assert [figure[f"moved_{name}"] for name in seconds[:5]] == ["0", "0", "-300", "300", "0"]
    assert figure["adjusted_days"] == "1"
    assert "restated_days" not in figure
    found = decision(content)
    assert (found["numbers"], found["claim"]) == ("1", "planned")
    assert [found[name] for name in ("before_down_s", "down_s")] == ["400", "100"]
    assert [found[name] for name in ("before_planned_s", "planned_s")] == ["0", "300"]
    assert float(found["before_availability"]) == pytest.approx(86_000 / 86_400, abs=1e-9)
    assert float(found["availability"]) == pytest.approx(86_000 / 86_100, abs=1e-9)
    assert (int(found["from_ms"]), int(found["to_ms"])) == (DAY_END - 300_000, DAY_END)
    assert int(found["decided_ms"]) == RULED
    for scope in (E1, "id=U1,kind=station,scope=unit", "id=province,kind=station,scope=province"):
        summed = of(content, "scope", scope)
        assert (summed["down_s"], summed["moved_down_s"], summed["adjusted_days"]) == ("100", "-300", "1")
    judged = of(content, "finding", VERDICT, QUARTER)
    assert (judged["down_s"], judged["adjusted_days"]) == ("100", "1")
    # What was read stays: changes, hours, the enterprise's word, communes.
    read = ("state", "availability", "reconciliation", "dark")
    assert {k: v for k, v in content.items() if k[0] in read} == {
        k: v for k, v in closed.items() if k[0] in read
    }
    assert [figure[name] for name in ("outages", "longest_s", "undeclared_s")] == ["1", "400", "400"]


def test_a_ruling_made_before_the_day_is_written_gives_the_same(bench, influx):
    close_day(bench, [official()], {})
    bench.settle()
    object_and_rule(bench, DAY_END - 300_000, DAY_END)
    look_again(bench)
    late = Bench(settings_for(influx), bench.ledger, now_ms=bench.now_ms)
    late.sink.open()
    late.settle()
    # Its sink closes the ledger that both have.
    assert late.content() == bench.content()
    late.sink.close()


def test_a_rejected_objection_and_one_that_moves_nothing_change_nothing(bench):
    close_day(bench, [official()], {})
    bench.settle()
    before = bench.content()
    object_and_rule(bench, DAY_END - 300_000, DAY_END, upheld=False)
    object_and_rule(bench, START, START + 60_000, "up", number=2)
    look_again(bench)
    assert bench.content() == before


def test_several_objections_to_a_day_add_up_and_are_all_named(bench):
    close_day(bench, [official()], {})
    bench.settle()
    object_and_rule(bench, DAY_END - 300_000, DAY_END)
    object_and_rule(bench, DAY_END - 400_000, DAY_END - 100_000, "unknown", number=2, ruled_ms=RULED + 5)
    look_again(bench)
    content = bench.content()
    figure, found = of(content, "figure", S1), decision(content)
    assert [figure[name] for name in ("down_s", "planned_s", "unknown_s")] == ["0", "300", "100"]
    assert (found["numbers"], found["claim"], int(found["decided_ms"])) == (
        "1, 2",
        "planned, unknown",
        RULED + 5,
    )
    assert (int(found["from_ms"]), int(found["to_ms"])) == (DAY_END - 400_000, DAY_END)
    assert len(bench.values("decision", "numbers")) == 1


def test_a_restated_day_shows_what_counts_now_and_what_was_closed_first(bench):
    close_day(bench, [official()], {})
    bench.settle()
    restate(bench)
    look_again(bench)
    restate(bench, 2, up=86_350, down=50)
    look_again(bench)
    content = bench.content()
    figure, found = of(content, "figure", S1), decision(content, "restatement")
    assert (figure["down_s"], figure["moved_down_s"], figure["restated_days"]) == ("50", "-350", "1")
    assert "adjusted_days" not in figure
    assert (found["numbers"], found["claim"]) == ("1, 2", "")
    assert (found["before_down_s"], found["down_s"]) == ("400", "50")
    assert of(content, "scope", E1)["restated_days"] == "1"
    assert of(content, "availability", S1, at(23 * 3_600_000))["down_s"] == "50"
    judged = of(content, "finding", VERDICT, QUARTER)
    assert (judged["down_s"], judged["restated_days"], judged["adjusted_days"]) == ("50", "1", "0")
    object_and_rule(bench, DAY_END - 20_000, DAY_END, "up")
    look_again(bench)
    content = bench.content()
    figure, found = of(content, "figure", S1), decision(content)
    assert (figure["down_s"], figure["moved_down_s"]) == ("30", "-370")
    # Before the objection the figure was the restated one.
    assert (found["before_down_s"], found["down_s"]) == ("50", "30")
    assert decision(content, "restatement")["down_s"] == "50"


def test_a_figure_that_only_a_restatement_made_had_no_seconds_before(bench):
    close_day(bench, [], {})
    restate(bench)
    bench.settle()
    content = bench.content()
    found = decision(content, "restatement")
    assert (found["before_up_s"], found["up_s"]) == ("0", "86300")
    assert "before_availability" not in found
    assert of(content, "figure", S1)["moved_up_s"] == "86300"


def test_a_day_is_written_anew_once_and_not_by_the_next_sink_again(bench):
    close_day(bench, [official()], {})
    bench.settle()
    object_and_rule(bench, DAY_END - 300_000, DAY_END)
    assert [one.day for one in bench.sink._closed.missing(DAY)] == [DAY]
    look_again(bench)
    assert bench.sink._closed.missing(DAY) == []
    again = bench.new_sink()
    again.open()
    assert again._closed.missing(DAY) == []
    assert again._closed.decided(DAY, DAY.replace(day=DAY.day + 1))
    again.close()


def test_days_that_an_older_program_wrote_are_written_anew_only_where_something_was_decided(bench):
    close_day(bench, [official()], {})
    bench.settle()
    inputs = 'elements=1i,inputs="sha256:' + "b" * 64 + '",registry="sha256:' + "a" * 64 + '"'
    prefix = bench.settings.prefix
    with InfluxConnection(bench.settings) as connection:
        bench.sink._reader.delete(f"{prefix}_long", START, START + 1, '_measurement="closed"')
        LineWriter(connection, bench.settings).write(f"{prefix}_long", [f"closed {inputs} {START * 1000}"])
    older = bench.new_sink()
    older.open()
    assert older._closed.missing(DAY) == []
    object_and_rule(bench, DAY_END - 300_000, DAY_END)
    assert [one.day for one in older._closed.missing(DAY)] == [DAY]
    older.close()


def test_running_verdicts_do_not_go_over_a_period_in_which_something_was_decided(bench):
    close_day(bench, [official()], {})
    bench.settle()
    object_and_rule(bench, DAY_END - 300_000, DAY_END)
    look_again(bench)
    before = bench.content("finding", "budget")
    bench.sink.write([told.verdict()])
    assert bench.refused() == []
    assert bench.content("finding", "budget") == before
    # Of the quarter before it nothing was decided.
    other = {"from": "2026-07-01T00:00:00+07:00", "to": "2026-10-01T00:00:00+07:00"}
    bench.sink.write([told.verdict(**other)])
    assert bench.refused() == []
    assert {key[3] for key in bench.content("finding").keys() - before.keys()} == {"2026-06-30T17:00:00Z"}


def test_a_period_long_over_shows_that_it_was_signed_and_what_was_ruled_after(bench):
    close_day(bench, [official()], {})
    bench.now_ms = CALENDAR.start_of(DAY.replace(year=2028))
    bench.settle()
    judged = of(bench.content(), "finding", VERDICT, QUARTER)
    assert (judged["standing"], judged["adjusted_days"], judged["restated_days"]) == ("provisional", "0", "0")
    with bench.ledger.writing() as connection:
        signature = Signature("2026-Q4", 1, bench.now_ms, "someone", "", "sha256:" + "d" * 64, [])
        signatures.save(connection, signature)
    bench.now_ms += 300_000
    bench.settle()
    assert of(bench.content(), "finding", VERDICT, QUARTER)["standing"] == "final"
    object_and_rule(bench, DAY_END - 300_000, DAY_END, ruled_ms=bench.now_ms)
    look_again(bench)
    judged = of(bench.content(), "finding", VERDICT, QUARTER)
    assert (judged["standing"], judged["down_s"], judged["adjusted_days"]) == ("restated", "100", "1")


def test_a_quarter_that_runs_is_open(bench):
    close_day(bench, [official()], {})
    bench.settle()
    assert of(bench.content(), "finding", VERDICT, QUARTER)["standing"] == "open"


def test_one_decision_too_many_leaves_the_figures(new_bench):
    bench = new_bench(max_series=1)
    close_day(bench, [official()], {})
    bench.settle()
    restate(bench)
    object_and_rule(bench, DAY_END - 20_000, DAY_END, "up")
    look_again(bench)
    assert of(bench.content(), "figure", S1)["down_s"] == "80"
