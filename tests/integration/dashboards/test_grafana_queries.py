"""Every query of the committed Grafana dashboards on a real InfluxDB, with variables put in as Grafana does."""

import json

import pytest

pytest.importorskip("grafana_foundation_sdk")

from dashboards.console.texts import Language
from dashboards.grafana.build import DASHBOARDS
from schemas.status import Reading
from tests.grafana import made_province as made
from tests.grafana.filled import dashboards, fill, first_choice, names_in, targets, window_of
from tests.grafana.interpolation import All, variables_of

pytestmark = pytest.mark.service

VI = dashboards("vi")
RANGES = {
    "full": (made.END_MS - made.SMALL.days * made.DAY_MS, made.END_MS),
    "short": (made.END_MS - 15 * made.MINUTE_MS, made.END_MS),
    "empty": (made.END_MS - 400 * made.DAY_MS, made.END_MS - 390 * made.DAY_MS),
}
SEVERAL = {
    "enterprise": ["vnpt", "g(tel).x+"],
    "unit": ["05983", "06004"],
    "link": ["L-001", "L-003"],
    "part": ["ingest", "engine"],
}
ONE = {"enterprise": ["g(tel).x+"], "unit": ["06040"], "link": ["L-003"], "part": ["ingest"]}


@pytest.fixture(scope="module")
def filled(influx):
    return fill(influx.client, influx.org)


def cases(dashboard):
    """(choice, range, values): each range with everything, each choice over the full range."""
    first = first_choice(dashboard)
    for span in RANGES:
        yield "all", span, first
    if "kind" in first:
        yield "links", "full", {**first, "kind": "link"}
    for name, values in (("several", SEVERAL), ("one", ONE)):
        given = {key: values[key] if isinstance(value, All) else value for key, value in first.items()}
        if given != first:
            yield name, "full", given


def columns_of(name):
    """What the code says that each panel's query returns."""
    built = DASHBOARDS[name](Language.VI).build()
    return {panel.id_val: panel.targets[0].columns for panel in built.panels if panel.targets}


@pytest.mark.parametrize("name", sorted(VI))
def test_every_panel_gets_the_columns_that_it_draws(filled, name):
    dashboard = VI[name]
    expected = columns_of(name)
    for panel, query in targets(dashboard):
        columns = expected[panel["id"]]
        assert names_in(panel) <= columns.keys(), panel["title"]
        for choice, span, chosen in cases(dashboard):
            start, stop = RANGES[span]
            answer = filled.ask(dashboard, query, chosen, start, stop, window_of(panel, stop - start))
            case = (panel["title"], choice, span)
            if answer.rows:
                assert answer.columns == columns, case
            if span == "empty":
                assert answer.rows == [], case
            if (choice, span) == ("all", "full"):
                assert answer.rows, case
                one_table_a_series(answer, panel["title"])
            if span == "short" and lasting(query):
                assert answer.rows, case


def one_table_a_series(answer, title):
    """Series come in a table each, named by labels and in order of time; other columns come in one table."""
    labels = {column for column in answer.columns if column in answer.grouped}
    if "_value" not in answer.columns:
        assert answer.tables == 1, title
        assert labels == set(), title
        return
    assert answer.columns.keys() - labels == {"_time", "_value"}, title
    assert labels, title
    times = {}
    for row in answer.rows:
        times.setdefault(tuple(row[label] for label in sorted(labels)), []).append(row["_time"])
    assert all(sorted(series) == series for series in times.values()), title
    assert answer.tables == len(times) <= 40, title


def lasting(query):
    """Whether a quarter of an hour has something of it: no days, hours, rare events."""
    days = ('"figure"', '"scope"', '"reconciliation"', '"dark"')
    rare = (*days, '"availability"', '"deadletter"', '_hour"')
    return not any(name in query for name in rare) and "limit(n: 500)" not in query


@pytest.mark.parametrize("name", sorted(VI))
def test_every_variable_finds_its_values(filled, name):
    for variable in variables_of(VI[name]).values():
        if variable["type"] != "query":
            continue
        query = variable["query"]["query"]
        answer = filled.ask(VI[name], query, first_choice(VI[name]), *RANGES["full"])
        found = answer.values("_value")
        known = {
            "enterprise": set(made.ENTERPRISES),
            "unit": {"05983"} if name == "enterprise" else set(made.UNITS),
            "station": {one.id for one in made.elements(made.SMALL) if one.kind == "station"},
            "link": {one.id for one in made.elements(made.SMALL) if one.kind == "link"},
            "part": {"ingest"},
        }[variable["name"]]
        assert len(found) == len(set(found))
        assert set(found) == known, variable["name"]
        assert filled.ask(VI[name], query, first_choice(VI[name]), *RANGES["empty"]).rows == []


