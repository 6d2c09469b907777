import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.settings.journal import JournalSettings
from stores.data_directory import DataDirectory, DataDirectoryError, DirectoryInUseError, Mode, ModeError
from stores.journal import OriginRefusedError, Outcome


def test_it_is_created_once_and_found_again(tmp_path):
    data = DataDirectory(tmp_path / "a" / "data")
    data.create(Mode.DEMO)
    data.create(Mode.DEMO)
    assert data.mode() is Mode.DEMO
    assert (data.path / "mode").read_text() == "demo\n"
    assert data.path.stat().st_mode & 0o077 == 0
    with pytest.raises(ModeError, match="is a demo directory, not a production one"):
        data.create(Mode.PRODUCTION)


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(ModeError, match=r"thesis\.odt"):
        DataDirectory(tmp_path).create(Mode.DEMO)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_without_a_mode_or_with_a_strange_one_nothing_is_guessed(tmp_path):
    with pytest.raises(ModeError, match="no file `mode`"):
        DataDirectory(tmp_path).mode()
    (tmp_path / "mode").write_text("prod")
    with pytest.raises(ModeError, match="'prod'"):
        DataDirectory(tmp_path).mode()


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff")])
def test_a_mode_that_can_not_be_read_is_an_error_of_the_directory(make, tmp_path):
    make(tmp_path / "mode")
    with pytest.raises(DataDirectoryError, match="mode"):
        DataDirectory(tmp_path).mode()


def test_a_file_in_its_place_is_an_error_of_the_directory(tmp_path):
    (tmp_path / "data").touch()
    data = DataDirectory(tmp_path / "data")
    for use in (lambda: data.create(Mode.DEMO), data.mode, data.lock):
        with pytest.raises(DataDirectoryError, match="is no directory"):
            use()


def test_a_place_that_can_not_be_written_is_an_error_of_the_directory():
    with pytest.raises(DataDirectoryError, match="can't be used"):
        DataDirectory(Path("/proc/nowhere")).create(Mode.DEMO)


def test_a_production_directory_refuses_history_that_a_demo_takes(tmp_path, entry):
    marked = entry(1, origin="simulated")
    for mode in Mode:
        data = DataDirectory(tmp_path / mode)
        data.create(mode)
        with data.journal() as journal:
            if mode is Mode.DEMO:
                assert journal.append([marked])[0].outcome is Outcome.ACCEPTED
            else:
                with pytest.raises(OriginRefusedError):
                    journal.append([marked])


def test_its_journal_has_the_settings_and_rings_its_bells(tmp_path, entry):
    data = DataDirectory(tmp_path / "data")
    data.create(Mode.DEMO)
    with data.bell("engine") as engine, data.bell("traps") as traps:
        with data.journal(JournalSettings(max_bytes=5 << 20, identity_s=86_400)) as journal:
            assert (journal.max_bytes, journal.identity_ms) == (5 << 20, 86_400_000)
            journal.append([entry(1)])
        assert engine.wait(0)
        assert traps.wait(0)


def test_two_processes_do_not_share_it(tmp_path):
    data = DataDirectory(tmp_path / "data")
    data.create(Mode.DEMO)
    script = (
        "import sys; from pathlib import Path; from stores.data_directory import DataDirectory\n"
        "data = DataDirectory(Path(sys.argv[1])); data.lock(); print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(data.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(DirectoryInUseError, match=f"in use by process {other.pid}"):
            data.lock()
        other.kill()
        other.wait()
    data.lock()
    with pytest.raises(DirectoryInUseError, match=str(os.getpid())):
        DataDirectory(data.path).lock()
    data.unlock()
    next_one = DataDirectory(data.path)
    next_one.lock()
    next_one.unlock()
