import gzip
import subprocess
from datetime import date
from pathlib import Path

import pytest

from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.archive import Archive, ArchiveBusyError, ArchiveDamagedError, ArchiveError, ArchiveReader, Family
from stores.archive_names import segment_path, through_path

STATUS, HEARTBEAT = "btswatch.status.v1", "btswatch.heartbeat.v1"
MAINTENANCE, REPORT = "btswatch.maintenance.v1", "btswatch.report.v1"
DAY = date(2026, 11, 2)
NOON = to_ms(parse_rfc3339("2026-11-02T12:00:00+07:00"))
DAY_MS = 86_400_000


def lines(first, last, *, at_ms=NOON, type_=STATUS):
    return [(offset, at_ms, type_, b'{"n":%d}' % offset) for offset in range(first, last + 1)]


def numbers(found):
    return [int(line[5:-1]) for line in found]


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.gz*"))


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive") as opened:
        yield opened


def test_lines_go_to_their_family_and_the_local_day_of_their_time(archive):
    before_midnight = to_ms(parse_rfc3339("2026-11-01T16:59:59Z"))
    archive.append(
        [
            (3, before_midnight, STATUS, b"a"),
            (4, before_midnight + 1_000, HEARTBEAT, b"b"),
            (6, NOON, MAINTENANCE, b"c"),
            (7, NOON, REPORT, b"d"),
            (9, NOON, STATUS, b"e"),
        ]
    )
    assert archive.flush() == 9
    assert files(archive.root) == [
        "2026/11/01/evidence-000000000003-000000000003.ndjson.gz",
        "2026/11/02/evidence-000000000004-000000000009.ndjson.gz",
        "2026/11/02/notices-000000000006-000000000006.ndjson.gz",
        "2026/11/02/other-000000000007-000000000007.ndjson.gz",
    ]
    assert archive.days() == [date(2026, 11, 1), DAY]
    assert list(archive.read(DAY)) == [b"b", b"e", b"c", b"d"]
    assert list(archive.read(DAY, [Family.OTHER])) == [b"d"]
    assert list(archive.read(date(2026, 11, 3))) == []


def test_another_zone_cuts_other_days(tmp_path):
    with Archive(tmp_path, LocalCalendar("UTC")) as archive:
        archive.append([(1, to_ms(parse_rfc3339("2026-11-01T23:59:59Z")), STATUS, b"a")])
        archive.flush()
        assert archive.days() == [date(2026, 11, 1)]


def test_pending_tells_what_a_flush_would_write(archive):
    assert archive.pending.lines == 0
    archive.append(lines(5, 7))
    assert (archive.pending.lines, archive.pending.bytes) == (3, 21)
    assert (archive.pending.first_offset, archive.pending.last_offset) == (5, 7)
    assert archive.durable_offset() == 0
    archive.flush()
    assert archive.pending.lines == 0
    assert archive.pending.last_offset is None


def test_nothing_is_written_twice_when_the_caller_repeats_itself(archive):
    archive.append(lines(1, 3))
    archive.append(lines(2, 4))
    archive.flush()
    archive.append(lines(1, 5))
    assert archive.flush() == 5
    assert archive.flush() == 5
    assert numbers(archive.read(DAY)) == [1, 2, 3, 4, 5]


def test_the_durable_offset_passes_over_what_belongs_to_no_archive(archive):
    assert archive.flush(through=10) == 10
    archive.append(lines(8, 12))
    assert archive.flush(through=11) == 12
    assert numbers(archive.read(DAY)) == [11, 12]
    assert archive.flush(through=7) == 12


def test_lines_that_were_not_flushed_are_asked_for_again_after_a_restart(tmp_path):
    with Archive(tmp_path) as archive:
        archive.append(lines(1, 3))
        archive.flush()
        archive.append(lines(4, 5))
    with Archive(tmp_path) as archive:
        assert archive.durable_offset() == 3
        archive.append(lines(4, 6))
        archive.flush()
        assert numbers(archive.read(DAY)) == [1, 2, 3, 4, 5, 6]