def test_a_variable_offers_only_what_belongs_to_the_choices_before_it(filled):
    station = variables_of(VI["station"])["station"]["query"]["query"]
    chosen = {"enterprise": ["vnpt", "g(tel).x+"], "unit": ["06004"]}
    found = filled.ask(VI["station"], station, chosen, *RANGES["full"]).values("_value")
    known = made.elements(made.SMALL)
    assert set(found) == {
        one.id for one in known if one.enterprise in chosen["enterprise"] and one.unit == "06004"
    }


@pytest.mark.parametrize("name", sorted(VI))
def test_annotations_have_a_time_and_a_text(filled, name):
    for annotation in VI[name]["annotations"]["list"]:
        query = annotation["target"]["query"]
        answer = filled.ask(VI[name], query, first_choice(VI[name]), *RANGES["full"], "1h0m0s")
        assert answer.rows, annotation["name"]
        assert answer.columns["time"] == "dateTime:RFC3339"
        assert answer.columns["text"] == "string"
        assert answer.columns.keys() <= {"time", "timeEnd", "text", "tags"}
        assert answer.grouped == set()
        assert filled.ask(VI[name], query, first_choice(VI[name]), *RANGES["empty"]).rows == []


def panel_of(name, kind, title):
    (found,) = [
        query for panel, query in targets(VI[name]) if (panel["type"], panel["title"]) == (kind, title)
    ]
    return found


def test_planned_work_is_marked_from_its_beginning_to_its_end(filled):
    (query,) = [
        one["target"]["query"]
        for one in VI["station"]["annotations"]["list"]
        if one["name"] == "Bảo trì theo kế hoạch"
    ]
    rows = filled.ask(VI["station"], query, first_choice(VI["station"]), *RANGES["full"]).rows
    station = made.elements(made.SMALL)[0]
    planned = [day for day in range(made.SMALL.days) if made.seconds_of(station, day)[3]]
    assert len(rows) == len(planned) == 1
    from datetime import datetime

    (row,) = rows
    lasted = datetime.fromisoformat(row["timeEnd"]) - datetime.fromisoformat(row["time"])
    assert lasted.total_seconds() == 1_800
    assert row["text"] == station.id


def test_states_are_counted_as_they_stand(filled):
    answer = filled.ask(
        VI["province"], panel_of("province", "stat", "Trạm theo trạng thái"), {}, *RANGES["full"]
    )
    stations = [one for one in made.elements(made.SMALL) if one.kind == "station"]
    states = [made.state_now(one, made.SMALL)[1] for one in stations]
    (row,) = answer.rows
    assert {name: int(count) for name, count in row.items()} == {
        reading.name.lower(): states.count(reading) for reading in Reading
    }


def test_ratios_are_those_of_the_sums_cut_and_not_rounded(filled):
    query = panel_of("province", "stat", "Độ khả dụng trong các ngày đang xem")
    start, stop = RANGES["full"]
    (row,) = filled.ask(VI["province"], query, {}, start, stop).rows
    days = [n for n, at in enumerate(made.day_starts(made.SMALL)) if start <= at < stop]
    assert len(days) > 7
    stations = [one for one in made.elements(made.SMALL) if one.kind == "station"]
    up, degraded, down, planned, unknown = map(
        sum, zip(*(made.seconds_of(one, day) for one in stations for day in days), strict=True)
    )
    total = up + degraded + down + planned + unknown
    assert float(row["A"]) == (up + degraded) * 10_000 // (up + degraded + down) / 10_000
    assert float(row["A_min"]) == (up + degraded) * 10_000 // (total - planned) / 10_000
    assert float(row["A_max"]) == (up + degraded + unknown) * 10_000 // (total - planned) / 10_000
    assert float(row["coverage"]) == (total - unknown) * 10_000 // total / 10_000


