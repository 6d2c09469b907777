"""Findings on site through the command line: recorded once, held to the limits of their day, and to certificates' duties."""

import json

import pytest

from btswatch.cli.app import run
from stores.data_directory import DataDirectory, Mode


@pytest.fixture
def installation(tmp_path, capsys):
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\n")
    (tmp_path / "registry" / "stations.csv").write_text(
        "id,enterprise,name,inspection_class,certificate_issued\nA-1,alpha,A-1,A,2024-01-01\nA-2,alpha,A-2,,\n"
    )
    (tmp_path / "btswatch.toml").write_text("")
    DataDirectory(tmp_path / "data").create(Mode.PRODUCTION)
    capsys.readouterr()
    return tmp_path


@pytest.fixture
def inspections(installation, capsys):
    def command(*arguments, group="inspections"):
        code = run([group, *arguments, "--settings", str(installation / "btswatch.toml")])
        streams = capsys.readouterr()
        return code, streams.out.splitlines(), streams.err

    return command


def finding(**changes):
    chosen = {
        "kind": "emf",
        "result": "pass",
        "inspector": "Nguyễn Văn A",
        "at": "2026-11-02T09:00:00+07:00",
    } | changes
    return [part for name, value in chosen.items() for part in (f"--{name}", value)]


def test_a_finding_is_on_record_once_and_another_content_is_refused(inspections):
    assert inspections("record", "A-1", *finding())[1] == ["A-1-emf-2026-11-02T02:00:00.000Z recorded"]
    assert inspections("record", "A-1", *finding())[1] == [
        "A-1-emf-2026-11-02T02:00:00.000Z is on record already"
    ]
    code, _, err = inspections("record", "A-1", *finding(result="fail"))
    assert (code, "another content" in err) == (1, True)
    code, lines, _ = inspections("list")
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith(
        "2026-11-02T09:00 A-1              alpha          emf          pass         Nguyễn Văn A"
    )


def test_values_are_held_to_the_limits_of_their_day_and_are_operational_where_these_are_not_sure(inspections):
    assert inspections("record", "A-1", *finding(value="electric_field=27.6"))[0] == 0
    assert inspections("record", "A-2", *finding(kind="earthing", value="earth_resistance=3.5"))[0] == 0
    code, lines, _ = inspections("list", "--json")
    high, earth = map(json.loads, lines)
    assert code == 1
    assert [(one["rule"], one["kept"], one["force"]) for one in high["limits"]] == [
        ("B-EMF-E", False, "operational")
    ]
    assert (high["contradicts"], earth["contradicts"]) == (True, False)
    assert (earth["limits"], earth["values"]) == ([], {"earth_resistance": 3.5})
    assert inspections("list", "--kind", "earthing")[0] == 0
    assert (
        "BEYOND 27.5 v_per_m (B-EMF-E, operational); passed although"
        in inspections("list", "--station", "A-1")[1][0]
    )


def test_inspections_of_certificates_count_for_the_duties(inspections):
    def state(on):
        code, lines, _ = inspections("certificates", "--on", on, "--json", group="duties")
        return code, json.loads(lines[0])["state"]

    assert (
        inspections(
            "record", "A-1", *finding(kind="certificate", result="fail", at="2026-02-02T09:00:00+07:00")
        )[0]
        == 0
    )
    assert inspections("record", "A-1", *finding(kind="certificate", at="2026-03-02T09:00:00+07:00"))[0] == 0
    assert state("2026-02-01") == (0, "valid")
    assert state("2026-02-02") == (1, "failed_inspection")
    assert state("2026-03-02") == (0, "valid")


@pytest.mark.parametrize(
    ("station", "changes", "said"),
    [
        ("A-9", {}, "no such station"),
        ("A-1", {"kind": "wind"}, "choose conformity, emf"),
        ("A-1", {"result": "good"}, "choose pass, fail"),
        ("A-1", {"at": "2026-11-02"}, "--at 2026-11-02"),
        ("A-1", {"at": "2126-11-02T09:00:00Z"}, "yet to come"),
        ("A-1", {"value": "electric_field"}, "electric_field=2.31"),
        ("A-1", {"value": "a b=1"}, "data.values"),
        ("A-1", {"value": "electric_field=nan"}, "finite"),
    ],
)
def test_what_can_not_be_recorded_is_told_in_a_line(inspections, station, changes, said):
    code, _, err = inspections("record", station, *finding(**changes))
    assert code == 2
    (line,) = err.splitlines()
    assert said in line
