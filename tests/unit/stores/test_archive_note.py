"""The writer's note counts with the flush it was given to, and no earlier and no longer."""

import pytest

from stores.archive import Archive, ArchiveReader, ArchiveWriteError

STATUS = "btswatch.status.v1"


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive") as opened:
        yield opened


def lines(reader):
    return [line for day in reader.days() for line in reader.read(day)]


def test_without_one_there_is_none(archive):
    archive.append([(1, 0, STATUS, b"{}")])
    archive.flush()
    assert archive.note() is None


def test_the_last_flushs_note_counts(archive):
    archive.append([(1, 0, STATUS, b"{}")])
    archive.flush(note="first")
    assert archive.note() == "first"
    archive.flush(2, "second")
    assert ArchiveReader(archive.root).note() == "second"
    assert len(list(archive.root.glob("note-*"))) == 1


def test_a_flush_that_fails_leaves_the_former_note(archive, monkeypatch):
    archive.append([(1, 0, STATUS, b"{1}")])
    archive.flush(note="first")
    archive.append([(2, 0, STATUS, b"{2}")])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stores.archive.through_path", full)
    with pytest.raises(ArchiveWriteError):
        archive.flush(note="second")
    monkeypatch.undo()
    assert archive.note() == "first"
    assert lines(archive) == [b"{1}"]
    assert archive.flush(note="third") == 2
    assert archive.note() == "third"
    assert lines(archive) == [b"{1}", b"{2}"]


def test_what_a_crash_left_of_a_flush_is_cleared_away(tmp_path):
    root = tmp_path / "archive"
    with Archive(root) as archive:
        archive.append([(1, 0, STATUS, b"{}")])
        archive.flush(note="first")
    (root / "note-000000000009").write_text("of a flush that did not end")
    (root / "note-000000000009.tmp").write_text("half")
    assert ArchiveReader(root).note() == "first"
    with Archive(root) as archive:
        assert archive.note() == "first"
    assert [path.name for path in root.glob("note-*")] == ["note-000000000001"]
