"""What *Compliance* and *Declared vs measured* show of the made-up province: the right numbers, never those of samples."""

import json

import pytest

pytest.importorskip("grafana_foundation_sdk")

from dashboards.grafana import verdict_questions, word_questions
from schemas.influx import RESULTS, bucket_of
from schemas.influx.findings import BUDGET, FINDING, INDICATOR, SPREAD
from tests.grafana import made_province as made
from tests.grafana.filled import Filled, dashboards, fill, first_choice, new_buckets, targets
from tests.grafana.made_verdicts import verdict_of

pytestmark = pytest.mark.service

VI = dashboards("vi")
FULL = (made.END_MS - made.SMALL.days * made.DAY_MS, made.END_MS)
DAYS = [n for n, at in enumerate(made.day_starts(made.SMALL)) if FULL[0] <= at < FULL[1]]
STATIONS = [one for one in made.elements(made.SMALL) if one.kind == "station"]


@pytest.fixture(scope="module")
def filled(influx):
    return fill(influx.client, influx.org)


def rows(filled, name, asked, span=FULL, **chosen):
    (query,) = [query for _, query in targets(VI[name]) if query == asked.flux]
    return filled.ask(VI[name], query, {**first_choice(VI[name]), **chosen}, *span).rows


def compliance_queries():
    from dashboards.grafana.compliance import ITS_SCOPE, OWNER, STATION

    return {
        "verdicts": verdict_questions.verdicts(OWNER),
        "failing": verdict_questions.failing(OWNER),
        "budgets": verdict_questions.budgets(OWNER),
        "spread": verdict_questions.spread(*ITS_SCOPE, STATION),
        "dark": verdict_questions.dark_units(),
        "indicators": verdict_questions.indicators(OWNER),
        "elements": verdict_questions.element_results(OWNER, STATION),
    }


def word_queries():
    from dashboards.grafana.declared import ITS_SCOPE, KIND, OWNER

    return {
        "table": word_questions.table(*ITS_SCOPE),
        "scores": word_questions.scores(*ITS_SCOPE),
        "by_day": word_questions.score_by_day(*ITS_SCOPE),
        "worst": word_questions.worst(OWNER, KIND),
    }


def test_verdicts_are_those_of_the_quarter_with_ratios_cut(filled):
    found = rows(filled, "compliance", compliance_queries()["verdicts"])
    assert [row["enterprise"] for row in found] == sorted(made.ENTERPRISES)
    assert {row["_time"] for row in found} == {"2026-09-30T17:00:00Z"}
    for row in found:
        made_up = verdict_of(made.ENTERPRISES.index(row["enterprise"]))
        assert int(row["verdict"]) == made_up["result"]
        assert (row["rule"], row["period"], row["force"]) == ("V36-D", "quarter", made_up["force"])
        # What fails by a hair is not shown as 99.50 %.
        expected = "0.9949" if made_up["result"] == RESULTS["fail"] else "0.995"
        assert (row["availability"], row["gross"]) == (expected, "0.9931")
        assert row["standing"] == "open"
        decided = [str(made_up["adjusted_days"]), str(made_up["restated_days"])]
        assert [row["adjusted_days"], row["restated_days"]] == decided


def test_running_verdicts_alone_have_all_columns(influx):
    prefix, post = new_buckets(influx.client, influx.org)
    tags = "enterprise=vnpt,kind=station,per=enterprise,period=quarter,rule=V36-D,service=mobile_voice,subject=vnpt"
    start = 1_790_787_600_000  # 2026-10-01 in the province
    values = (
        'result=3i,reason="",force="legal",availability=0.99,gross=0.98,coverage=0.9,down_s=10i,total_s=1000i'
    )
    post(bucket_of("finding", prefix), [f"finding,{tags} {values} {start * 1_000}"])
    asked = compliance_queries()["verdicts"]
    running = Filled(influx.client, influx.org, prefix, made.SMALL, 1)
    (query,) = [query for _, query in targets(VI["compliance"]) if query == asked.flux]
    answer = running.ask(
        VI["compliance"], query, first_choice(VI["compliance"]), start, start + 30 * made.DAY_MS
    )
    assert answer.columns == asked.columns
    (row,) = answer.rows
    assert (row["verdict"], row["open_days"], row["threshold"]) == ("3", "", "")
    assert (row["standing"], row["adjusted_days"], row["restated_days"]) == ("", "", "")


