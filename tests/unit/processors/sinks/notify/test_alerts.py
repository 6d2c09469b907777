import json
from dataclasses import replace
from itertools import product

import pytest

from processors.sinks.notify.alert import Alert, fingerprint
from processors.sinks.notify.grouping import Pace, Untold, due
from processors.sinks.notify.observed import UnreadableError, observed
from processors.sinks.notify.phases import NEXT, Condition, Phase, Spell, Stand, settle, walk
from processors.sinks.notify.texts import Texts, in_languages
from processors.sinks.notify.watch import watched
from processors.sinks.port import Message
from schemas.generate import ROOT
from schemas.time import LocalCalendar, parse_rfc3339, to_ms

HOLDS, GONE, UNSURE = Condition
CALENDAR = LocalCalendar()
VERDICT = json.loads((ROOT / "schemas/examples/verdict/v1/canonical/not_decidable.json").read_text())


class Ids:
    def element(self, element):
        return {"S1": "Trạm Đông Kinh 1"}.get(element, element)

    def unit(self, code):
        return {"05977": "Đông Kinh"}.get(code, code)

    def enterprise(self, enterprise):
        return {"vina": "VinaPhone"}.get(enterprise, enterprise)


TEXTS = Texts("https://noc.example", CALENDAR, Ids())
LABELS = {
    "alertname": "ElementDown",
    "element": "S1",
    "kind": "station",
    "enterprise": "vina",
    "unit": "05977",
}


def ms(text):
    return to_ms(parse_rfc3339(f"2026-11-02T{text}+07:00"))


def alert(element="S1", starts="10:00:00", ends=None, **labels):
    return Alert({**LABELS, "element": element, **labels}, {}, ms(starts), None if ends is None else ms(ends))


def transitions(*changes, day="2026-11-02", as_of="12:00:00", first="up", element="S1"):
    state, listed = first, []
    for at, to in changes:
        listed.append({"at": f"2026-11-02T{at}+07:00", "from": state, "to": to})
        state = to
    value = {
        "element": element,
        "kind": "station",
        "enterprise": "vina",
        "unit": "05977",
        "day": day,
        "as_of": f"2026-11-02T{as_of}+07:00",
        "changes": listed,
    }
    return message("transitions", value)


def message(topic, value):
    return Message(topic, 0, 1, b"k", json.dumps(value).encode(), {}, ms("12:00:00"))


def seen(value):
    return observed(value, CALENDAR.start_of)


def test_a_fingerprint_is_fnv_1a_of_the_sorted_labels():
    # FNV-1a 64: its offset basis, and its published value of "a" followed through the separators.
    assert fingerprint({}) == "cbf29ce484222325"
    value = 0xCBF29CE484222325
    for byte in b"a\xffb\xffc\xffd\xff":
        value = (value ^ byte) * 0x100000001B3 % 2**64
    assert fingerprint({"c": "d", "a": "b"}) == f"{value:016x}"


def test_the_state_table_says_what_follows_each_phase_and_condition():
    assert set(NEXT) == set(product(Phase, Condition))
    assert {key for key, phase in NEXT.items() if phase is Phase.FIRING} == {
        (Phase.FIRING, HOLDS),
        (Phase.FIRING, UNSURE),
    }


@pytest.mark.parametrize(
    ("changes", "clock", "spells", "phase"),
    [
        ([(0, HOLDS)], 59, [], Phase.PENDING),
        ([(0, HOLDS)], 60, [(0, None)], Phase.FIRING),
        ([(0, HOLDS), (59, GONE)], 200, [], Phase.INACTIVE),
        ([(0, HOLDS), (60, GONE)], 200, [(0, 60)], Phase.INACTIVE),
        ([(0, HOLDS), (59, UNSURE), (80, HOLDS)], 100, [], Phase.PENDING),
        ([(0, HOLDS), (70, UNSURE), (80, HOLDS)], 100, [(0, None)], Phase.FIRING),
        ([(0, HOLDS), (70, UNSURE), (80, GONE)], 100, [(0, 80)], Phase.INACTIVE),
        ([(0, HOLDS), (70, GONE), (80, HOLDS), (200, GONE)], 300, [(0, 70), (80, 200)], Phase.INACTIVE),
        ([(0, UNSURE)], 300, [], Phase.INACTIVE),
    ],
)
def test_a_condition_fires_once_it_has_lasted_and_ends_when_it_is_known_to_be_gone(
    changes, clock, spells, phase
):
    found = walk(Stand(), changes, clock, 60)
    assert ([(s.starts_ms, s.ends_ms) for s in found.spells], found.stand.phase) == (spells, phase)


@pytest.mark.parametrize(
    ("known", "found", "written"),
    [
        ([], [(10, None)], [(10, None)]),
        ([(10, None)], [(10, None)], []),
        ([(10, None)], [(7, None)], []),
        ([(10, None)], [(7, 30)], [(10, 30)]),
        ([(10, None)], [], [(10, 99)]),
        ([(10, 30)], [(7, 32)], []),
        ([(10, 30)], [(10, None)], [(30, None)]),
        ([(10, 30)], [(10, 30), (50, None)], [(50, None)]),
        ([(10, None)], [(10, 30), (50, None)], [(10, 30), (50, None)]),
        ([(10, 30)], [], []),
    ],
)
def test_what_was_told_keeps_its_start_though_late_evidence_moves_it(known, found, written):
    spells = settle([Spell(*one) for one in known], [Spell(*one) for one in found], 99)
    assert [(s.starts_ms, s.ends_ms) for s in spells] == written


