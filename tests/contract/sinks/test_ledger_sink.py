import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files

import pytest
from sqlalchemy import select

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.ledger import TOPICS, LedgerSink
from processors.sinks.port import Message
from schemas.registry import Registry
from schemas.settings.kafka import KafkaSettings
from schemas.status import Reading
from schemas.time import to_ms
from stores.ledger.feeds import feeds_health, proposals, refused
from stores.ledger.figures import FINAL, figures_of_day, save_final
from stores.ledger.findings import findings_of
from stores.ledger.history import replace_transitions, transitions_of
from stores.ledger.positions import ENGINE, saved_ms
from stores.ledger.province_view import current, current_of
from stores.ledger.tables import METADATA
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, DAY, ENTERPRISES, START, content, message

MINUTE = 60_000


@pytest.fixture
def letters():
    return DeadLetters("ledger", KafkaSettings(), lambda: START)


@pytest.fixture
def rings():
    return []


@pytest.fixture
def sink(ledger, letters, rings):
    made = LedgerSink(ledger, ENTERPRISES, CALENDAR, letters, lambda: rings.append(1))
    made.open()
    return made


def read(ledger, query, *arguments):
    with ledger.reading() as connection:
        return query(connection, *arguments)


def waiting(letters):
    return [(one.topic, one.code) for one in letters._waiting]


def test_results_stand_in_the_ledger_as_the_embedded_engine_writes_them(sink, ledger, rings):
    sink.write(
        [
            told.state(status="down", cause="power", detail="no mains"),
            told.transitions(changes=((0, "unknown", "up"), (30_000, "up", "down"))),
            told.figure(up=30, down=30),
            told.activity(accepted=5),
            told.late(),
        ]
    )
    (state,) = read(ledger, current)
    assert (state.status, state.cause, state.detail, state.metrics) == (
        Reading.DOWN,
        "power",
        "no mains",
        {"load": 0.5},
    )
    (figure,) = read(ledger, figures_of_day, DAY)
    assert (figure.figure.up, figure.figure.down, figure.figure.outages, figure.figure.longest_s) == (
        30,
        30,
        1,
        30,
    )
    assert (figure.technologies, figure.unit, figure.state, figure.revision) == (
        ("4G", "5G"),
        "U1",
        "provisional",
        1,
    )
    assert [one.after for one in read(ledger, transitions_of, "S1", 0, 1 << 60)] == [Reading.UP, Reading.DOWN]
    assert read(ledger, feeds_health)["E1"].accepted == 5
    assert [one.journal_offset for one in read(ledger, proposals, DAY - timedelta(days=9), DAY)] == [7]
    assert read(ledger, saved_ms, ENGINE) == START + MINUTE
    assert rings == [1]


@pytest.mark.parametrize("seed", range(3))
def test_redelivery_and_any_order_among_keys_end_in_the_same_rows(new_ledger, letters, seed):
    dice = random.Random(seed)
    lanes = told.history(dice)
    contents = []
    for disturbed in (False, True):
        ledger = told_ledger(new_ledger)
        sink = LedgerSink(ledger, ENTERPRISES, CALENDAR, letters, lambda: None)
        sink.open()
        for batch in disorder(lanes, dice) if disturbed else [[one for lane in lanes for one in lane]]:
            sink.write(batch)
        contents.append(content(ledger))
        sink.close()
    assert contents[0] == contents[1]
    assert waiting(letters) == []


def told_ledger(new_ledger):
    from stores.ledger import Ledger

    return Ledger(new_ledger())


def disorder(lanes, dice):
    """Each lane's order is kept but for rewinds, as after a rebalance; lanes run ahead of each other; any batches."""
    at = [0] * len(lanes)
    batch = []
    while any(place < len(lane) for place, lane in zip(at, lanes, strict=True)):
        one = dice.randrange(len(lanes))
        if at[one] < len(lanes[one]):
            batch.append(lanes[one][at[one]])
            at[one] += 1
        if dice.random() < 0.05:
            at[one] = max(0, at[one] - dice.randrange(6))
        if dice.random() < 0.2:
            yield batch
            batch = []
    yield batch


def test_the_same_again_writes_nothing(sink, ledger):
    batch = [told.state(), told.transitions(), told.figure(), told.activity(refused=2), told.running_sum()]
    sink.write(batch)
    before = content(ledger, without=())
    sink.write(batch)
    assert content(ledger, without=()) == before