def test_a_quarter_is_found_from_its_first_day_to_its_last(filled):
    asked = compliance_queries()["verdicts"]
    start = 1_790_787_600_000  # 2026-10-01 in the province
    for stop in (start + 60_000, start + 92 * made.DAY_MS - 60_000):
        assert len(rows(filled, "compliance", asked, (stop - made.HOUR_MS, stop))) == 4, stop
    assert rows(filled, "compliance", asked, (start - made.HOUR_MS, start - 60_000)) == []


def test_operational_findings_are_no_failing_indicators(filled):
    found = rows(filled, "compliance", compliance_queries()["failing"])
    counted = {row["enterprise"]: (row["service"], int(row["failing"])) for row in found}
    # Of the first and the last one an indicator failed that is counted, not timed.
    assert counted == {
        name: ("mobile_voice", number) for name, number in zip(made.ENTERPRISES, (1, 0, 0, 2), strict=True)
    }
    asked = compliance_queries()["failing"]
    (alone,) = rows(filled, "compliance", asked, enterprise=["vnpt"])
    assert alone == {"enterprise": "vnpt", "service": "mobile_voice", "failing": "0"}


def test_counted_and_sampled_indicators_stand_in_a_table_of_their_own(filled):
    found = rows(filled, "compliance", compliance_queries()["indicators"])
    assert {row["enterprise"] for row in found} == {made.ENTERPRISES[0], made.ENTERPRISES[3]}
    radio = [row for row in found if row["indicator"] == "radio_availability"]
    assert {(row["method"], row["value"], row["unit"]) for row in radio} == {("samples", "97.5", "percent")}


def test_budgets_of_month_and_quarter_say_what_is_left(filled):
    found = rows(filled, "compliance", compliance_queries()["budgets"], enterprise=["viettel", "vnpt"])
    assert [(row["enterprise"], row["period"]) for row in found] == [
        (name, period) for name in ("viettel", "vnpt") for period in ("month", "quarter")
    ]
    for row in found:
        assert int(row["left_s"]) == int(row["budget_s"]) - int(row["spent_s"])
        assert float(row["used"]) == pytest.approx(int(row["spent_s"]) / int(row["budget_s"]))


def test_stations_are_counted_by_their_result_of_the_month(filled):
    found = rows(filled, "compliance", compliance_queries()["elements"])
    for row in found:
        results = [
            verdict_of(one.number % 3)["result"] for one in STATIONS if one.enterprise == row["enterprise"]
        ]
        assert row["rule"] == "O-BTS-A"
        assert int(row["failed"]) == results.count(RESULTS["fail"])
        assert int(row["passed"]) == results.count(RESULTS["pass"])
        assert int(row["not_decidable"]) == results.count(RESULTS["not_decidable"])
    assert len(found) == 4


def test_communes_in_the_dark_are_those_that_were_and_no_others(filled):
    found = rows(filled, "compliance", compliance_queries()["dark"])
    spans = {unit: [made.dark_of(number, day) for day in DAYS] for number, unit in enumerate(made.UNITS)}
    assert {row["unit"]: (int(row["dark_s"]), int(row["longest_s"])) for row in found} == {
        unit: (sum(dark), max(dark)) for unit, dark in spans.items() if any(dark)
    }
    assert 0 < len(found) < len(made.UNITS)


def test_panels_have_their_columns_also_where_nothing_has_their_optional_fields_yet(filled):
    """As after a fresh installation: workers' verdicts alone, no down time, nothing that could be divided."""
    begin = 1_735_664_400_000  # 2025-01-01 in the province
    stop = begin + 10 * made.DAY_MS
    of = {"enterprise": "viettel", "kind": "station", "rule": "V36-D", "service": "mobile_voice"}
    lean = {
        "finding": (
            {**of, "per": "enterprise", "subject": "viettel"},
            {"result": 1, "reason": "no counted time"},
        ),
        "indicator": (
            {"enterprise": "viettel", "service": "mobile_voice", "rule": "V36-RADIO"},
            {"result": 1},
        ),
        "spread": ({"scope": "enterprise", "id": "viettel", "kind": "station"}, {}),
    }
    lean["finding"][1].update({"down_s": 0, "total_s": 0})
    lean["indicator"][0].update({"indicator": "radio_availability", "method": "samples"})
    lean["indicator"][1].update(
        {"reason": "", "force": "legal", "unit": "percent", "counted": 0, "verdicts": 1}
    )
    lean["spread"][1].update(dict.fromkeys(("elements", "over_1h", "over_4h", "over_24h", "down_s"), 0))
    for name, (tags, values) in lean.items():
        answer = filled.client.post(
            "/api/v2/write",
            params={"org": filled.org, "bucket": bucket_of(name, filled.prefix), "precision": "us"},
            content=made.line(name, {**tags, "period": "quarter"}, values, begin).encode(),
        )
        assert answer.status_code == 204, answer.text
    for key in ("verdicts", "failing", "indicators", "spread"):
        asked = compliance_queries()[key]
        answer = filled.ask(
            VI["compliance"], asked.flux, {"enterprise": ["viettel"]}, stop - made.HOUR_MS, stop
        )
        assert answer.columns == asked.columns, key
        assert len(answer.rows) == 1, key


