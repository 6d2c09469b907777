import json
from datetime import date, timedelta

import pytest
import yaml

from btswatch.cli.app import run
from processors.closed_verdicts import seal_verdicts
from processors.provenance import note_rules
from processors.rules import load_rules
from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Track
from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.ledger import Ledger
from stores.ledger.closings import ClosedDay, save_closed
from stores.ledger.figures import DayFigure, save_final

RECEIVED = to_ms(parse_rfc3339("2026-10-15T10:00:00+07:00"))


def event(number, kind, subject, data):
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": f"{'dept' if kind == 'inspection' else subject}/x",
        "type": f"btswatch.{kind}.v1",
        "subject": subject,
        "time": "2026-10-15T09:00:00+07:00",
        "data": data,
    }


@pytest.fixture
def installation(tmp_path, capsys):
    """A quarter measured at 99 to 99.5 %, of which one enterprise reports 99.9, and the other nothing."""
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\nbeta,Beta\n")
    (tmp_path / "registry" / "stations.csv").write_text(
        "id,enterprise,name,inspection_class,certificate_no,certificate_issued\n"
        "A-1,alpha,A-1,A,C1,2021-06-02\nB-1,beta,B-1,A,,\nB-2,beta,B-2,B,,\n"
    )
    (tmp_path / "btswatch.toml").write_text("")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    found = [
        (
            event(
                1,
                "report",
                "alpha",
                {
                    "duty": "quality-quarterly",
                    "period": "2026-Q3",
                    "values": {"mobile_voice.dropped_calls": 0.2, "mobile_voice.D": 99.9},
                },
            ),
            "alpha",
        ),
        (
            event(
                2,
                "inspection",
                "A-1",
                {"station": "A-1", "kind": "certificate", "result": "pass", "inspector": "an"},
            ),
            "dept",
        ),
    ]
    with directory.archive(LocalCalendar()) as archive:
        for offset, (one, reporter) in enumerate(found, 1):
            entry = entry_of(one, received_ms=RECEIVED, track=Track.DECLARED, reporter=reporter)
            archive.append([(offset, RECEIVED, one["type"], entry.body)])
        archive.flush()
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    pairs = [0] * 16
    pairs[5], pairs[15], pairs[0] = 99_000, 500, 500
    figure = Figure(85_536, 0, 432, 0, 432, 0, None, tuple(pairs))
    with ledger.writing() as connection:
        for offset in range(92):
            day = date(2026, 7, 1) + timedelta(days=offset)
            row = DayFigure("A-1", day, "alpha", "station", None, (), figure, 0, 0, 0, 0, [], "final", 0, "")
            save_final(connection, [row])
    ledger.close()
    capsys.readouterr()
    return tmp_path


def call(path, *arguments, capsys):
    code = run(["duties", *arguments, "--settings", str(path / "btswatch.toml")])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_reports_are_received_checked_and_owed(installation, capsys):
    arguments = ("reports", "--since", "2026-07-01", "--on", "2026-11-22")
    code, out, _ = call(installation, *arguments, "--json", capsys=capsys)
    alpha, beta = map(json.loads, out.splitlines())
    assert code == 1
    assert (alpha["state"], alpha["deadline"]) == ("received", "2026-10-20")
    assert alpha["values"] == [
        {
            "name": "mobile_voice.D",
            "reported": 99.9,
            "against": "measured_availability",
            "own": 99.4974874,
            "least": 99.0,
            "most": 99.5,
            "differs": True,
            "difference": 0.4025126,
        },
        {
            "name": "mobile_voice.dropped_calls",
            "reported": 0.2,
            "against": "nothing_here",
            "own": None,
            "least": None,
            "most": None,
            "differs": None,
            "difference": None,
        },
    ]
    assert (beta["state"], beta["late_s"]) == ("overdue", 33 * 86_400)
    code, out, _ = call(installation, *arguments, capsys=capsys)
    assert (
        "DIFFERS reported mobile_voice.D 99.9, measured_availability 99.4975 (99.000 to 99.500), difference +0.402513"
        in out
    )
    assert "reported mobile_voice.dropped_calls 0.2: nothing here to hold it against" in out
    assert "2026-Q3  overdue, 33 days late  (by 2026-10-20, R-QTR, confidence medium)" in out


