import sqlite3
from pathlib import Path

import pytest

from stores.doorbell import Doorbell
from stores.journal import (
    Journal,
    JournalFullError,
    JournalUnavailableError,
    JournalVersionError,
    ListLimits,
    OriginRefusedError,
    Outcome,
    Refused,
)


def outcomes(answers):
    return [answer.outcome.value for answer in answers]


def refusal(number, body=b"{}"):
    return Refused(number, "viettel", "gateway", "invalid", "no time", body)


def test_entries_come_back_in_order_with_all_they_had(journal, entry):
    first, trap = entry(1), entry("", kind="trap", reporter="10.0.0.1:162", body=b"\x30\x00\xff", at_ms=7)
    answers = journal.append([first, trap], "r1")
    assert [(a.outcome, a.offset, a.receipt) for a in answers] == [
        (Outcome.ACCEPTED, 1, "r1"),
        (Outcome.ACCEPTED, 2, "r1"),
    ]
    stored = journal.read(0, 10)
    assert [(s.offset, s.kind, s.reporter, s.received_ms, s.body) for s in stored] == [
        (1, "event", "viettel", 1_000, first.body),
        (2, "trap", "10.0.0.1:162", 7, b"\x30\x00\xff"),
    ]


def test_reading_goes_on_behind_an_offset_and_chooses_kinds(journal, entry):
    journal.append([entry(i, kind="trap" if i % 3 == 0 else "event") for i in range(1, 10)])
    assert [s.offset for s in journal.read(4, 3)] == [5, 6, 7]
    assert [s.offset for s in journal.read(0, 10, ["trap"])] == [3, 6, 9]
    assert [s.offset for s in journal.read(5, 2, ["event"])] == [7, 8]
    assert [s.offset for s in journal.read(7, 10, ["event", "trap"])] == [8, 9]
    assert journal.read(9, 10) == []


def test_reading_large_bodies_stops_early_but_always_gives_one(journal, entry):
    journal.append([entry(i, body=bytes(5 << 20)) for i in range(3)])
    assert [s.offset for s in journal.read(0, 10)] == [1, 2]
    assert [s.offset for s in journal.read(2, 10)] == [3]


def test_the_same_event_again_is_a_duplicate_with_the_first_receipt(journal, entry):
    journal.append([entry(1)], "first")
    [answer] = journal.append([entry(1)], "second")
    assert (answer.outcome, answer.offset, answer.receipt) == (Outcome.DUPLICATE, 1, "first")
    assert journal.last_offset() == 1


def test_an_id_with_another_content_is_a_conflict_and_changes_nothing(journal, entry):
    journal.append([entry(1)], "first")
    assert outcomes(journal.append([entry(1, "other")])) == ["conflict"]
    assert outcomes(journal.append([entry(1)])) == ["duplicate"]
    assert [s.body for s in journal.read(0, 10)] == [entry(1).body]


def test_duplicates_and_conflicts_inside_one_batch_are_seen(journal, entry):
    answers = journal.append([entry(1), entry(2), entry(1), entry(2, "other"), entry(3)], "r")
    assert outcomes(answers) == ["accepted", "accepted", "duplicate", "conflict", "accepted"]
    assert [a.offset for a in answers] == [1, 2, 1, 2, 3]


def test_the_same_id_of_another_reporter_or_source_is_another_event(journal, entry):
    assert outcomes(journal.append([entry(1), entry(1, reporter="vnpt")])) == ["accepted", "accepted"]


def test_more_identities_than_one_query_holds_are_all_found(journal, entry):
    journal.append([entry(i) for i in range(1_300)])
    assert set(outcomes(journal.append([entry(i) for i in range(1_300)]))) == {"duplicate"}


def test_traps_are_all_kept_since_they_have_no_identity(journal, entry):
    trap = entry("", kind="trap")
    assert outcomes(journal.append([trap, trap])) == ["accepted", "accepted"]
    assert outcomes(journal.append([trap])) == ["accepted"]


def test_an_event_whose_identity_is_not_remembered_is_always_new(journal, entry):
    plain = entry(1)
    plain = type(plain)(
        plain.kind, plain.reporter, plain.source, plain.id, b"", plain.received_ms, plain.body
    )
    assert outcomes(journal.append([plain, plain])) == ["accepted", "accepted"]


def test_a_refused_event_does_not_occupy_its_id(journal, entry):
    journal.refuse(refusal(1, entry(1).body))
    assert outcomes(journal.append([entry(1)])) == ["accepted"]


