"""What holds for every command: options before and after it, codes, one readable line, output that nobody reads."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from btswatch.cli import app
from btswatch.cli.app import COMMANDS, run
from stores.data_directory import DataDirectory, Mode
from stores.ledger import Ledger

FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def no_format_from_outside(monkeypatch):
    monkeypatch.delenv("BTSWATCH_LOG_FORMAT", raising=False)
    monkeypatch.delenv("BTSWATCH_LOG_LEVEL", raising=False)
    monkeypatch.delenv("BTSWATCH_SUPERVISED", raising=False)


def lines_of(capsys):
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    assert run([command, "--help"]) == 0
    out = capsys.readouterr()
    assert f"Example: btswatch {command}" in out.out
    assert out.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--log-format", "json", "registry", "validate", "DIR"],
        ["registry", "--log-format", "json", "validate", "DIR"],
        ["registry", "validate", "DIR", "--log-format", "json"],
        ["registry", "validate", "--log-format=json", "DIR"],
    ],
)
def test_the_log_format_may_stand_before_and_after_the_command(arguments, tmp_path, capsys):
    assert run([str(tmp_path / "none") if one == "DIR" else one for one in arguments]) == 2
    assert lines_of(capsys) == [f"btswatch: {tmp_path / 'none'}: no such directory"]
    # The processes that a command starts log in the same way.
    assert os.environ["BTSWATCH_LOG_FORMAT"] == "json"


@pytest.mark.parametrize(
    "arguments",
    [["--log-format", "xml", "check"], ["check", "--log-format", "xml"], ["check", "--log-format"]],
)
def test_another_log_format_is_misuse(arguments, capsys):
    assert run(arguments) == 2
    (line,) = lines_of(capsys)
    assert line.endswith("choose json or text")


def test_what_follows_a_double_dash_is_no_option(capsys):
    assert run(["registry", "validate", "--", "--log-format"]) == 2
    assert lines_of(capsys) == ["btswatch: --log-format: no such directory"]


def test_a_mistyped_command_names_the_nearest(capsys):
    assert run(["repaly"]) == 2
    (line,) = lines_of(capsys)
    assert "'replay'" in line


@pytest.mark.parametrize(
    ("arguments", "help_of"),
    [
        ([], "btswatch --help"),
        (["replay"], "btswatch replay --help"),
        (["registry", "validate"], "btswatch registry validate --help"),
        (["registry", "validate", "--foo"], "btswatch registry validate --help"),
        (["registry"], "btswatch registry --help"),
        (["keys"], "btswatch keys --help"),
    ],
)
def test_wrong_usage_is_one_line_that_says_where_the_help_is(arguments, help_of, capsys):
    assert run(arguments) == 2
    (line,) = lines_of(capsys)
    assert line.startswith("btswatch: ")
    assert help_of in line


class _Failing:
    def __init__(self, error):
        self._error = error

    def main(self, **_):
        raise self._error


def failing_with(error, monkeypatch):
    monkeypatch.setattr(app.typer.main, "get_command", lambda _: _Failing(error))
    return run(["anything"])


def test_a_file_that_nobody_thought_of_is_one_line(monkeypatch, capsys):
    assert failing_with(PermissionError(13, "Permission denied", "/secret"), monkeypatch) == 2
    assert lines_of(capsys) == ["btswatch: /secret: Permission denied"]


def test_a_service_that_nobody_thought_of_is_out_of_reach(monkeypatch, capsys):
    assert failing_with(ConnectionRefusedError(111, "Connection refused"), monkeypatch) == 3
    assert lines_of(capsys) == ["btswatch: Connection refused"]


def test_a_fault_of_ours_is_one_line_and_its_place_is_shown_on_demand(monkeypatch, capsys):
    assert failing_with(KeyError("lat\nlon"), monkeypatch) == 2
    (line,) = lines_of(capsys)
    assert "KeyError" in line
    assert "BTSWATCH_LOG_LEVEL=DEBUG" in line
    monkeypatch.setenv("BTSWATCH_LOG_LEVEL", "DEBUG")
    assert failing_with(KeyError("lat"), monkeypatch) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_part_that_dies_of_our_fault_leaves_its_place_in_the_log_and_is_started_again(monkeypatch, capsys):
    monkeypatch.setenv("BTSWATCH_SUPERVISED", "1")
    assert failing_with(KeyError("lat"), monkeypatch) == 1
    assert "Traceback" in capsys.readouterr().err


def btswatch(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "btswatch", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def test_output_that_nobody_reads_is_no_error():
    read, write = os.pipe()
    os.close(read)
    try:
        ended = btswatch("--help", stdout=write)
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_output_that_does_not_fit_is_one_line():
    with FULL.open("w") as full:
        ended = btswatch("--help", stdout=full)
    assert ended.returncode == 2
    assert ended.stderr == "btswatch: No space left on device\n"


def test_log_lines_are_json_when_the_environment_says_so(tmp_path):
    code = "import structlog, btswatch.logs as l; l.configure(); structlog.get_logger().error('x')"
    environment = {**os.environ, "BTSWATCH_LOG_FORMAT": "json"}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert json.loads(ended.stderr)["event"] == "x"
    environment["BTSWATCH_LOG_FORMAT"] = "text"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert not ended.stderr.startswith(b"{")


@pytest.mark.parametrize("arguments", [["verdicts", "--period", "2026-Q3"], ["reconcile", "2026-Q3"]])
def test_where_nothing_lies_and_no_settings_were_named_the_way_to_name_them_is_told(
    arguments, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BTSWATCH_SETTINGS", raising=False)
    assert run(arguments) == 2
    assert "BTSWATCH_SETTINGS names an installation's settings" in lines_of(capsys)[-1]


def test_an_enterprise_that_the_registry_does_not_know_is_used_wrongly(tmp_path, capsys):
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "btswatch.toml").write_text("")
    for words in (
        ["verdicts", "--period", "2026"],
        ["reconcile", "2026"],
        ["worst", "2026"],
        ["rules", "list"],
    ):
        capsys.readouterr()
        chosen = ["--enterprise", "nobody", "--settings", str(tmp_path / "btswatch.toml")]
        assert run([*words, *chosen]) == 2, words
        assert "--enterprise nobody: not in the registry" in lines_of(capsys)[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["alarms", "list"], "no open alarms"),
        (["archive", "holds"], "no legal holds stand"),
        (["inspections", "list"], "no such findings on record"),
        (["objection", "list", "--state", "raised"], "no objections that are raised"),
        (["duties", "requests"], "no reports were asked for"),
        (
            ["duties", "reports", "--since", "2126-01-01"],
            "no quarter that ended since 2126-01-01 owes a report",
        ),
        (["reconcile", "2026", "--findings"], "no findings over 900 s in 2026"),
    ],
)
def test_an_empty_answer_is_said_in_words_and_is_nothing_as_json(words, said, tmp_path, capsys):
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "btswatch.toml").write_text("")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    with closing(Ledger(directory.ledger_path)) as ledger:
        ledger.open()
    capsys.readouterr()
    chosen = ["--settings", str(tmp_path / "btswatch.toml")]
    assert run([*words, *chosen]) == 0
    assert capsys.readouterr().out.startswith(said)
    assert run([*words, "--json", *chosen]) == 0
    assert capsys.readouterr().out == ""
