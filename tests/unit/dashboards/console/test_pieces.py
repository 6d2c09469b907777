import re
from dataclasses import replace

import pytest

from dashboards.console import geography, grid, summary, timeline
from dashboards.console.fragments import Fragments
from dashboards.console.live import Snapshot
from dashboards.console.palette import LOOKS
from dashboards.console.texts import TEXTS, Language
from dashboards.console.timeline import Span
from schemas.figures import Figure
from schemas.registry import Kind
from schemas.settings.console import ConsoleSettings
from schemas.status import Reading
from stores.ledger.history import Transition
from stores.ledger.periods import PeriodFigure
from tests.console import sample_province as sample

HOUR_MS = 3_600_000


@pytest.fixture
def snapshot(view, now_ms):
    states = view.elements()
    return Snapshot(
        {one.element.id: one for one in states.elements},
        view.places(),
        view.today(),
        view.month(),
        view.feeds(),
        view.pipeline_health(),
        written_ms=states.written_ms,
        read_ms=now_ms,
    )


def pieces(language, now_ms):
    return Fragments(ConsoleSettings(), language, now_ms)


def test_every_word_has_both_languages():
    assert all(text.en and text.vi for text in TEXTS.values())


def test_every_reading_has_a_shape_of_its_own():
    assert LOOKS.keys() == set(Reading)
    assert len({look.glyph for look in LOOKS.values()}) == len(Reading)


@pytest.mark.parametrize("language", list(Language))
def test_all_pieces_render_in_both_languages(snapshot, language, now_ms):
    made = pieces(language, now_ms)
    everything = {**made.wall(snapshot), **made.around(snapshot)}
    for one in snapshot.elements.values():
        everything |= made.element(snapshot, one)
    for name in ("feeds", "health"):
        everything[name] = made.render(name, snapshot=snapshot)
    assert all(everything.values())
    assert TEXTS["open_outages"].in_(language) in everything["outages"]


def test_no_availability_stands_without_its_coverage(snapshot, now_ms):
    wall = pieces(Language.EN, now_ms).wall(snapshot)
    assert "fig" in wall["enterprises"]
    assert "pair" in wall["province"]
    for html in wall.values():
        for figure in re.findall(r'<span class="fig.*?</small></span>', html):
            assert re.search(r"<b>[\d.–]+ ?%?</b> <small>.*cov\. \d+ %", figure)
        bare = re.sub(r'<span class="fig.*?</small></span>|title="[^"]*"', "", html)
        headline = re.sub(
            r'<span class="pair">.*?</span></span></span>|<span class="range".*?</span>',
            "",
            bare,
            flags=re.DOTALL,
        )
        assert "%" not in headline


def test_a_figure_on_little_data_is_marked(snapshot, now_ms):
    little = PeriodFigure("x", Figure(100, 0, 0, 0, 900, 0, None, (0,) * 16), 1, final=False)
    one = summary.Worst(next(iter(snapshot.elements.values())), little)
    html = pieces(Language.EN, now_ms).render("worst", worst=[one])
    assert "fig low" in html
    assert "cov. 10 %" in html
    assert "10.00 % – 100.00 %" in html


def test_what_comes_from_outside_is_escaped(snapshot, now_ms):
    id_, one = next((id_, one) for id_, one in snapshot.elements.items() if one.element.kind is Kind.STATION)
    evil = replace(one, detail="<script>alert(1)</script>", state=Reading.DOWN, cause="<b>")
    html = pieces(Language.EN, now_ms).element(snapshot, evil)["element_head"]
    html += pieces(Language.EN, now_ms).render("outages", open=[evil], limit=3)
    assert "<script>" not in html
    assert "&lt;b&gt;" in html
    assert id_ in html


def test_counts_cover_every_element_and_outages_come_longest_first(snapshot):
    counted = summary.counts(snapshot.elements.values())
    assert sum(counted[Kind.STATION].values()) == 30
    assert sum(counted[Kind.LINK].values()) == 12
    outages = summary.open_outages(snapshot.elements.values())
    assert [one.since_ms for one in outages] == sorted(one.since_ms for one in outages)
    assert {one.state for one in outages} <= {Reading.DOWN}