def test_an_unfinished_flush_does_not_count_and_is_cleared_away(tmp_path):
    with Archive(tmp_path) as archive:
        archive.append(lines(1, 3))
        archive.flush()
        directory = tmp_path / "2026/11/02"
    segment_path(directory, Family.EVIDENCE, 4, 5).write_bytes(gzip.compress(b'{"n":4}\n{"n":5}\n'))
    (directory / "notices-000000000006-000000000006.ndjson.gz.tmp").write_bytes(b"half")
    assert numbers(ArchiveReader(tmp_path).read(DAY)) == [1, 2, 3]
    with Archive(tmp_path) as archive:
        assert len(files(tmp_path)) == 1
        archive.append(lines(4, 6))
        archive.flush()
        assert numbers(archive.read(DAY)) == [1, 2, 3, 4, 5, 6]


def test_merging_makes_one_file_a_family_that_sha256sum_can_check(archive, require_tool):
    for first in (1, 4, 7):
        archive.append(lines(first, first + 1))
        archive.append(lines(first + 2, first + 2, type_=MAINTENANCE))
        archive.flush()
    assert not archive.verify(DAY).merged
    archive.merge(DAY)
    assert [Path(f).name for f in files(archive.root)] == [
        "evidence-000000000001-000000000008.ndjson.gz",
        "notices-000000000003-000000000009.ndjson.gz",
    ]
    assert numbers(archive.read(DAY)) == [1, 2, 4, 5, 7, 8, 3, 6, 9]
    checked = archive.verify(DAY)
    assert (checked.files, checked.lines, checked.merged, checked.problems) == (2, 9, True, ())
    tool = require_tool("sha256sum")
    subprocess.run([tool, "-c", "--strict", "MANIFEST"], cwd=archive.root / "2026/11/02", check=True)


def test_late_events_after_a_merge_are_read_and_merged_too(archive):
    archive.append(lines(1, 2))
    archive.flush()
    archive.merge(DAY)
    archive.append(lines(3, 4))
    archive.flush()
    assert numbers(archive.read(DAY)) == [1, 2, 3, 4]
    assert archive.verify(DAY).problems == ()
    assert not archive.verify(DAY).merged
    archive.merge(DAY)
    archive.merge(DAY)
    assert numbers(archive.read(DAY)) == [1, 2, 3, 4]
    assert archive.verify(DAY).merged
    assert len(files(archive.root)) == 1


@pytest.mark.parametrize("crash_at", ["before_manifest", "after_manifest"])
def test_a_merge_that_was_killed_changes_no_line(tmp_path, monkeypatch, crash_at):
    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    archive = Archive(tmp_path)
    archive.open()
    for first in (1, 3, 5):
        archive.append(lines(first, first + 1))
        archive.flush()
        if first == 3:
            archive.merge(DAY)  # so that the manifest names a file that the killed merge replaces
    with monkeypatch.context() as patch:
        if crash_at == "before_manifest":
            patch.setattr("stores.archive_merge.write_text", kill)
        else:
            patch.setattr(Path, "unlink", kill)
        with pytest.raises(Killed):
            archive.merge(DAY)
    archive.close()
    assert len(files(tmp_path)) == 3
    assert numbers(ArchiveReader(tmp_path).read(DAY)) == [1, 2, 3, 4, 5, 6]
    with Archive(tmp_path) as again:
        assert numbers(again.read(DAY)) == [1, 2, 3, 4, 5, 6]
        assert again.verify(DAY).problems == ()
        again.merge(DAY)
        assert numbers(again.read(DAY)) == [1, 2, 3, 4, 5, 6]
        assert again.verify(DAY).merged
        assert len(files(tmp_path)) == 1


def test_a_reader_in_the_middle_of_a_day_survives_its_merge(archive):
    for first in (1, 3, 5):
        archive.append(lines(first, first + 1))
        archive.flush()
    reading = ArchiveReader(archive.root).read(DAY)
    seen = [next(reading) for _ in range(3)]
    archive.merge(DAY)
    assert numbers([*seen, *reading]) == [1, 2, 3, 4, 5, 6]


