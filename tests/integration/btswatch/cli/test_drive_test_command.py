"""A drive-test campaign through the command line: in the journal once, judged, corrected; bad rows told by number."""

import csv
import gzip
import json
from datetime import date
from hashlib import sha256

import pytest

from btswatch.cli.app import run
from btswatch.cli.drive_test import KEPT
from btswatch.demo.drive_test import rows
from stores.data_directory import DataDirectory, Mode
from stores.ledger import Ledger, audit

DAY = date(2026, 9, 30)


@pytest.fixture
def installation(tmp_path, capsys):
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    for name, text in {
        "enterprises": "id,name\nalpha,Alpha\nbeta,Beta\n",
        "units": "code,name,ascii,kind\n20,Lạng Sơn,Lang Son,province\n",
        "declared_levels": "enterprise,service,indicator,level\nbeta,mobile_voice,radio_availability,96\n",
    }.items():
        (tmp_path / "registry" / f"{name}.csv").write_text(text)
    (tmp_path / "btswatch.toml").write_text("")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    ledger.close()
    capsys.readouterr()
    return tmp_path, directory


def campaign(path, count=400, day=DAY, seed=1, extra=()):
    file = path / f"{day}-{count}.csv"
    file.write_text("\n".join([*rows(("alpha", "beta"), day, count, seed, {"beta": 12.0}), *extra]) + "\n")
    return file


def measurements(path, *arguments, capsys):
    code = run(["measurements", *map(str, arguments), "--settings", str(path / "btswatch.toml")])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_a_campaign_is_taken_in_once_and_its_file_kept(installation, capsys):
    path, directory = installation
    file = campaign(path)
    name = ("--campaign", "c-1", "--json")
    code, out, err = measurements(path, "import", file, *name, capsys=capsys)
    told = json.loads(out)
    assert (code, err, told["good"], told["refused"], told["figures_sent"]) == (0, "", 400, {}, 18)
    again = json.loads(measurements(path, "import", file, *name, capsys=capsys)[1])
    assert (again["figures_sent"], again["figures_unchanged"]) == (0, 18)
    with directory.journal() as journal:
        assert len(journal.read(0, 100)) == 18
        one = json.loads(journal.read(0, 1)[0].body)
    assert (one["reporter"], one["track"], one["source"]) == ("department", "measured", "department/c-1")
    (kept,) = (directory.path / KEPT).iterdir()
    assert gzip.decompress(kept.read_bytes()) == file.read_bytes()
    assert kept.name.removesuffix(".gz") in one["data"]["basis"]
    assert {one.name for one in directory.path.iterdir()} <= {"mode", "ledger.db", "journal.db", KEPT}


def test_an_import_that_changes_something_has_an_entry_in_the_audit_chain(installation, capsys):
    path, directory = installation
    first, more = campaign(path), campaign(path, count=600)

    def taken_in(file, *more):
        return measurements(path, "import", file, "--campaign", "c-1", *more, capsys=capsys)[0]

    assert taken_in(first, "--dry-run") == 0
    assert [taken_in(first, "--by", "Trần Thị B"), taken_in(first)] == [0, 0]
    assert [taken_in(more, "--correct"), taken_in(first, "--correct")] == [0, 0]
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    with ledger.reading() as connection:
        entries = list(audit.entries(connection))
    ledger.close()
    digests = [f"sha256:{sha256(file.read_bytes()).hexdigest()}" for file in (first, more, first)]
    assert [(one.kind, one.subject, one.content["files"]) for one in entries] == [
        ("campaign_imported", "c-1", [digest]) for digest in digests
    ]
    assert [one.actor for one in entries] == ["Trần Thị B", "btswatch", "btswatch"]
    one = entries[0].content
    assert (one["rows"], one["good"], one["refused"], one["figures"], one["sent"], one["changed"]) == (
        400,
        400,
        {},
        18,
        18,
        0,
    )
    assert all(each.content["changed"] > 0 for each in entries[1:])


def test_a_figure_is_shown_down_to_its_bytes_and_the_file_it_was_counted_from(installation, capsys):
    path, directory = installation
    assert measurements(path, "import", campaign(path), "--campaign", "c", capsys=capsys)[0] == 0
    name = "2026-09-30.alpha.mobile_voice.dropped_calls"
    code, out, _ = measurements(path, "show", name, capsys=capsys)
    line, kept = out.splitlines()
    with directory.journal() as journal:
        assert line.encode() in [one.body for one in journal.read(0, 100)]
    assert (code, kept.endswith(".gz: as it was")) == (0, True)
    (file,) = (directory.path / KEPT).iterdir()
    file.write_bytes(gzip.compress(b"time,lat"))
    code, out, _ = measurements(path, "show", name, capsys=capsys)
    assert (code, out.splitlines()[1].endswith("not the bytes that it names")) == (1, True)
    assert measurements(path, "show", "nothing", capsys=capsys)[0] == 1