def test_what_is_older_than_what_is_stored_changes_nothing(sink, ledger):
    sink.write(
        [
            told.state(as_of=5 * MINUTE, status="down"),
            told.transitions(as_of=5 * MINUTE, changes=()),
            told.figure(as_of=5 * MINUTE, up=300),
            told.activity(as_of=5 * MINUTE, accepted=9),
            told.running_sum(as_of=5 * MINUTE, up=9),
        ]
    )
    before = content(ledger, without=())
    for older in (told.state(), told.transitions(), told.figure(), told.activity(), told.running_sum()):
        sink.write([older])
    assert content(ledger, without=()) == before


def test_official_rows_and_their_transitions_stay(sink, ledger):
    sink.write([told.figure(), told.transitions()])
    (row,) = read(ledger, figures_of_day, DAY)
    with ledger.writing() as connection:
        save_final(connection, [replace(row, state=FINAL, closed_at_ms=1)])
        replace_transitions(connection, {("S1", DAY): []})
    before = content(ledger, without=("updated_ms",))
    sink.write([told.figure(as_of=9 * MINUTE, up=540), told.transitions(as_of=9 * MINUTE)])
    assert content(ledger, without=("updated_ms",)) == before


def test_a_bad_message_is_put_aside_with_its_reason_and_its_neighbours_are_stored(sink, ledger, letters):
    sink.write(
        [
            told.state("S1"),
            message("states", b"{not json"),
            message("figures", {"figure": 1}),
            told.figure("S2", from_ms=1 << 80),
            replace(told.running_sum(), topic="figures"),
            told.figure("S3"),
        ]
    )
    assert sorted(code for _, code in waiting(letters)) == ["invalid", "invalid", "malformed", "unstorable"]
    assert [one.element for one in read(ledger, current)] == ["S1"]
    assert [one.element for one in read(ledger, figures_of_day, DAY)] == ["S3"]


@pytest.mark.parametrize(
    ("topic", "folder"),
    [
        ("states", "element_state"),
        ("figures", "figure_record"),
        ("transitions", "day_transitions"),
        ("feeds", "feed_activity"),
        ("feeds", "late_evidence"),
        ("findings", "verdict"),
    ],
)
def test_the_contracts_examples_are_taken_or_put_aside(sink, letters, topic, folder):
    root = files("schemas.examples").joinpath(f"{folder}/v1")
    for kind in ("canonical", "boundary", "must_reject"):
        if not root.joinpath(kind).is_dir():
            continue
        for example in root.joinpath(kind).iterdir():
            letters.clear()
            sink.write([message(topic, example.read_bytes())])
            put_aside = [code for _, code in waiting(letters)]
            wanted = kind == "must_reject" or not for_the_ledger(topic, example)
            assert bool(put_aside) == wanted, (example.name, put_aside)


def for_the_ledger(topic, example):
    return topic != "figures" or b'"detail"' in example.read_bytes()


def test_a_feed_s_row_is_the_sum_of_its_partitions(sink, ledger):
    sink.write(
        [
            told.activity(partition=0, accepted=5, refused=2),
            told.activity(partition=3, accepted=7, as_of=2 * MINUTE),
        ]
    )
    sink.write(
        [
            told.activity(partition=0, accepted=6, refused=3, as_of=3 * MINUTE),
            told.activity("poller-1", refused=1),
        ]
    )
    feed = read(ledger, feeds_health)["E1"]
    assert (feed.accepted, feed.refused, feed.last_received_ms) == (13, 3, START + 3 * MINUTE)
    assert set(read(ledger, feeds_health)) == {"E1"}
    assert read(ledger, refused, DAY) == {("E1", "invalid"): 3, ("poller-1", "invalid"): 1}


def test_a_feed_falls_silent_with_engine_time_and_not_with_ours(sink, ledger, rings):
    sink.write([told.activity(as_of=MINUTE)])
    sink.idle(START + 10**9)
    assert read(ledger, feeds_health)["E1"].silent_since_ms is None
    sink.write([told.figure(as_of=17 * MINUTE)])
    rings.clear()
    sink.idle(START + 2 * 10**9)
    assert read(ledger, feeds_health)["E1"].silent_since_ms == START + MINUTE
    assert rings == [1]
    sink.idle(START + 3 * 10**9)
    assert rings == [1]
    sink.write([told.activity(as_of=18 * MINUTE, accepted=2)])
    assert read(ledger, feeds_health)["E1"].silent_since_ms is None


