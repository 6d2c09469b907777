import json
import sqlite3

import pytest

from schemas.status import Track
from schemas.time import format_ms
from stores.entries import entry_of
from stores.journal import Refused
from stores.journal_schema import _TABLES
from tests.contract.dead_letters.place import event, now_ms

DAY_MS = 86_400_000


def trap(community=b"secret"):
    """A v2c trap with sysUpTime alone."""
    pdu = bytes.fromhex("a71a020101020100020100300f300d06082b06010201010300430100")
    head = b"\x02\x01\x01\x04" + bytes([len(community)]) + community
    return bytes([0x30, len(head + pdu)]) + head + pdu


def refuse(place, entrance, body, code="invalid", *, at_ms=None, reporter="vina", truncated=False):
    with place.journal() as journal:
        journal.refuse(Refused(at_ms or now_ms(), reporter, entrance, code, "why", body, truncated))


def test_what_is_valid_by_now_is_accepted_once_and_its_sender_finds_the_receipt(place, dlq, listed):
    body = json.dumps([event("e1", "VN-2"), event("e2", "VN-1")])
    answer = place.push(body)
    assert (answer.json()["accepted"], answer.json()["rejected"][0]["code"]) == (1, "unknown_element")
    (letter,) = listed()
    assert (letter["id"], letter["entrance"], letter["reporter"]) == ("j1", "gateway", "vina")
    place.add_station("VN-2")
    code, out, _ = dlq("replay", "j1", "--by", "an")
    assert (code, "1 accepted under receipt r_" in out) == (0, True)
    lines = place.lines()
    assert [line["id"] for line in lines] == ["e2", "e1"]
    assert (lines[1]["reporter"], lines[1]["track"]) == ("vina", "declared")
    # Never twice, neither by us nor by its sender, who is told where it is.
    assert dlq("replay", "j1")[0] == 1
    again = place.push(body).json()
    assert (again["accepted"], again["duplicates"]) == (0, 2)
    receipt = next(one["receipt"] for one in again["repeated"] if one["id"] == "e1")
    with place.journal() as journal:
        assert json.loads(journal.receipt(receipt, "vina"))["accepted"] == 1
    assert len(place.lines()) == 2
    assert listed() == []
    (done,) = listed("--settled")
    assert (done["settled"]["action"], done["settled"]["by"]) == ("replayed", "an")
    assert receipt in done["settled"]["note"]


def test_what_is_still_invalid_is_refused_again_and_stays_with_its_newest_reason(place, dlq, listed):
    place.push(json.dumps(event("e1", "VN-2", source="other/noc")))
    assert listed()[0]["code"] == "wrong_source"
    for tries in (1, 2):
        code, out, err = dlq("replay", "j1")
        assert (code, err.count("\n")) == (1, 1)
        assert "refused: wrong_source: source must begin with vina/" in out
        (letter,) = listed()
        assert letter["id"] == "j1"
        shown = json.loads(dlq("show", "j1", "--format", "json")[1])
        assert shown["tries"] == tries
    assert place.lines() == []


def test_of_a_body_of_several_events_the_good_are_taken_and_the_bad_become_letters(place, dlq, listed):
    refuse(place, "gateway", json.dumps([event("a"), event("b", "no")]).encode(), "malformed")
    code, out, _ = dlq("replay", "j1")
    assert (code, "1 accepted" in out, "1 refused again" in out) == (0, True, True)
    (letter,) = listed()
    assert (letter["id"], letter["code"]) == ("j2", "unknown_element")


def test_an_event_that_came_again_meanwhile_is_not_taken_a_second_time(place, dlq, listed):
    sent = event("e1", "VN-2")
    place.push(json.dumps(sent))
    place.add_station("VN-2")
    place.push(json.dumps(sent))
    code, out, _ = dlq("replay", "j1")
    assert (code, "1 were here already" in out) == (0, True)
    assert (len(place.lines()), listed()) == (1, [])


def test_an_id_that_was_used_otherwise_meanwhile_is_a_conflict(place, dlq, listed):
    place.push(json.dumps(event("e1", "VN-2")))
    place.push(json.dumps(event("e1", "VN-1")))
    place.add_station("VN-2")
    code, out, _ = dlq("replay", "j1")
    assert (code, "conflict" in out) == (1, True)
    assert listed()[0]["code"] == "conflict"


def test_traps_go_back_to_the_decoder_with_the_time_at_which_they_came(place, dlq, listed):
    at_ms = now_ms() - 3_600_000
    refuse(place, "traps", trap(), "unknown_community", at_ms=at_ms, reporter="10.0.0.1:40000")
    refuse(
        place, "traps", trap(), "unknown_community", at_ms=now_ms() - 9 * DAY_MS, reporter="10.0.0.1:40000"
    )
    code, out, _ = dlq("replay", "--all", "--entrance", "traps")
    assert (code, "j1 replayed" in out, "j2 refused: its day is closed" in out) == (1, True, True)
    with place.journal() as journal:
        (stored,) = journal.read(0, 10, ["trap"])
    assert (stored.body, stored.received_ms, stored.reporter) == (trap(), at_ms, "10.0.0.1:40000")
    assert [letter["id"] for letter in listed()] == ["j2"]


