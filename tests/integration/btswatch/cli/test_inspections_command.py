"""Findings on site through the command line: recorded once, held to the limits of their day, and to certificates' duties."""

import json
import sqlite3

import pytest

from btswatch.cli.app import run
from stores.data_directory import DataDirectory, Mode
from stores.ledger import Ledger, audit


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


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--enterprise", "nobody"), "--enterprise nobody: not in the registry"),
        (("--kind", "height"), "--kind height: choose conformity, emf, earthing, certificate, complaint"),
    ],
)
def test_a_slip_in_what_is_asked_for_does_not_read_as_no_findings(inspections, option, said):
    inspections("record", "A-1", *finding())
    code, lines, err = inspections("list", *option)
    assert (code, lines) == (2, [])
    assert said in err


@pytest.fixture
def chain(installation):
    """The entries of the installation's chain; it has a ledger from then on."""
    ledger = Ledger(DataDirectory(installation / "data").ledger_path)
    ledger.open()

    def entries():
        with ledger.reading() as connection:
            return list(audit.entries(connection))

    yield entries
    ledger.close()


def test_a_finding_has_one_entry_in_the_audit_chain_with_its_digest_and_inspector(inspections, chain):
    words = ("record", "A-1", *finding(document="12/BB"))
    assert inspections(*words)[2] == ""
    assert inspections(*words)[2] == ""
    assert inspections("record", "A-1", *finding(result="fail"))[0] == 1
    (entry,) = chain()
    assert (entry.kind, entry.subject, entry.actor) == (
        "inspection",
        "A-1-emf-2026-11-02T02:00:00.000Z",
        "Nguyễn Văn A",
    )
    told = {name: entry.content[name] for name in ("station", "kind", "result", "document")}
    assert told == {"station": "A-1", "kind": "emf", "result": "pass", "document": "12/BB"}
    code, (line,), _ = inspections("list", "--json")
    assert (code, json.loads(line)["entry"], json.loads(line)["as_entered"]) == (0, 1, True)
    assert inspections("list")[1][0].endswith("12/BB; entry 1")
    assert inspections("verify", group="ledger")[0] == 0


def test_a_finding_that_is_not_what_its_entry_vouches_for_is_told(installation, inspections, chain):
    assert inspections("record", "A-1", *finding(result="fail"))[0] == 0
    with sqlite3.connect(installation / "data" / "journal.db") as journal:
        journal.execute(
            "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '\"fail\"', '\"pass\"') AS BLOB)"
        )
    journal.close()
    code, (line,), _ = inspections("list")
    assert (code, line.endswith("; NOT what entry 1 vouches for")) == (1, True)


def test_without_a_ledger_a_finding_is_on_record_and_enters_the_chain_when_it_is_given_again(
    installation, inspections
):
    code, (line,), err = inspections("record", "A-1", *finding())
    assert (code, line.endswith("recorded")) == (0, True)
    assert err == "not in the audit chain yet, give the same command again: there is no ledger yet\n"
    assert json.loads(inspections("list", "--json")[1][0])["entry"] is None
    ledger = Ledger(DataDirectory(installation / "data").ledger_path)
    ledger.open()
    code, (line,), err = inspections("record", "A-1", *finding())
    assert (code, line.endswith("is on record already"), err) == (0, True, "")
    with ledger.reading() as connection:
        assert [one.kind for one in audit.entries(connection)] == ["inspection"]
    ledger.close()


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
    code, (line,), _ = inspections("list", "--kind", "earthing")
    assert (code, line.endswith("; earth_resistance 3.5")) == (0, True)
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


def test_of_two_values_of_one_name_none_is_lost(inspections):
    """The first may be the one that is beyond its limit."""
    twice = ("--value", "electric_field=30", "--value", "electric_field=3")
    code, _, err = inspections("record", "A-1", *finding(), *twice)
    assert (code, "--value electric_field is given twice" in err) == (2, True)


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