def test_a_station_of_which_nothing_is_known_has_no_ratio_and_is_not_left_out(filled):
    query = panel_of("enterprise", "table", "Toàn bộ trong các ngày đang xem")
    chosen = {"enterprise": "vnpt", "kind": "station", "unit": All(".*")}
    rows = filled.ask(VI["enterprise"], query, chosen, *RANGES["full"]).rows
    by_id = {row["element"]: row for row in rows}
    stations = [
        one for one in made.elements(made.SMALL) if one.kind == "station" and one.enterprise == "vnpt"
    ]
    assert by_id.keys() == {one.id for one in stations}
    silent = by_id["LS0005/a.b"]
    assert (silent["A"], silent["A_min"], silent["A_max"], silent["coverage"]) == ("", "0", "1", "0")


def test_outages_are_what_is_down_with_their_beginning(filled):
    query = panel_of("province", "table", "Gián đoạn chưa khắc phục")
    rows = filled.ask(VI["province"], query, {}, *RANGES["full"]).rows
    down = {one.id for one in made.elements(made.SMALL) if made.state_now(one, made.SMALL)[1] is Reading.DOWN}
    assert {row["element"] for row in rows} == down
    assert rows[0]["since"] <= rows[-1]["since"]
    assert {row["name"] for row in rows} >= {"Trạm số 3"}


def test_a_timeline_begins_with_the_state_before_the_time_shown(filled):
    query = panel_of("station", "state-timeline", "Trạng thái")
    start, stop = RANGES["short"]
    rows = filled.ask(VI["station"], query, first_choice(VI["station"]), start, stop).rows
    assert [(row["_time"], row["_value"]) for row in rows] == [("2026-11-20T03:05:00Z", "1")]


def test_the_worst_are_those_with_most_down_time_of_the_enterprise_chosen(filled):
    query = panel_of("enterprise", "state-timeline", "Trạng thái của 30 trạm, tuyến gián đoạn nhiều nhất")
    chosen = {"enterprise": "viettel", "kind": "station", "unit": ["05983"]}
    start, stop = RANGES["full"]
    rows = filled.ask(VI["enterprise"], query, chosen, start, stop).rows
    days = [n for n, at in enumerate(made.day_starts(made.SMALL)) if start <= at < stop]
    expected = {
        one.id
        for one in made.elements(made.SMALL)
        if (one.kind, one.enterprise, one.unit) == ("station", "viettel", "05983")
        and any(made.seconds_of(one, day)[2] for day in days)
    }
    assert {row["element"] for row in rows} == expected


def test_mean_use_and_limits_are_those_of_the_busier_direction(filled):
    query = panel_of("links", "table", "Hiệu suất sử dụng trung bình trong thời gian đang xem")
    for span in ("full", "two days"):
        start, stop = RANGES["full"] if span == "full" else (made.END_MS - 2 * made.DAY_MS, made.END_MS)
        rows = filled.ask(VI["links"], query, first_choice(VI["links"]), start, stop).rows
        busier = {one.id: max(made.use_of(one)) for one in made.elements(made.SMALL) if one.kind == "link"}
        assert {row["element"]: float(row["busier"]) for row in rows} == pytest.approx(busier)
        found = [float(row["busier"]) for row in rows]
        assert found == sorted(found, reverse=True)
        limits = panel_of("links", "stat", "Số tuyến vượt ngưỡng")
        (counted,) = filled.ask(VI["links"], limits, first_choice(VI["links"]), start, stop).rows
        assert counted == {
            "above_80": str(sum(use > 0.8 for use in busier.values())),
            "above_90": str(sum(use > 0.9 for use in busier.values())),
        }
        assert int(counted["above_80"]) > int(counted["above_90"]) >= 0


def test_a_rate_is_summed_over_the_partitions(filled):
    query = panel_of("feeds", "timeseries", "Bản tin được nhận")
    start = made.END_MS - 6 * made.HOUR_MS
    rows = filled.ask(VI["feeds"], query, first_choice(VI["feeds"]), start, made.END_MS, "10m0s").rows
    assert {row["reporter"] for row in rows} == set(made.ENTERPRISES)
    # Seven events in five minutes, in each of the partitions.
    whole = [float(row["_value"]) for row in rows][2:-2]
    assert whole[0] == pytest.approx(7 / 5 * made.PARTS)


def test_both_languages_ask_the_same(filled):
    english = dashboards("en")
    for name, dashboard in VI.items():
        asked = [[query for _, query in targets(one)] for one in (english[name], dashboard)]
        assert asked[0] == asked[1]
        assert english[name]["panels"][0]["title"] != dashboard["panels"][0]["title"]
    assert json.dumps(VI, ensure_ascii=False).count("Kết luận") >= 1
