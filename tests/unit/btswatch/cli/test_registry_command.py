import json
import stat

import pytest
from openpyxl import Workbook

from btswatch.cli.app import run

UNITS = "code,name,kind\n20,Lạng Sơn,province\n"
ENTERPRISES = "id,name\nvnpt,VNPT\n"
STATIONS = "id,enterprise,unit\nLSN-1,vnpt,20\n"


@pytest.fixture
def registry(tmp_path):
    directory = tmp_path / "registry"
    directory.mkdir()
    for name, text in (("units", UNITS), ("enterprises", ENTERPRISES), ("stations", STATIONS)):
        (directory / f"{name}.csv").write_text(text)
    return directory


def registry_command(*arguments):
    return run(["registry", *map(str, arguments)])


def test_validate_says_yes_and_what_it_read(registry, capsys):
    assert registry_command("validate", registry) == 0
    out = capsys.readouterr()
    assert "1 enterprises, 1 units, 1 stations, 0 links; sha256:" in out.out
    assert out.err == ""


def test_validate_says_no_with_a_line_for_each_problem(registry, capsys):
    (registry / "stations.csv").write_text("id,enterprise,unit\nS,vnpd,20\nT,vnpt,21\n")
    assert registry_command("validate", registry) == 1
    assert capsys.readouterr().err.splitlines() == [
        "stations.csv:2: enterprise: no enterprise 'vnpd' (did you mean 'vnpt'?)",
        "stations.csv:3: unit: no unit '21'",
        "2 to mend",
    ]


def test_validate_answers_a_program_in_json(registry, capsys):
    (registry / "stations.csv").write_text("id,enterprise\nS,vnpd\n")
    assert registry_command("validate", registry, "--format", "json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["valid"] is False
    assert answer["problems"] == [
        {
            "file": "stations.csv",
            "row": 2,
            "field": "enterprise",
            "message": "no enterprise 'vnpd'",
            "nearest": "vnpt",
            "severity": "error",
        }
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("validate", "no-such-directory"),
        ("validate", ".", "--zone", "Mars/Base"),
        ("export", "no-such-directory", "-o", "x.xlsx"),
        ("import", "x", "no-such.xlsx"),
        ("import", "x", "picture.png"),
        ("template", "x", "--province", "atlantis"),
    ],
)
def test_a_wrong_use_ends_with_2_and_a_readable_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert registry_command(*arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("btswatch: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["validate", "import", "export", "template"])
def test_every_command_shows_an_example(command, capsys):
    assert registry_command(command, "--help") == 0
    assert f"Example: btswatch registry {command}" in " ".join(capsys.readouterr().out.split())


def test_a_registry_goes_out_as_a_workbook_and_in_again(registry, tmp_path, capsys):
    book = tmp_path / "registry.xlsx"
    assert registry_command("export", registry, "-o", book) == 0
    digest = capsys.readouterr().out.split()[-1]
    new = tmp_path / "new"
    assert registry_command("import", new, book) == 0
    out = capsys.readouterr().out
    assert "stations.csv: 1 rows (new)" in out
    assert digest in out


def test_an_import_with_a_fault_changes_nothing(registry, tmp_path, capsys):
    book = Workbook()
    book.active.title = "stations"
    for row in (["id", "enterprise", "unit"], ["S", "vnpt", "20"], ["T", "vnpt", "99"]):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    assert registry_command("import", registry, tmp_path / "in.xlsx") == 2
    assert "in.xlsx[stations]:3: unit: no unit '99'" in capsys.readouterr().err
    assert (registry / "stations.csv").read_text() == STATIONS


def test_an_import_replaces_the_files_it_brings_and_no_other(registry, tmp_path, capsys):
    incoming = tmp_path / "stations.csv"
    incoming.write_text("id,enterprise\nA,vnpt\nB,vnpt\n")
    assert registry_command("import", registry, incoming) == 0
    assert "stations.csv: 2 rows (before: 1)" in capsys.readouterr().out
    assert "A,vnpt" in (registry / "stations.csv").read_text()
    assert (registry / "units.csv").read_text() == UNITS


def test_an_import_mends_a_file_that_was_broken(registry, tmp_path):
    (registry / "stations.csv").write_bytes(b"\xff\xfe")
    incoming = tmp_path / "stations.csv"
    incoming.write_text(STATIONS)
    assert registry_command("import", registry, incoming) == 0


def test_a_dry_run_counts_and_writes_nothing(registry, tmp_path, capsys):
    incoming = tmp_path / "stations.csv"
    incoming.write_text("id,enterprise\nA,vnpt\n")
    assert registry_command("import", registry, incoming, "--dry-run") == 0
    assert "stations.csv: 1 rows" in capsys.readouterr().out
    assert (registry / "stations.csv").read_text() == STATIONS


def test_a_file_brought_twice_is_refused(registry, tmp_path, capsys):
    incoming = tmp_path / "stations.csv"
    incoming.write_text(STATIONS)
    assert registry_command("import", registry, incoming, incoming) == 2
    assert "second time" in capsys.readouterr().err


@pytest.mark.parametrize("province", [(), ("--province", "lang_son")])
def test_a_template_is_a_valid_registry_that_guards_its_secrets(tmp_path, province):
    directory = tmp_path / "registry"
    assert registry_command("template", directory, *province) == 0
    assert registry_command("validate", directory) == 0
    assert stat.S_IMODE((directory / "credentials.toml").stat().st_mode) == 0o600
    assert "credentials.toml" in (directory / ".gitignore").read_text()


def test_a_template_overwrites_nothing(registry, capsys):
    assert registry_command("template", registry) == 2
    assert "is there already" in capsys.readouterr().err
    assert (registry / "stations.csv").read_text() == STATIONS
    assert not (registry / "links.csv").exists()