def test_bad_rows_are_told_by_number_and_take_nobody_along(installation, capsys):
    path, _ = installation
    good = campaign(path).read_text().splitlines()
    extra = [good[5], good[1].replace("alpha", "gamma"), "x", good[2].replace(".000Z", "").replace("Z", "")]
    file = campaign(path, extra=extra)
    with file.open("ab") as stream:
        stream.write(good[3].replace("beta", "bêta").encode("cp1258", "replace") + b"\xff\n")
    code, out, err = measurements(path, "import", file, "--campaign", "c", "--dry-run", capsys=capsys)
    assert code == 1
    assert out.startswith("405 rows: 400 good, 5 refused (1 cells, 1 duplicate, 1 encoding, 1 enterprise, 1 ")
    assert f"{file}: row 402: duplicate: the same as row 6" in err
    assert f"{file}: row 403: enterprise: enterprise: 'gamma'; known are alpha, beta" in err
    refused = path / "refused.csv"
    code, out, err = measurements(
        path, "import", file, "--campaign", "c", "--refused", refused, capsys=capsys
    )
    assert (code, err) == (0, "")
    with refused.open() as stream:
        found = {int(one["row"]): one["code"] for one in csv.DictReader(stream)}
    assert found == {
        402: "duplicate",
        403: "enterprise",
        404: "cells",
        405: "time_without_zone",
        406: "encoding",
    }


def test_other_figures_are_replaced_only_when_asked_and_days_may_be_added(installation, capsys):
    path, _ = installation
    assert measurements(path, "import", campaign(path), "--campaign", "c", capsys=capsys)[0] == 0
    other = campaign(path, 300, seed=2)
    code, _, err = measurements(path, "import", other, "--campaign", "c", capsys=capsys)
    assert code == 1
    assert "300 good" in err
    assert "--correct to replace what stands" in err
    assert measurements(path, "import", other, "--campaign", "d", capsys=capsys)[0] == 1
    assert measurements(path, "import", other, "--campaign", "c", "--correct", capsys=capsys)[0] == 0
    assert (
        measurements(path, "import", campaign(path, day=date(2026, 9, 29)), "--campaign", "c", capsys=capsys)[
            0
        ]
        == 0
    )
    listed = measurements(path, "list", "--all", capsys=capsys)[1]
    assert listed.count("  stands") == 36
    assert listed.count("  replaced") >= 15


def test_the_campaign_is_judged_with_the_enterprises_declared_level(installation, capsys):
    path, _ = installation
    assert measurements(path, "import", campaign(path), "--campaign", "c", capsys=capsys)[0] == 0
    assert run(["verdicts", "--period", "2026-Q3", "--settings", str(path / "btswatch.toml")]) == 0
    lines = capsys.readouterr().out.splitlines()
    (radio,) = [one for one in lines if one.startswith("beta") and "voice.radio" in one]
    assert "fail" in radio
    assert "(campaign department/c)" in radio
    assert radio.endswith("V36-22-RADIO >= 96.0 percent  operational"), "the signal level is a guess"
    assert not [one for one in lines if "failing indicator" in one]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent.csv", "--campaign", "c"], 2, "no such file"),
        (["empty.csv", "--campaign", "c"], 2, "the file is empty"),
        (["wrong.csv", "--campaign", "c"], 2, "did you mean enterprise?"),
        (["empty.csv", "--campaign", "Đợt 1"], 2, "lower-case letters"),
        (["empty.csv", "--campaign", "c", "--unit", "99"], 2, "no such unit"),
    ],
)
def test_what_can_not_be_read_is_told_and_nothing_is_sent(installation, arguments, code, said, capsys):
    path, directory = installation
    (path / "empty.csv").touch()
    (path / "wrong.csv").write_text(campaign(path).read_text().replace(",enterprise,", ",enterprize,", 1))
    got, _, err = measurements(path, "import", path / arguments[0], *arguments[1:], capsys=capsys)
    assert (got, said in err) == (code, True)
    assert not (directory.path / KEPT).exists()


def test_the_template_is_a_header_that_is_taken(installation, capsys):
    path, _ = installation
    assert run(["measurements", "template"]) == 0
    (path / "t.csv").write_text(capsys.readouterr().out)
    code, out, _ = measurements(path, "import", path / "t.csv", "--campaign", "c", capsys=capsys)
    assert (code, out.splitlines()[0]) == (0, "0 rows: 0 good, 0 refused")


def test_a_file_that_is_read_is_not_written_over(installation, capsys):
    path, _ = installation
    file = campaign(path)
    before = file.read_bytes()
    beside = path / "data" / ".." / file.name
    for where in (file, beside):
        code, _, err = measurements(
            path, "import", file, "--campaign", "c-1", "--refused", where, capsys=capsys
        )
        assert (code, file.read_bytes()) == (2, before)
        assert "is one of the files to read" in err


def test_a_commune_without_a_station_of_the_enterprise_is_measured_too(installation, capsys):
    """Where an enterprise has no station its samples are the worst, and the Department's own."""
    path, _ = installation
    units = path / "registry" / "units.csv"
    units.write_text("code,name,ascii,kind,parent\n20,Lạng Sơn,Lang Son,province,\nc,Xa,Xa,commune,20\n")
    name = ("--campaign", "c-1", "--unit", "c", "--json")
    file = campaign(path)
    told = json.loads(measurements(path, "import", file, *name, capsys=capsys)[1])
    again = json.loads(measurements(path, "import", file, *name, capsys=capsys)[1])
    assert (told["figures_sent"], again["figures_sent"], again["figures_unchanged"]) == (18, 0, 18)
    assert len(measurements(path, "list", "--json", capsys=capsys)[1].splitlines()) == 18