def test_a_traps_community_is_shown_nowhere(place, dlq):
    refuse(place, "traps", trap(b"topsecret"), "unknown_community", reporter="10.0.0.1:4")
    for form in ("text", "json"):
        code, out, _ = dlq("show", "j1", "--format", form)
        assert code == 0
        assert "1.3.6.1.2.1.1.3.0" in out
        assert "topsecret" not in out
        assert b"topsecret".hex(" ") not in out
        assert "credentials.toml" in out


@pytest.mark.parametrize(("age_days", "kept"), [(0.1, True), (9, False)])
def test_the_engines_events_keep_their_receipt_while_their_day_is_open(place, dlq, age_days, kept):
    received_ms = now_ms() - int(age_days * DAY_MS)
    entry = entry_of(event(at_ms=received_ms), received_ms=received_ms, track=Track.DECLARED, reporter="vina")
    refuse(place, "engine", entry.body, "unknown_element")
    assert dlq("replay", "j1")[0] == 0
    (line,) = place.lines()
    assert (line["receivedtime"] == format_ms(received_ms)) == kept
    assert dlq("replay", "j1")[0] == 1
    assert len(place.lines()) == 1


def test_what_the_engine_could_not_read_is_refused_again_at_once(place, dlq, listed):
    refuse(place, "engine", b'{"id": 1}')
    assert dlq("replay", "j1")[0] == 1
    assert (place.lines(), listed()[0]["code"]) == ([], "invalid")


def test_simulated_events_stay_out_of_a_production_journal(place, dlq):
    line = entry_of(
        event(), received_ms=now_ms(), track=Track.DECLARED, reporter="vina", origin="simulated"
    ).body
    refuse(place, "engine", line)
    code, _, err = dlq("replay", "j1")
    assert (code, place.lines(), err.count("\n")) == (3, [], 1)


def test_a_body_of_which_only_the_beginning_was_kept_is_not_put_back(place, dlq, listed):
    refuse(place, "gateway", json.dumps(event()).encode(), "too_large", truncated=True)
    code, out, _ = dlq("replay", "j1")
    assert (code, "only its beginning was kept" in out) == (1, True)
    assert (place.lines(), len(listed())) == ([], 1)


def test_a_drop_needs_a_reason_and_is_remembered(place, dlq, listed):
    refuse(place, "gateway", b"{}")
    assert dlq("drop", "j1")[0] == 2
    assert dlq("drop", "j1", "--reason", " ")[0] == 2
    assert len(listed()) == 1
    assert dlq("drop", "j1", "--reason", "a vendor's test", "--by", "an")[0] == 0
    assert dlq("drop", "j1", "--reason", "again")[0] == 1
    (done,) = listed("--settled")
    assert (done["settled"]["action"], done["settled"]["by"], done["settled"]["note"]) == (
        "dropped",
        "an",
        "a vendor's test",
    )
    code, out, _ = dlq("show", "j1")
    assert (code, "a vendor's test" in out, "not kept" in out) == (0, True, True)


def test_filters_choose_by_code_reporter_entrance_and_time(place, dlq, listed):
    old = now_ms() - DAY_MS
    refuse(place, "gateway", b"1", "invalid", at_ms=old)
    refuse(place, "gateway", b"2", "malformed")
    refuse(place, "traps", b"3", "malformed", reporter="10.0.0.1:1")
    ids = lambda *arguments: [letter["id"] for letter in listed(*arguments)]  # noqa: E731 - one word for four asserts
    assert ids() == ["j1", "j2", "j3"]
    assert ids("--code", "malformed") == ["j2", "j3"]
    assert ids("--entrance", "traps") == ids("--reporter", "10.0.0.1:1") == ["j3"]
    assert ids("--since", format_ms(old + 1)) == ["j2", "j3"]
    _, _, err = dlq("list", "--limit", "1")
    assert "2 more" in err


def test_the_table_shows_no_control_codes_of_a_sender(place, dlq):
    refuse(place, "gateway", b"\x1b[2J", reporter="a\x1b[31m\nb")
    for arguments in (("list",), ("show", "j1")):
        code, out, _ = dlq(*arguments)
        assert (code, "\x1b" in out) == (0, False)


@pytest.mark.parametrize(
    "wrong",
    [
        ("show", "x1"),
        ("show", "j7"),
        ("replay",),
        ("replay", "j1", "--all"),
        ("list", "--since", "noon"),
        ("show", "k1"),
    ],
)
def test_misuse_is_one_line_and_exit_2(place, dlq, wrong):
    refuse(place, "gateway", b"{}")
    code, _, err = dlq(*wrong)
    assert (code, err.count("\n")) == (2, 1)


def test_an_unknown_id_names_the_nearest(place, dlq):
    refuse(place, "gateway", b"{}")
    assert "the nearest is j1" in dlq("show", "j12")[2]


def test_without_a_journal_it_is_out_of_reach(tmp_path, dlq, place):
    code, _, err = dlq("list", "--data", str(tmp_path / "elsewhere"))
    assert (code, err.count("\n")) == (3, 1)


def test_a_journal_of_the_former_release_gains_the_list_of_what_is_settled(place, dlq, listed):
    path = place.directory.path / "journal.db"
    for file in path.parent.glob("journal.db*"):
        file.unlink()
    old = sqlite3.connect(path)
    for statement in _TABLES:
        old.execute(statement)
    old.execute("INSERT INTO refused VALUES (1, 5, 'vina', 'gateway', 'invalid', 'why', x'7b7d', 0)")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    assert [letter["id"] for letter in listed()] == ["j1"]
    assert dlq("drop", "j1", "--reason", "old")[0] == 0
