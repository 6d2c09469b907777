"""From the embedded form to the cluster: what the engine had archived is known when the forwarder sends it again."""

import pytest

from btswatch.parts.sink_archive import _archived_before
from btswatch.settings import Settings
from stores.data_directory import DataDirectory, Mode


@pytest.fixture
def settings(tmp_path):
    return Settings(form="cluster", data=tmp_path / "data")


@pytest.fixture
def directory(settings):
    made = DataDirectory(settings.data)
    made.create(Mode.PRODUCTION)
    return made


def test_an_archive_of_the_engine_reaches_up_to_an_offset_of_its_own_journal(settings, directory):
    with directory.archive() as archive:
        archive.append([(7, 0, "btswatch.status.v1", b"{}")])
        archive.flush()
        with directory.journal() as journal:
            # Whoever comes first gives the number; the other one takes the same.
            found = _archived_before(settings, directory, archive)
            assert found == {settings.forwarder.id_of(journal.number(99)): 7}
        assert _archived_before(settings, directory, archive) == found
    assert list(found) != ["forwarder-00000063"]


def test_without_anything_archived_or_without_a_journal_there_is_nothing_before(settings, directory):
    with directory.archive() as archive:
        assert _archived_before(settings, directory, archive) == {}
        archive.append([(7, 0, "btswatch.status.v1", b"{}")])
        archive.flush()
        assert _archived_before(settings, directory, archive) == {}
    assert not (directory.path / "journal.db").exists()


def test_every_journal_has_a_number_of_its_own_that_stays(tmp_path):
    for name in ("a", "b"):
        DataDirectory(tmp_path / name).create(Mode.PRODUCTION)
    with DataDirectory(tmp_path / "a").journal() as a, DataDirectory(tmp_path / "b").journal() as b:
        assert (a.number(5), b.number(6)) == (5, 6)
        assert (a.number(7), b.number(8)) == (5, 6)
    with DataDirectory(tmp_path / "a").journal() as a:
        assert a.number(9) == 5
