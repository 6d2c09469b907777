"""Parts whose address is taken, or whose data directory is none: one line that names the place, code 3 or 2, and an end."""

import socket
import subprocess
import sys

import pytest

from btswatch.cli.app import run
from stores.archive import Archive

PORTS = {
    "gateway": ("gateway", "port"),
    "console": ("console", "port"),
    "poll": ("status", "ingest_port"),
    "engine": ("status", "engine_port"),
}


@pytest.fixture
def registry(tmp_path):
    directory = tmp_path / "registry"
    assert run(["registry", "template", str(directory)]) == 0
    return directory


@pytest.fixture
def settings(registry, tmp_path, capsys):
    capsys.readouterr()

    def make(text="", data="data"):
        path = tmp_path / "btswatch.toml"
        head = f'data = "{tmp_path / data}"\nregistry = "{registry}"\ncredentials = "{registry}/credentials.toml"\n'
        path.write_text(head + text)
        return path

    return make


def part(name, path):
    return subprocess.run(
        [sys.executable, "-m", "btswatch", name, "--settings", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", PORTS)
def test_a_taken_port_ends_the_part_with_its_address_in_one_line(name, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        section, field = PORTS[name]
        path = settings(f"[{section}]\n{field} = {taken.getsockname()[1]}\n")
        ended = part(name, path)
        assert ended.returncode == 3
        (line,) = [one for one in ended.stderr.splitlines() if one.startswith("btswatch: ")]
        assert str(taken.getsockname()[1]) in line
        assert "Address already in use" in line
        assert "Traceback" not in ended.stderr


def test_a_taken_trap_port_too(settings):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        text = f"[traps]\nhost = '127.0.0.1'\nport = {taken.getsockname()[1]}\n[status]\ntraps_port = 0\n"
        ended = part("traps", settings(text))
        assert ended.returncode == 3
        assert f"btswatch: 127.0.0.1:{taken.getsockname()[1]}: Address already in use" in ended.stderr


@pytest.mark.parametrize("command", ["serve", "poll", "traps", "gateway", "engine", "console", "closing"])
def test_a_file_as_data_directory_is_misuse(command, settings, tmp_path, capsys):
    (tmp_path / "data").touch()
    assert run([command, "--settings", str(settings())]) == 2
    assert capsys.readouterr().err == f"btswatch: data directory {tmp_path / 'data'}: is no directory\n"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.touch(), "is no directory"),
        (lambda path: (path.mkdir(), (path / "thesis.odt").touch()), "is not empty (thesis.odt)"),
        (lambda path: (path.mkdir(), (path / "mode").write_text("demo\n")), "is a demo directory"),
        (lambda path: (path.mkdir(), (path / "mode").mkdir()), "can't be used"),
    ],
)
def test_check_finds_a_data_directory_that_would_be_refused(make, said, settings, tmp_path, capsys):
    make(tmp_path / "data")
    assert run(["check", "--no-connect", "--settings", str(settings())]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / 'data'}: " in line
    assert said in line


def test_check_makes_no_data_directory(settings, tmp_path):
    assert run(["check", "--no-connect", "--settings", str(settings())]) == 0
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["serve", "poll", "traps", "check"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "profiles: no such directory"),
        (lambda path: (path.mkdir(), (path / "a.yaml").mkdir()), "a.yaml: Is a directory"),
        (lambda path: (path.mkdir(), (path / "a.yaml").write_bytes(b"\xff")), "a.yaml: no YAML"),
    ],
)
def test_profiles_that_can_not_be_read_are_told_before_anything_starts(
    command, make, said, settings, tmp_path, capsys
):
    make(tmp_path / "profiles")
    path = settings()
    path.write_text(f'profiles = "{tmp_path / "profiles"}"\n' + path.read_text())
    checks = ["--no-connect"] if command == "check" else []
    assert run([command, "--settings", str(path), *checks]) == (1 if checks else 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def free_port():
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


@pytest.mark.parametrize(("busy", "said"), [(True, "another process writes"), (False, "has lost its marker")])
def test_an_archive_that_cannot_be_taken_ends_the_engine_in_one_line(settings, tmp_path, busy, said):
    path = settings(f"[status]\nengine_port = {free_port()}\n")
    root = tmp_path / "data" / "archive"
    day = root / "2026" / "11" / "02"
    root.mkdir(parents=True)
    (tmp_path / "data" / "mode").write_text("production\n")
    with Archive(root):
        if not busy:
            day.mkdir(parents=True)
            (day / "evidence-000000000001-000000000002.ndjson.gz").touch()
            next(root.glob("through-*")).unlink()
            (root / "lock").unlink()
        ended = part("engine", path)
    assert ended.returncode == 3
    (line,) = [one for one in ended.stderr.splitlines() if one.startswith("btswatch: ")]
    assert said in line
    assert "Traceback" not in ended.stderr
    assert busy or list(day.iterdir())