def test_what_tells_old_messages_from_new_ones_is_kept_for_two_weeks_of_engine_time(sink, ledger):
    days = [DAY - timedelta(days=back) for back in (20, 13, 0)]
    sink.write([told.transitions(day=day) for day in days])
    sink.idle(START + 10**12)
    with ledger.reading() as connection:
        kept = connection.execute(select(METADATA.tables["transition_days"].c.day)).scalars().all()
    assert sorted(kept) == sorted(days[1:])


def test_an_element_that_left_is_forgotten(sink, ledger):
    sink.write([told.state("S1"), told.state("S2")])
    sink.write([Message("states", 0, 9, b"S1", b"", {}, START + MINUTE)])
    assert [one.element for one in read(ledger, current)] == ["S2"]


def test_findings_are_replaced_by_later_ones_of_the_same_key(sink, ledger):
    verdict = files("schemas.examples").joinpath("verdict/v1/boundary/running_budget.json").read_text("utf-8")
    newest = json.loads(verdict)["as_of"]
    for as_of in ("2026-11-23T16:08:00Z", newest, "2026-11-23T16:07:00Z"):
        sink.write([message("findings", verdict.replace(newest, as_of).encode())])
    sink.write([told.running_sum(up=10), told.running_sum(as_of=2 * MINUTE, up=20)])
    (sum_,) = read(ledger, findings_of, "E1", 0)
    assert (sum_.scope, sum_.subject, sum_.content["figure"]["seconds"]["up"]) == ("enterprise", "E1", 20)
    with ledger.reading() as connection:
        rows = connection.execute(select(METADATA.tables["findings"])).all()
    found = {(row.finding, row.kind): row.as_of_ms for row in rows}
    assert found["verdict", "station"] == to_ms(datetime.fromisoformat(newest))
    assert sorted(found.values()) == sorted([found["verdict", "station"], START + 2 * MINUTE])


def test_a_screen_finds_what_a_lagging_partition_brought(sink, ledger):
    from dashboards.console.ledger_view import LedgerView
    from schemas.registry import Element, Kind

    elements = {name: (Element(name, Kind.STATION, "E1"),) for name in ("S1", "S2")}
    registry = Registry(enterprises=ENTERPRISES, elements=elements, digest=told.REGISTRY)
    view = LedgerView(ledger, registry, CALENDAR, lambda: START + 10 * MINUTE)
    sink.write([told.state("S1", as_of=9 * MINUTE)])
    seen = view.elements().written_ms
    sink.write([told.state("S2", as_of=MINUTE, status="down")])
    assert "S2" in {one.element.id for one in view.changed(seen).elements}
    # Nothing is fresher than the engine's own time.
    assert view.changed(seen).written_ms == view.pipeline_health().written_ms == START + 9 * MINUTE


def test_a_state_without_its_start_keeps_the_known_one(sink, ledger):
    sink.write([told.state(since="2026-11-01T00:00:00Z")])
    sink.write([told.state(as_of=5 * MINUTE, since=None)])
    assert read(ledger, current_of, "S1").since_ms < START
    sink.write([told.state(as_of=6 * MINUTE, status="down", since=None)])
    assert read(ledger, current_of, "S1").since_ms == START + 6 * MINUTE


def test_every_topic_of_the_catalogue_that_names_this_sink_is_read():
    from schemas.topics import load_topics

    assert set(TOPICS) == {name for name, topic in load_topics().items() if "sinks.ledger" in topic.consumers}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize(
    "said", [told.state, told.transitions, told.figure, told.activity, told.running_sum, told.verdict]
)
def test_a_message_as_of_a_moment_that_no_clock_could_mean_is_put_aside_and_stops_nobody(
    sink, ledger, letters, said, moment
):
    one = said()
    bad = replace(one, value=json.dumps(json.loads(one.value) | {"as_of": moment}).encode())
    sink.write([bad, told.state("S2")])
    sink.idle(START)
    assert waiting(letters) == [(one.topic, "invalid")]
    assert [row.element for row in read(ledger, current)] == ["S2"]
    assert read(ledger, saved_ms, ENGINE) == START + 60_000


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_changes_of_a_day_that_no_clock_could_mean_are_put_aside(sink, letters, day):
    one = told.transitions(changes=())
    sink.write([replace(one, value=json.dumps(json.loads(one.value) | {"day": day}).encode())])
    assert waiting(letters) == [("transitions", "invalid")]
