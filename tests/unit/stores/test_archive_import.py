from datetime import date

from schemas.time import LocalCalendar
from stores.archive import Archive, Family
from stores.archive_import import import_day

DAY = date(2026, 11, 2)
STATUS = "btswatch.status.v1"


def line(number):
    return f'{{"n":{number}}}'.encode()


def test_an_imported_day_counts_at_once_beside_what_the_journal_gives(tmp_path):
    noon = LocalCalendar().start_of(DAY) + 12 * 3_600_000
    with Archive(tmp_path) as archive:
        import_day(tmp_path, DAY, Family.EVIDENCE, [line(1), line(2)])
        assert archive.days() == [DAY]
        archive.append([(7, noon, STATUS, line(7))])
        archive.flush()
        assert list(archive.read(DAY)) == [line(1), line(2), line(7)]
        archive.merge(DAY)
        assert list(archive.read(DAY)) == [line(1), line(2), line(7)]
        assert archive.verify(DAY).problems == ()


def test_imported_again_it_replaces_the_day(tmp_path):
    import_day(tmp_path, DAY, Family.EVIDENCE, [line(1)])
    import_day(tmp_path, DAY, Family.EVIDENCE, [line(1), line(2)])
    with Archive(tmp_path) as archive:
        assert list(archive.read(DAY)) == [line(1), line(2)]


def test_an_imported_day_is_no_leftover_of_a_crash(tmp_path):
    with Archive(tmp_path):
        pass
    import_day(tmp_path, DAY, Family.NOTICES, [line(1)])
    with Archive(tmp_path) as archive:
        assert list(archive.read(DAY, (Family.NOTICES,))) == [line(1)]
        assert archive.durable_offset() == 0
