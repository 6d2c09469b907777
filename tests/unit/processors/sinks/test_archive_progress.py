"""What the archive's note remembers: repetitions, positions, and until when the archive is complete."""

import json

import pytest

from processors.sinks.archive_progress import ForeignNoteError, Progress


def progress(**more):
    return Progress(partitions=2, **more)


def test_an_event_is_new_once_per_forwarder_and_key():
    found = progress()
    assert found.is_new("f", "7", 3)
    assert not found.is_new("f", "7", 3)
    assert not found.is_new("f", "7", 2)
    assert found.is_new("f", "8", 2)
    assert found.is_new("g", "7", 3)
    assert found.is_new("f", "7", 4)


def test_what_an_engine_had_archived_of_a_journal_is_not_new():
    found = progress(floors={"f": 10})
    assert not found.is_new("f", "7", 10)
    assert found.is_new("f", "7", 11)
    assert found.is_new("g", "7", 1)


def test_a_journal_that_came_back_from_a_backup_gives_offsets_again_and_its_events_are_new():
    minute, found = 60_000, progress(floors={"f": 10})
    assert found.is_new("f", "7", 11, minute)
    assert found.is_new("f", "8", 30, 2 * minute)
    # Received a little later than what stands behind it in the journal: sent again all the same.
    assert not found.is_new("f", "8", 29, 2 * minute + 900)
    assert found.is_new("f", "8", 9, 5 * minute)
    again = Progress.of_note(found.note())
    assert again == found
    for one in (found, again):
        assert not one.is_new("f", "8", 30, 2 * minute)
        assert not one.is_new("f", "9", 8, minute)
        assert not one.is_new("f", "8", 9, 5 * minute)
        assert one.is_new("f", "7", 8, 5 * minute - 2)
        assert one.is_new("f", "8", 10, 6 * minute)
        assert one.is_new("g", "8", 1, minute)


def test_a_note_that_does_not_say_what_was_received_last_goes_by_the_ticks():
    found = progress(marks={"f": {"7": 5}}, through={"f": {0: 60_000, 1: 90_000}})
    found.newest = {}
    note = json.loads(found.note())
    for name in ("newest", "before", "before_ms"):
        del note[name]
    again = Progress.of_note(json.dumps(note))
    assert not again.is_new("f", "7", 5, 90_000)
    assert again.is_new("f", "7", 5, 100_000)


def test_it_is_complete_only_when_all_forwarders_are_through_on_all_partitions():
    found = progress()
    assert not found.is_complete(0, ())
    found.ticked("f", 0, 100)
    assert not found.is_complete(50, ())
    found.ticked("f", 1, 80)
    assert found.is_complete(79, ())
    assert not found.is_complete(80, ())
    found.ticked("f", 1, 60)
    assert found.is_complete(79, ())
    found.ticked("g", 0, 10)
    assert not found.is_complete(79, ())
    assert found.is_complete(79, ("g",))
    assert found.forwarders_through(()) == {"f": 80, "g": 0}
    assert found.is_complete(10**15, ("f", "g"))


def test_a_note_brings_back_what_was_noted():
    found = progress(floors={"f": 3}, positions={0: 5, 11: 9})
    found.is_new("f", "7", 4)
    found.ticked("f", 1, 80)
    again = Progress.of_note(found.note())
    assert again == found
    assert not again.is_new("f", "7", 4)


@pytest.mark.parametrize("note", ["", "[]", "{}", "5", '{"evidence": 2}', '{"evidence": 1, "positions": 5}'])
def test_a_note_of_another_kind_is_refused(note):
    with pytest.raises(ForeignNoteError):
        Progress.of_note(note)