def test_planned_and_degraded_end_it_and_unknown_does_not():
    changes = seen(
        transitions(("10:00:00", "down"), ("10:05:00", "unknown"), ("10:06:00", "planned"))
    ).changes
    assert [condition for _, condition in changes] == [HOLDS, UNSURE, GONE]


def test_an_older_message_changes_nothing_and_the_same_again_gives_the_same():
    first = seen(transitions(("10:00:00", "down"), as_of="10:10:00"))
    watch, spells = watched(None, first, "transitions/0", ms("10:10:00"), 60_000)
    assert [one.starts_ms for one in spells] == [ms("10:00:00")]
    assert watched(watch, first, "transitions/0", ms("10:10:00"), 60_000) == (watch, spells)
    assert watched(watch, replace(first, as_of_ms=first.as_of_ms - 1), "t", ms("10:11:00"), 60_000) is None
    assert watched(watch, replace(first, stamp=first.stamp - 1), "t", ms("10:11:00"), 60_000) is None


def test_what_was_told_before_is_withdrawn_by_an_empty_set():
    watch, _ = watched(
        None, seen(transitions(("10:00:00", "down"), as_of="10:10:00")), "t", ms("10:10:00"), 60_000
    )
    watch, spells = watched(watch, seen(transitions(as_of="10:20:00")), "t", ms("10:20:00"), 60_000)
    assert (watch.stand.phase, spells) == (Phase.INACTIVE, ())


def test_down_over_midnight_stays_one_alert():
    watch, _ = watched(None, seen(transitions(("10:00:00", "down"))), "t", ms("12:00:00"), 60_000)
    watch, spells = watched(watch, seen(transitions(day="2026-11-03")), "t", ms("12:00:00"), 60_000)
    assert spells == (Spell(ms("10:00:00"), None),)


def test_an_element_that_was_down_before_anything_was_heard_is_down_since_the_day_began():
    _, spells = watched(
        None, seen(transitions(("09:00:00", "up"), first="down")), "t", ms("12:00:00"), 60_000
    )
    assert spells == (Spell(ms("00:00:00"), ms("09:00:00")),)


@pytest.mark.parametrize(
    ("result", "condition"),
    [("fail", HOLDS), ("pass", GONE), ("not_decidable", UNSURE), ("not_applicable", UNSURE)],
)
def test_of_findings_only_a_failed_threshold_is_an_alert(result, condition):
    said = seen(message("findings", VERDICT | {"result": result, "as_of": "2026-11-02T05:00:00Z"}))
    assert [one for _, one in said.changes] == [condition]
    assert said.labels["subject"] == "viettel"


@pytest.mark.parametrize("topic", ["transitions", "findings"])
def test_what_is_no_message_of_its_topic_is_told_as_such(topic):
    for value in ({}, {"element": 5}, [1]):
        with pytest.raises(UnreadableError):
            seen(message(topic, value))


def test_alerts_of_one_enterprise_and_unit_go_out_together_after_a_wait_and_then_rest():
    pace, now = Pace(10_000, 60_000, 2), ms("10:00:00")
    untold = [Untold(alert(f"S{n}"), now) for n in range(3)] + [Untold(alert("X", unit="06184"), now + 5_000)]
    assert due(untold, {}, pace, now + 9_999) == []
    first, second = due(untold, {}, pace, now + 10_000)
    assert [len(one.alerts) for one in (first, second)] == [2, 1]
    assert first.key == '{}:{enterprise="vina", unit="05977"}'
    sent = {first.group: now + 10_000}
    assert [one.group for one in due(untold, sent, pace, now + 20_000)] == [
        (("enterprise", "vina"), ("unit", "06184"))
    ]
    assert len(due(untold, sent, pace, now + 70_000)) == 3


def test_texts_are_short_neutral_in_both_languages_and_link_to_the_console():
    down, over = alert(), alert(ends="10:20:00")
    assert TEXTS.line(down, "vi") == "Trạm S1 (Trạm Đông Kinh 1) mất liên lạc từ 10:00 02/11"
    assert TEXTS.line(down, "en") == "Station S1 (Trạm Đông Kinh 1) down since 10:00 02/11"
    assert "sau 20 phút" in TEXTS.line(over, "vi")
    assert "after 20 min" in TEXTS.line(over, "en")
    assert TEXTS.group([down, over], "vi") == "VinaPhone · Đông Kinh: 1 cảnh báo mới, 1 đã kết thúc"
    assert TEXTS.link(down) == "https://noc.example/stations/S1"
    assert TEXTS.link(alert("a/b c")) == "https://noc.example/stations/a%2Fb%20c"
    both = in_languages("both", lambda one: TEXTS.line(down, one))
    assert both.index("mất liên lạc") < both.index("down since")


def test_a_finding_is_called_a_finding_and_never_a_violation():
    said = seen(message("findings", VERDICT | {"result": "fail", "as_of": "2026-11-02T05:00:00Z"}))
    for ends in (None, said.as_of_ms + 1):
        one = Alert(said.labels, said.facts, said.as_of_ms, ends)
        for language in ("vi", "en"):
            text = TEXTS.line(one, language).lower()
            assert "99 %" in text
            assert not any(word in text for word in ("violat", "vi phạm", "breach", "fine", "phạt"))


def test_of_very_many_alerts_the_first_are_listed_and_the_rest_counted():
    body = TEXTS.body([alert(f"S{n}") for n in range(25)], "en")
    assert body.count("down since") == 20
    assert "and 5 more" in body