def test_a_report_of_a_closed_quarter_is_held_against_what_was_sealed(installation, capsys):
    """Rule files that were changed since say nothing of it."""
    arguments = ("reports", "--since", "2026-07-01", "--on", "2026-11-22", "--enterprise", "alpha", "--json")
    before = json.loads(call(installation, *arguments, capsys=capsys)[1])["values"]
    shipped = load_rules()
    registry = Registry(
        {"alpha": Enterprise("alpha", "A")}, {}, {"A-1": (Element("A-1", Kind.STATION, "alpha"),)}
    )
    days = [date(2026, 7, 1) + timedelta(days=n) for n in range(92)]
    ledger = Ledger(DataDirectory(installation / "data").ledger_path)
    ledger.open()
    with ledger.writing() as connection:
        for day in days:
            save_closed(connection, ClosedDay(day, 1, True, 1, 0, 0, "r", "i", {}))
    note_rules(ledger, shipped, 5)
    assert "2026-Q3" in [
        one.name for one in seal_verdicts(ledger, registry, shipped, days, "Asia/Ho_Chi_Minh", 7)
    ]
    ledger.close()
    duty = next(one for one in shipped.rules if one.id == "R-QTR").model_dump(mode="json")
    (installation / "mine").mkdir()
    (installation / "mine" / "a.yaml").write_text(yaml.safe_dump({"about": "a test", "rules": [duty]}))
    (installation / "btswatch.toml").write_text('rules = "mine"\n')
    assert json.loads(call(installation, *arguments, capsys=capsys)[1])["values"] == before


def test_reports_of_one_enterprise_are_its_own_and_so_is_the_answer(installation, capsys):
    arguments = ("reports", "--since", "2026-07-01", "--on", "2026-11-22", "--json", "--enterprise")
    for name, code in (("alpha", 0), ("beta", 1)):
        got, out, _ = call(installation, *arguments, name, capsys=capsys)
        assert (got, [json.loads(line)["enterprise"] for line in out.splitlines()]) == (code, [name])
    with (installation / "registry" / "enterprises.csv").open("a") as file:
        file.write("gamma,Gamma\n")
    code, out, _ = call(installation, *arguments[:-2], "--enterprise", "gamma", capsys=capsys)
    assert (code, out.splitlines()[0]) == (
        0,
        "gamma owes no report of a quarter that ended since 2026-07-01; --since DAY looks further back",
    )


def test_before_the_deadline_nothing_is_owed(installation, capsys):
    code, out, _ = call(
        installation, "reports", "--since", "2026-07-01", "--on", "2026-10-19", "--json", capsys=capsys
    )
    assert (code, [json.loads(line)["state"] for line in out.splitlines()]) == (0, ["received", "pending"])
    code, out, _ = call(
        installation, "reports", "--since", "2026-07-01", "--on", "2026-10-14", "--json", capsys=capsys
    )
    assert (code, [json.loads(line)["state"] for line in out.splitlines()]) == (0, ["pending", "pending"])


def test_certificates_missing_and_renewed(installation, capsys):
    code, out, _ = call(installation, "certificates", "--on", "2026-11-22", "--json", capsys=capsys)
    found = {one["station"]: one for one in map(json.loads, out.splitlines())}
    assert code == 1
    assert set(found) == {"A-1", "B-1"}
    assert (found["A-1"]["state"], found["A-1"]["last_day"]) == ("valid", "2031-10-15")
    assert found["B-1"]["state"] == "missing"
    code, out, _ = call(installation, "certificates", "--on", "2026-11-22", capsys=capsys)
    assert out.splitlines()[-2] == "2 class A stations on 2026-11-22, 1 with a certificate beyond 90 days"


def test_working_days_take_what_the_government_moved(installation, capsys):
    (installation / "moved.yaml").write_text("days:\n- {day: 2026-03-02, work: 'off', basis: a test}\n")
    (installation / "btswatch.toml").write_text('moved_days = "moved.yaml"\n')
    code, out, _ = call(installation, "working-days", "2026", capsys=capsys)
    assert code == 0
    assert "2026-03-02 Mon off" in out.splitlines()
    assert "2026-08-22 Sat worked" in out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reports", "--on", "yesterday"], "a day is written as"),
        (["reports", "--on", "9999-12-31"], "nothing is told of years before 1970 or after 9990"),
        (["certificates", "--on", "9999-12-31"], "nothing is told of years"),
        (["requests", "--on", "0001-01-01"], "nothing is told of years"),
        (["notices", "9998"], "nothing is told of years"),
        (["working-days", "2026"], "moved.yaml"),
        (["reports", "--enterprise", "gamma"], "--enterprise gamma: not in the registry "),
        (["heartbeats", "2026-09", "--enterprise", "gamma"], "--enterprise gamma: not in the registry "),
        (["notices", "2026-09", "--enterprise", "gamma"], "--enterprise gamma: not in the registry "),
        (
            ["request", "gamma", "--about", "x", "--by", "An", "--working-days", "2"],
            "gamma: not in the registry ",
        ),
    ],
)
def test_what_can_not_be_read_is_told_in_a_line(installation, arguments, said, capsys):
    (installation / "btswatch.toml").write_text('moved_days = "moved.yaml"\n')
    code, _, err = call(installation, *arguments, capsys=capsys)
    assert code == 2
    (line,) = err.splitlines()
    assert said in line