def test_a_share_of_samples_is_in_no_query_about_time():
    over_time = {field.name for one in (FINDING, BUDGET, SPREAD) for field in one.fields}
    sampled = {field.name for field in INDICATOR.fields}
    # What both have says nothing of how much: the ratio of either has a name of its own.
    assert over_time & sampled == {"result", "reason", "force", "threshold"}
    for name, dashboard in VI.items():
        for panel, query in targets(dashboard):
            if '"indicator"' in query and name == "compliance":
                assert '"availability"' not in query, panel["title"]
                values = '"value"' in query
                assert values != ('"finding"' in query), panel["title"]
            else:
                assert '"indicator"' not in query, panel["title"]
    assert "Độ sẵn sàng của mạng vô tuyến là chỉ tiêu khác" in json.dumps(VI, ensure_ascii=False)


def seconds_of(enterprise):
    return [made.seconds_of(one, day) for one in STATIONS if one.enterprise == enterprise for day in DAYS]


def test_the_sixteen_cells_add_up_to_the_counted_time(filled):
    found = rows(filled, "declared", word_queries()["table"])
    assert [row["measured"] for row in found] == ["up", "degraded", "down", "unknown"] * 4
    for name in made.ENTERPRISES:
        of = {row["measured"]: row for row in found if row["id"] == name}
        cells = made.summed_cells(seconds_of(name))
        for measured, row in of.items():
            assert {
                cell: int(row[f"declared_{cell}_s"]) for cell in ("up", "degraded", "down", "unknown")
            } == {cell: cells[measured].get(cell, 0) for cell in ("up", "degraded", "down", "unknown")}
        total = sum(int(row[cell]) for row in of.values() for cell in word_questions.CELLS)
        assert total == sum(map(sum, seconds_of(name)))


def test_the_score_is_the_agreement_less_what_was_declared_late(filled):
    for row in rows(filled, "declared", word_queries()["scores"]):
        cells = made.summed_cells(seconds_of(row["id"]))
        apart = cells["down"]["up"] + cells["up"]["down"]
        both = sum(sum(cells[measured].values()) for measured in ("up", "degraded", "down"))
        assert int(row["both_s"]) == both
        agreement = (both - apart) * 1_000_000 // both / 1_000_000
        assert float(row["agreement"]) == agreement
        assert float(row["late"]) == pytest.approx(0.001, rel=0.01)
        assert float(row["score"]) == pytest.approx(agreement * (1 - float(row["late"])), abs=1e-6)
        assert float(row["score"]) <= agreement


def test_days_without_what_was_late_have_the_agreement_as_their_score(filled):
    found = rows(filled, "declared", word_queries()["by_day"])
    days = sorted({row["_time"] for row in found})
    assert len(days) == len(DAYS)
    by_day = {day: [float(row["_value"]) for row in found if row["_time"] == day] for day in days}
    assert len(by_day[days[0]]) == 4
    assert max(by_day[days[0]]) <= 0.999
    assert max(by_day[days[-1]]) > 0.999


def test_the_elements_most_apart_come_first_and_lead_to_their_station(filled):
    found = rows(filled, "declared", word_queries()["worst"], enterprise=["vnpt", "g(tel).x+"])
    apart = [int(row["undeclared_s"]) + int(row["false_alarm_s"]) for row in found]
    assert apart == sorted(apart, reverse=True)
    expected = {}
    for one in STATIONS:
        if one.enterprise in ("vnpt", "g(tel).x+"):
            cells = made.summed_cells([made.seconds_of(one, day) for day in DAYS])
            expected[one.id] = cells["down"]["up"] + cells["up"]["down"]
    assert {row["element"]: at for row, at in zip(found, apart, strict=True)} == {
        name: seconds for name, seconds in expected.items() if seconds
    }
    (panel,) = [panel for panel, query in targets(VI["declared"]) if query == word_queries()["worst"].flux]
    assert "/d/btswatch-station-vi?var-station=" in json.dumps(panel)