def test_a_job_that_fails_takes_its_whole_transaction_back(journal, entry):
    def spoil(transaction):
        transaction.append([entry(2)])
        raise KeyError("mine")

    with pytest.raises(KeyError):
        journal.write([lambda transaction: transaction.append([entry(1)]), spoil])
    assert journal.read(0, 10) == []
    assert outcomes(journal.append([entry(1), entry(2)])) == ["accepted", "accepted"]


def test_offsets_are_never_used_twice_even_when_all_is_trimmed(journal, entry):
    journal.append([entry(1), entry(2)])
    journal.commit("engine", 2)
    assert journal.trim(keep_after_ms=10**15) == 2
    assert journal.first_offset() is None
    assert journal.last_offset() == 2
    assert journal.append([entry(3)])[0].offset == 3


def test_trimming_stops_at_the_slowest_consumer_and_at_the_retention(journal, entry):
    journal.append([entry(i, at_ms=i * 100) for i in range(1, 11)])
    assert journal.trim(10**15) == 0  # nobody has read anything
    journal.register("archive")
    journal.commit("engine", 8)
    assert journal.trim(10**15) == 0
    journal.commit("archive", 5)
    assert journal.trim(300) == 2
    assert journal.first_offset() == 3
    assert journal.trim(10**15) == 3
    journal.forget_consumer("archive")
    assert journal.trim(10**15) == 3
    assert [s.offset for s in journal.read(0, 10)] == [9, 10]


def test_retention_works_in_steps_through_many_entries(journal, entry):
    journal.append([entry(i) for i in range(4_500)])
    journal.commit("engine", 4_500)
    assert journal.trim(10**15) == 4_500
    assert journal.forget_identities(10**15) == 4_500
    assert outcomes(journal.append([entry(0)])) == ["accepted"]


def test_identities_outlive_their_entries_until_their_time_is_over(tmp_path, entry):
    with Journal(tmp_path / "j.db", identity_ms=1_000) as journal:
        journal.append([entry(1, at_ms=5_000)], "r1")
        journal.commit("engine", 1)
        journal.trim(10**15)
        assert journal.forget_identities(now_ms=6_000) == 0
        assert journal.append([entry(1)])[0].receipt == "r1"
        assert journal.forget_identities(now_ms=6_001) == 1
        assert outcomes(journal.append([entry(1)])) == ["accepted"]


def test_positions_are_kept_and_can_go_back_but_not_beyond_the_end(journal, entry):
    journal.append([entry(1), entry(2)])
    assert journal.position("engine") == 0
    journal.commit("engine", 2)
    journal.register("engine")
    assert journal.consumers() == {"engine": 2}
    journal.commit("engine", 1)
    assert journal.position("engine") == 1
    with pytest.raises(ValueError, match=r"position 3 of engine is not in 0\.\.2"):
        journal.commit("engine", 3)


def test_a_full_journal_refuses_the_whole_batch_and_takes_again_when_there_is_room(tmp_path, entry):
    with Journal(tmp_path / "j.db", max_bytes=1 << 20) as journal:
        stored = 0

        def fill():
            nonlocal stored
            while True:
                journal.append([entry(f"{stored}-{i}", body=bytes(10_000)) for i in range(10)])
                stored += 10

        with pytest.raises(JournalFullError) as caught:
            fill()
        assert caught.value.max_bytes == 1 << 20
        assert caught.value.used_bytes > 1 << 20
        assert 50 < stored < 105
        assert journal.last_offset() == stored
        assert len(journal.read(0, 1_000)) == stored
        # What makes room still works at the bound.
        journal.refuse(refusal(1))
        journal.save_receipt("r", "viettel", 1, b"{}")
        journal.commit("engine", stored)
        assert outcomes(journal.append([entry("0-0")])) == ["duplicate"]
        journal.trim(10**15)
        assert outcomes(journal.append([entry(f"{stored}-0", body=bytes(10_000))])) == ["accepted"]


def test_production_refuses_simulated_and_imported_entries(tmp_path, entry):
    with Journal(tmp_path / "j.db", production=True) as journal:
        with pytest.raises(OriginRefusedError) as caught:
            journal.append([entry(1), entry(2, origin="simulated")])
        assert (caught.value.origin, caught.value.event_id) == ("simulated", "2")
        assert journal.last_offset() == 0
        assert outcomes(journal.append([entry(1)])) == ["accepted"]


def test_receipts_are_for_their_reporter_only(journal):
    journal.save_receipt("r1", "viettel", 5, b'{"receipt":"r1"}')
    journal.save_receipt("r1", "vnpt", 6, b"forged")
    assert journal.receipt("r1", "viettel") == b'{"receipt":"r1"}'
    assert journal.receipt("r1", "vnpt") is None
    assert journal.receipt("r2", "viettel") is None


