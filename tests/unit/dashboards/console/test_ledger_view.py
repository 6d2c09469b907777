import json

import pytest

from dashboards.console.ledger_view import HISTORY_PROPERTY, without_gaps
from schemas.status import Reading
from stores.ledger import Ledger, positions
from stores.ledger.history import Run
from tests.console import sample_province as sample

UP, DOWN, UNKNOWN = Reading.UP, Reading.DOWN, Reading.UNKNOWN


@pytest.fixture
def ledger(new_ledger, registry, now_ms):
    """On each database."""
    opened = Ledger(new_ledger())
    opened.open()
    sample.fill(opened, registry, now_ms, 6)
    yield opened
    opened.close()


def test_an_element_nobody_has_heard_of_is_there_and_unknown(view, ledger, registry):
    with ledger.writing() as connection:
        sample.province_view.forget(connection, ["LSN-L-0003"])
    states = {one.element.id: one for one in view.elements().elements}
    assert states.keys() == registry.elements.keys()
    assert states["LSN-L-0003"].state is UNKNOWN
    assert states["LSN-L-0003"].since_ms is None


def test_only_what_was_written_since_is_read_again(view, ledger, registry, now_ms):
    written = view.elements().written_ms
    sample.turn(ledger, "LSN-L-0002", DOWN, now_ms + 5_000)
    changed = view.changed(written + 1)
    assert [one.element.id for one in changed.elements] == ["LSN-L-0002"]
    assert changed.elements[0].state is DOWN
    assert changed.written_ms == now_ms + 5_000


def test_the_province_is_the_sum_of_its_stations(view):
    today = view.today()
    stations = [one for id_, one in today.elements.items() if not id_.startswith("LSN-L-")]
    assert today.province.figure.down == sum(one.figure.down for one in stations)
    assert today.province.figure.total == sum(one.figure.total for one in stations)
    assert not today.province.final


def test_the_month_reaches_back_to_its_first_stored_day(view):
    today, month = view.today(), view.month()
    assert month.province.figure.total > today.province.figure.total
    assert month.elements.keys() == today.elements.keys()


def test_a_history_has_no_gap_and_ends_with_the_live_state(view, ledger, now_ms):
    sample.turn(ledger, "LSN-L-0002", DOWN, now_ms)
    found = view.history("LSN-L-0002", now_ms - 3_600_000, now_ms + 60_000)
    assert found.runs[0].from_ms == now_ms - 3_600_000
    assert found.runs[-1] == Run(now_ms, now_ms + 60_000, DOWN)
    assert all(a.to_ms == b.from_ms for a, b in zip(found.runs, found.runs[1:], strict=False))


def test_what_no_run_covers_is_unknown_and_neighbours_are_joined():
    runs = [Run(0, 10, UP), Run(10, 20, UP), Run(30, 40, DOWN)]
    assert without_gaps(runs, 5, 50) == [
        Run(5, 20, UP),
        Run(20, 30, UNKNOWN),
        Run(30, 40, DOWN),
        Run(40, 50, UNKNOWN),
    ]


def test_nothing_stored_is_unknown_throughout(view, now_ms):
    found = view.history("nobody", now_ms - 1_000, now_ms)
    assert found.runs == (Run(now_ms - 1_000, now_ms, UNKNOWN),)


def test_health_tells_how_far_the_engine_is_behind_the_journal(view):
    health = view.pipeline_health()
    assert health.lag == 14
    assert not health.blind
    assert health.alarms[0].kind == "figure_differs"


def test_progress_of_the_history_disappears_when_it_is_complete(view, ledger):
    assert view.history_progress() is None
    for done, shown in ((12, True), (30, False)):
        with ledger.writing() as connection:
            positions.save_property(connection, HISTORY_PROPERTY, json.dumps({"done": done, "total": 30}))
        assert (view.history_progress() is not None) is shown


def test_every_enterprise_has_a_feed_also_one_never_heard(view):
    feeds = {one.enterprise: one for one in view.feeds()}
    assert feeds.keys() == {id_ for id_, *_ in sample.ENTERPRISES}
    assert feeds["itel"].last_received_ms is None
    assert feeds["vnm"].silent_since_ms is not None