def test_the_worst_are_those_longest_down_and_nobody_else(snapshot):
    found = summary.worst(snapshot.elements, snapshot.today, 5)
    seconds = [one.figure.figure.down for one in found]
    assert seconds == sorted(seconds, reverse=True)
    assert all(seconds)
    assert len(found) <= 5


def test_a_row_is_sent_again_only_when_a_reader_would_see_a_difference(snapshot):
    before = grid.rows(snapshot, Kind.STATION)
    assert grid.transaction(before, grid.rows(snapshot, Kind.STATION)) == {}
    id_ = next(iter(before))
    one = snapshot.elements[id_]
    heard = replace(snapshot, elements={**snapshot.elements, id_: replace(one, detail="polled again")})
    assert grid.transaction(before, grid.rows(heard, Kind.STATION)) == {}
    turned = replace(
        snapshot, elements={**snapshot.elements, id_: replace(one, state=Reading.PLANNED, since_ms=1)}
    )
    change = grid.transaction(before, grid.rows(turned, Kind.STATION))
    assert [row["id"] for row in change["update"]] == [id_]
    assert change.keys() == {"update"}


def test_rows_that_come_and_go_are_added_and_removed():
    one, two = {"id": "a"}, {"id": "b"}
    assert grid.transaction({"a": one}, {"b": two}) == {"add": [two], "remove": [one]}


def test_the_map_holds_every_station_once_and_links_between_known_ends(snapshot):
    scene = geography.scene(snapshot)
    assert len(scene["stations"]) == 30
    assert 0 < len(scene["links"]) <= 12
    assert 0.9 < scene["shrink"] < 1
    id_ = scene["stations"][0]["id"]
    assert geography.moved(snapshot, [id_, "gone"]) == [
        [id_, int(snapshot.elements[id_].state), snapshot.elements[id_].since_ms]
    ]


def test_the_last_night_is_from_six_to_six_or_until_now(now_ms):
    calendar = sample.CALENDAR
    midnight = calendar.start_of(calendar.day_of(now_ms))
    assert timeline.interval(Span.NIGHT, midnight + 10 * HOUR_MS, calendar) == (
        midnight - 6 * HOUR_MS,
        midnight + 6 * HOUR_MS,
    )
    assert timeline.interval(Span.NIGHT, midnight + 2 * HOUR_MS, calendar)[1] == midnight + 2 * HOUR_MS


def test_pieces_of_the_strip_fill_it_exactly(view, now_ms):
    for element in ("LSN-L-0001", "LSN-L-0002", "nobody"):
        history = view.history(element, now_ms - 24 * HOUR_MS, now_ms)
        drawn = timeline.pieces(history)
        assert sum(piece.width for piece in drawn) == pytest.approx(100, abs=0.01)
        assert sum(timeline.seconds(history.runs).values()) == 24 * 3600
        assert all(0 <= tick.left <= 100 for tick in timeline.ticks(history, Span.DAY, sample.CALENDAR))


def test_changes_are_newest_first_and_tell_how_long_each_lasted():
    up, down = Reading.UP, Reading.DOWN
    moves = [Transition("x", 1_000, up, down, "power"), Transition("x", 61_000, down, up)]
    last, first = timeline.changes(moves, 61_000)
    assert (first.lasted_s, last.lasted_s) == (60, None)


@pytest.mark.parametrize("language", list(Language))
def test_figures_after_objections_are_marked(snapshot, language, now_ms):
    id_ = next(iter(snapshot.month.elements))
    month = replace(snapshot.month, elements={id_: replace(snapshot.month.elements[id_], adjusted_days=2)})
    made = pieces(language, now_ms).element(replace(snapshot, month=month), snapshot.elements[id_])
    plain = pieces(language, now_ms).element(snapshot, snapshot.elements[id_])
    word = TEXTS["adjusted"].in_(language)
    assert made["element_figures"].count(f"{word}: 2") == 1
    assert word not in plain["element_figures"]
    kind = snapshot.elements[id_].element.kind
    assert grid.rows(replace(snapshot, month=month), kind)[id_]["m1a"] == 2
    assert "m1a" not in grid.rows(snapshot, kind)[id_]