def test_a_receipt_that_is_open_may_change_once_and_is_not_told_before(journal):
    journal.save_receipt("r1", "viettel", 1, b"one")
    for name in ("r2", "r3"):
        journal.write([lambda t, name=name: t.save_receipt(name, "viettel", 2, b"disk", open_until_ms=500)])
    journal.save_receipt("r4", "viettel", 3, b"four")
    assert [one.id for one in journal.receipts(0, 10)] == ["r1"]
    assert journal.receipt("r3", "viettel") == b"disk"

    assert journal.write([lambda t: t.settle_receipt("r2", b"kafka")]) == [True]
    assert journal.write([lambda t: t.settle_receipt("r2", b"again")]) == [False]
    assert journal.write([lambda t: t.settle_receipt("r1", b"again")]) == [False]
    assert [(one.id, one.body) for one in journal.receipts(0, 10)] == [("r1", b"one"), ("r2", b"kafka")]

    assert journal.close_receipts(499) == 0
    assert journal.close_receipts(500) == 1
    assert journal.write([lambda t: t.settle_receipt("r3", b"late")]) == [False]
    assert [one.body for one in journal.receipts(2, 10)] == [b"disk", b"four"]
    assert journal.tallies()["receipt"].bytes == len(b"one" + b"kafka" + b"disk" + b"four")


def test_the_lists_drop_their_oldest_and_count_them(tmp_path):
    lists = ListLimits(receipts=2, refused=3, refused_bytes=1_000, refused_body_bytes=500)
    with Journal(tmp_path / "j.db", lists=lists) as journal:
        for number in range(5):
            journal.save_receipt(f"r{number}", "viettel", number, b"12345")
        assert [journal.receipt(f"r{n}", "viettel") for n in range(5)] == [
            None,
            None,
            None,
            b"12345",
            b"12345",
        ]
        journal.refuse(*(refusal(n) for n in range(5)))
        assert [r.at_ms for r in journal.refused()] == [2, 3, 4]
        journal.refuse(refusal(5, bytes(500)), refusal(6, bytes(501)))
        assert [(r.at_ms, len(r.body), r.truncated) for r in journal.refused()] == [
            (5, 500, False),
            (6, 500, True),
        ]
        tallies = journal.tallies()
        assert (tallies["receipt"].count, tallies["receipt"].bytes, tallies["receipt"].dropped) == (2, 10, 3)
        assert (tallies["refused"].count, tallies["refused"].bytes, tallies["refused"].dropped) == (
            2,
            1_000,
            5,
        )


def test_refused_events_can_be_paged_and_taken_off(journal):
    journal.refuse(*(refusal(n) for n in range(4)))
    assert [r.number for r in journal.refused(after=1, limit=2)] == [2, 3]
    assert journal.drop_refused([2, 3, 99]) == 2
    assert [r.at_ms for r in journal.refused()] == [0, 3]
    assert journal.tallies()["refused"].count == 2


def test_the_bells_ring_after_something_was_appended_and_only_then(tmp_path, entry):
    with Doorbell(tmp_path / "engine.bell") as bell:
        journal = Journal(tmp_path / "j.db", bells=[bell, Doorbell(tmp_path / "nobody.bell")])
        with journal:
            journal.append([entry(1)])
            assert bell.wait(5)
            journal.append([entry(1)])
            journal.refuse(refusal(1))
            assert not bell.wait(0)


def test_a_second_process_object_sees_what_the_first_committed(tmp_path, entry):
    with Journal(tmp_path / "j.db") as one, Journal(tmp_path / "j.db") as two:
        one.append([entry(1)])
        assert outcomes(two.append([entry(1), entry(2)])) == ["duplicate", "accepted"]
        assert [s.offset for s in one.read(0, 10)] == [1, 2]


def test_a_newer_schema_is_refused_with_a_clear_error(tmp_path):
    with Journal(tmp_path / "j.db"):
        pass
    raw = sqlite3.connect(tmp_path / "j.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(JournalVersionError, match="schema version 99, this btswatch knows 3"):
        Journal(tmp_path / "j.db").open()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "j.db").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(JournalUnavailableError, match="not a database"):
        Journal(tmp_path / "j.db").open()


def test_a_closed_journal_says_so(tmp_path, entry):
    journal = Journal(tmp_path / "j.db")
    with pytest.raises(JournalUnavailableError, match="is not open"):
        journal.append([entry(1)])
    with pytest.raises(JournalUnavailableError, match="is not open"):
        journal.read(0, 1)
