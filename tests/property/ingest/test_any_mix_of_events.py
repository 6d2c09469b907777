"""Whatever is sent: accepted are exactly the good events, in any order and any split into requests."""

import asyncio
import json
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.feeds.auth import Caller
from ingest.feeds.framing import CutError, Frame, LineCutter, cut_json
from ingest.feeds.intake import Intake
from ingest.feeds.limits import RateLimits
from ingest.feeds.submission import Rejected, Terms, judge
from schemas.registry import Element, Kind, Registry
from schemas.settings.gateway import GatewaySettings
from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.journal import GroupCommit, Journal

NOW = "2026-11-02T05:00:00Z"
NOW_MS = to_ms(parse_rfc3339(NOW))
REGISTRY = Registry(
    elements={
        "VN-1": (Element("VN-1", Kind.STATION, "vina"),),
        "MB-1": (Element("MB-1", Kind.STATION, "mobi"),),
    }
)
TERMS = Terms("vina", REGISTRY, LocalCalendar(), NOW_MS, 60_000, 10**12)
SETTINGS = GatewaySettings()

GOOD = {
    "specversion": "1.0",
    "source": "vina/noc",
    "type": "btswatch.status.v1",
    "subject": "VN-1",
    "time": NOW,
    "data": {"status": "up"},
}
FAULTS = (
    {"subject": "MB-1"},
    {"subject": "NONE"},
    {"source": "mobi/noc"},
    {"time": "2026-11-02T05:00:00"},
    {"time": "2026-11-02T06:00:00Z"},
    {"data": {"status": "no_response"}},
    {"data": {"status": "up", "metrics": {"a": float("nan")}}},
    {"type": "btswatch.other.v1"},
    {"track": "measured"},
)
good = st.integers(0, 10**6).map(lambda n: (True, {**GOOD, "id": f"g{n}"}))
bad = st.tuples(st.integers(0, 10**6), st.sampled_from(FAULTS)).map(
    lambda pair: (False, {**GOOD, "id": f"b{pair[0]}", **pair[1]})
)
mixes = st.lists(good | bad, max_size=30, unique_by=lambda pair: pair[1]["id"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)

# The machine may be busy; what is tried here is not its speed.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def _push(directory: Path, requests: list[list[dict]]) -> tuple[set[str], int, int, int]:
    limits = RateLimits(SETTINGS)
    with Journal(directory / "journal.db") as journal:
        writer = GroupCommit(journal)
        await writer.start()
        intake = Intake(
            writer, lambda: REGISTRY, LocalCalendar(), SETTINGS, limits, lambda: NOW_MS, lambda: "r_1"
        )
        accepted = duplicates = rejected = 0
        for request in requests:

            async def chunks(events=request):
                yield list(cut_json(json.dumps(events).encode(), 10**6))

            receipt = await intake.take(Caller("k", "vina"), chunks())
            accepted += receipt.accepted
            duplicates += receipt.duplicates
            rejected += receipt.rejected_total
        await writer.stop(5)
        ids = {json.loads(entry.body)["id"] for entry in journal.read(0, 1000)}
        assert len(journal.refused()) == rejected
    return ids, accepted, duplicates, rejected


@settings(calm, max_examples=25)
@given(mixes, st.randoms(use_true_random=False), st.lists(st.integers(0, 30), max_size=3))
def test_accepted_are_exactly_the_good_ones_in_any_order_and_any_batches(mix, random, cuts):
    whole = [event for _, event in mix]
    expected = {event["id"] for is_good, event in mix if is_good}
    shuffled = random.sample(whole, len(whole))
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    batches = [shuffled[a:b] for a, b in pairwise(edges)]
    for requests in ([whole], batches, [whole, *batches]):
        with tempfile.TemporaryDirectory() as directory:
            ids, accepted, duplicates, rejected = asyncio.run(_push(Path(directory), requests))
        assert ids == expected
        assert accepted == len(expected)
        repeats = len(requests) > 1 and requests[0] == whole and requests is not batches
        assert duplicates == (len(expected) if repeats else 0)
        assert rejected == (2 if repeats else 1) * (len(whole) - len(expected))


@calm
@given(st.lists(json_values, max_size=8), st.booleans())
def test_any_json_is_cut_into_its_items(items, ascii_only):
    body = json.dumps(items, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    frames = list(cut_json(body, 10**6))
    assert [json.dumps(json.loads(frame.raw.decode("utf-8", "surrogatepass"))) for frame in frames] == [
        json.dumps(item) for item in items
    ]


@calm
@given(st.binary(max_size=200) | st.text('[]{}",\\:a1 \n').map(str.encode))
def test_any_bytes_are_cut_or_refused_and_judged_without_a_fault(body):
    try:
        frames = list(cut_json(body, 100))
    except CutError:
        frames = []
    cutter = LineCutter(100)
    for frame in [*frames, *cutter.feed(body), *cutter.end()]:
        assert isinstance(judge(frame, TERMS), Rejected)


@calm
@given(
    st.dictionaries(st.sampled_from(["id", *GOOD, "extra"]), json_values, max_size=4),
    st.dictionaries(
        st.sampled_from(["status", "cause", "metrics", "detail", "notice", "from", "to", "elements"]),
        json_values,
        max_size=3,
    ),
    st.sampled_from(["status", "heartbeat", "maintenance", "measurement", "report", "inspection", "x"]),
)
def test_a_disfigured_event_is_an_event_or_a_refusal_with_a_text(changes, data, kind):
    event = {**GOOD, "id": "e", "type": f"btswatch.{kind}.v1", "data": data, **changes}
    judged = judge(Frame(json.dumps(event).encode()), TERMS)
    if isinstance(judged, Rejected):
        assert judged.detail
        assert judged.id is None or isinstance(judged.id, str)
    else:
        assert judged.source.startswith("vina/")