def test_notices_of_all_days_up_to_one_are_read(archive):
    archive.append([(n, NOON + (n - 2) * DAY_MS, MAINTENANCE, b'{"n":%d}' % n) for n in (1, 2, 3)])
    archive.append(lines(4, 4))
    archive.flush()
    assert numbers(archive.notices(DAY)) == [1, 2]


def test_damage_is_found_and_never_merged_over(archive):
    archive.append(lines(1, 100))
    archive.flush()
    archive.merge(DAY)
    [path] = archive.root.rglob("*.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    problems = archive.verify(DAY).problems
    assert len(problems) == 2
    assert "not the bytes that the manifest names" in problems[1]
    with pytest.raises(ArchiveDamagedError):
        list(archive.read(DAY))
    path.write_bytes(gzip.compress(b'{"n":7}\n'))  # a good file, but another one
    assert len(archive.verify(DAY).problems) == 1
    archive.append(lines(101, 102))
    archive.flush()
    with pytest.raises(ArchiveDamagedError, match="manifest"):
        archive.merge(DAY)
    path.unlink()
    assert "missing" in archive.verify(DAY).problems[0]


def test_a_file_that_the_manifest_misses_is_never_merged_over(archive):
    """Else the next merge takes its name out of the manifest, and nobody can tell any more that it was there."""
    archive.append(lines(1, 2))
    archive.append(lines(3, 3, type_=MAINTENANCE))
    archive.flush()
    archive.merge(DAY)
    [path] = archive.root.rglob("notices-*.gz")
    path.unlink()
    with pytest.raises(ArchiveDamagedError, match="missing"):
        archive.merge(DAY)
    archive.append(lines(4, 5))
    archive.flush()
    with pytest.raises(ArchiveDamagedError, match="missing"):
        archive.merge(DAY)
    assert "missing" in archive.verify(DAY).problems[0]


def test_an_archive_that_lost_its_marker_is_not_cleared_away(tmp_path):
    """A copy made while a flush renamed the marker may have none: all of its files would look unfinished."""
    with Archive(tmp_path) as archive:
        archive.append(lines(1, 3))
        archive.flush()
    [marker] = tmp_path.glob("through-*")
    marker.unlink()
    with pytest.raises(ArchiveError, match="marker"):
        Archive(tmp_path).open()
    assert len(files(tmp_path)) == 1
    marker.touch()
    with Archive(tmp_path) as archive:
        assert numbers(archive.read(DAY)) == [1, 2, 3]


def test_an_archive_whose_marker_is_older_than_what_was_merged_is_not_cleared_away(tmp_path):
    """A copy whose marker was read before its days: only what was flushed is ever merged, so the marker is wrong."""
    with Archive(tmp_path) as archive:
        archive.append(lines(1, 3))
        archive.flush()
        archive.append(lines(4, 6))
        archive.flush()
        archive.merge(DAY)
    [marker] = tmp_path.glob("through-*")
    marker.rename(through_path(tmp_path, 3))
    with pytest.raises(ArchiveError, match="marker"):
        Archive(tmp_path).open()
    assert len(files(tmp_path)) == 1
    assert not Archive(tmp_path).is_open


def test_only_one_process_writes_but_anyone_reads(archive):
    with pytest.raises(ArchiveBusyError):
        Archive(archive.root).open()
    with pytest.raises(ArchiveError, match="not open"):
        Archive(archive.root).append([])
    assert Archive(archive.root).durable_offset() == 0


def test_the_greater_of_two_markers_holds(tmp_path):
    with Archive(tmp_path) as archive:
        archive.append(lines(1, 2))
        archive.flush()
    through_path(tmp_path, 1).touch()
    with Archive(tmp_path) as archive:
        assert archive.durable_offset() == 2
        assert [path.name for path in tmp_path.glob("through-*")] == ["through-000000000002"]
