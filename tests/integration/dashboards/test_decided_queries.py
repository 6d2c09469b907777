"""What dashboards show of decisions made after days were closed: marked, beside the figure as it was first closed."""

import pytest

pytest.importorskip("grafana_foundation_sdk")

from tests.grafana import made_province as made
from tests.grafana.filled import dashboards, fill, first_choice, targets

pytestmark = pytest.mark.service

VI = dashboards("vi")
FULL = (made.END_MS - made.SMALL.days * made.DAY_MS, made.END_MS)
# Of the days that no decision is about.
LATER = (made.END_MS - 5 * made.DAY_MS, made.END_MS)
SHOWING = ("province", "enterprise", "station", "compliance")
TITLE = "Quyết định sau khóa sổ: khiếu nại được chấp nhận và điều chỉnh số liệu"
STATIONS = [one for one in made.elements(made.SMALL) if one.kind == "station"]


@pytest.fixture(scope="module")
def filled(influx):
    return fill(influx.client, influx.org)


def asked(filled, name, title, span=FULL, **chosen):
    (query,) = [query for panel, query in targets(VI[name]) if panel["title"] == title]
    return filled.ask(VI[name], query, {**first_choice(VI[name]), **chosen}, *span)


def cut(up, down):
    return up * 10_000 // (up + down) / 10_000


@pytest.mark.parametrize("name", SHOWING)
def test_each_decision_stands_with_the_figure_before_and_after_it(filled, name):
    rows = asked(filled, name, TITLE).rows
    found = {row["element"]: row for row in rows}
    first = STATIONS[0]
    row = found[first.id]
    seconds = made.seconds_of(first, 0)
    assert (row["by"], row["numbers"], row["claim"]) == ("objection", "7", "planned")
    assert (int(row["before_down_s"]), int(row["down_s"])) == (seconds[2] + 300, seconds[2])
    assert float(row["before_availability"]) == cut(seconds[0], seconds[2] + 300)
    assert float(row["availability"]) == cut(seconds[0], seconds[2])
    assert row["decided"] == "2026-11-20T02:20:00Z"
    if name in ("province", "compliance"):
        assert found[STATIONS[1].id]["by"] == "restatement"
    if name in ("station", "enterprise"):
        assert STATIONS[1].id not in found
    assert asked(filled, name, TITLE, LATER).rows == []


def test_a_choice_of_enterprises_holds_for_decisions_too(filled):
    rows = asked(filled, "compliance", TITLE, enterprise=["vnpt"]).rows
    assert [row["element"] for row in rows] == [STATIONS[1].id]


@pytest.mark.parametrize("name", [*SHOWING, "declared"])
def test_decisions_are_marked_over_their_interval(filled, name):
    (query,) = [
        one["target"]["query"]
        for one in VI[name]["annotations"]["list"]
        if one["name"] == "Khiếu nại và điều chỉnh"
    ]
    rows = filled.ask(VI[name], query, first_choice(VI[name]), *FULL).rows
    first = STATIONS[0]
    (row,) = [row for row in rows if row["text"].startswith(f"{first.id}: ")]
    seconds = made.seconds_of(first, 0)
    before, after = (100 * cut(seconds[0], down) for down in (seconds[2] + 300, seconds[2]))
    assert row["text"] == f"{first.id}: khiếu nại 7, Độ khả dụng {before:g} % → {after:g} %"
    assert row["tags"] == "khiếu nại"
    start = made.day_starts(made.SMALL)[0]
    from schemas.time import format_ms

    assert [row["time"], row["timeEnd"]] == [
        format_ms(start + hours * made.HOUR_MS).replace(".000", "") for hours in (2, 3)
    ]


def test_ratios_count_with_decisions_and_say_what_was_first_closed(filled):
    title = "Độ khả dụng trong các ngày đang xem"
    (row,) = asked(filled, "province", title).rows
    days = range(made.SMALL.days)
    up, _, down, _, _ = map(
        sum, zip(*(made.seconds_of(one, day) for one in STATIONS for day in days), strict=True)
    )
    assert float(row["A"]) == cut(up, down)
    assert float(row["closed_A"]) == cut(up - 600, down + 300)
    assert (row["adjusted_days"], row["restated_days"]) == ("1", "1")
    (row,) = asked(filled, "province", title, LATER).rows
    assert (row["closed_A"], row["adjusted_days"], row["restated_days"]) == ("", "0", "0")
    first = STATIONS[0]
    (row,) = asked(filled, "station", title, station=first.id).rows
    up, _, down, _, _ = map(sum, zip(*(made.seconds_of(first, day) for day in days), strict=True))
    assert float(row["A"]) == cut(up, down)
    assert float(row["closed_A"]) == cut(up, down + 300)


@pytest.mark.parametrize(
    ("name", "title", "by"),
    [
        ("enterprise", "Toàn bộ trong các ngày đang xem", "element"),
        ("province", "Các doanh nghiệp trong các ngày đang xem", "id"),
        ("province", "Gián đoạn nhiều nhất trong các ngày đang xem", "element"),
        ("compliance", "Gián đoạn nhiều nhất trong các ngày đang xem", "element"),
    ],
)
def test_tables_of_figures_mark_what_was_decided(filled, name, title, by):
    rows = {row[by]: row for row in asked(filled, name, title).rows}
    first = STATIONS[0]
    row = rows[first.id if by == "element" else first.enterprise]
    assert row["adjusted_days"] == "1"
    assert row["restated_days"] == "0"
    # Of a whole enterprise five minutes are too little to be seen in four digits.
    assert float(row["closed_A"]) <= float(row["A"]) - (0 if by == "id" else 0.0001)
    others = [row for row in rows.values() if row["adjusted_days"] == row["restated_days"] == "0"]
    assert others
    assert {row["closed_A"] for row in others} == {""}


def test_scores_say_that_there_are_rulings_and_are_not_moved(filled):
    title = next(panel["title"] for panel, _ in targets(VI["declared"]))
    rows = {row["id"]: row for row in asked(filled, "declared", title).rows}
    assert {name: (row["adjusted_days"], row["restated_days"]) for name, row in rows.items()} == {
        "viettel": ("1", "0"),
        "vnpt": ("0", "1"),
        "mobifone": ("0", "0"),
        "g(tel).x+": ("0", "0"),
    }
