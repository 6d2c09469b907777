"""Measurements from the journal and the archive, through the command line: listed, judged, signed."""

import json
from datetime import date, timedelta

import pytest

from btswatch.cli.app import run
from schemas.figures import Figure
from schemas.indicator_verdict import IndicatorVerdict
from schemas.status import Track
from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.data_directory import DataDirectory, Mode
from stores.entries import entry_of
from stores.ledger import Ledger, closings
from stores.ledger.closings import ClosedDay
from stores.ledger.figures import DayFigure, save_final
from stores.ledger.positions import save_property

FIRST, DAYS = date(2026, 7, 1), 92
RECEIVED = to_ms(parse_rfc3339("2026-10-05T08:00:00+07:00"))


def event(id_, numerator, of, indicator="help_desk_answered", **data):
    return {
        "specversion": "1.0",
        "type": "btswatch.measurement.v1",
        "id": id_,
        "source": "alpha/oss",
        "subject": "alpha",
        "time": "2026-10-04T08:00:00+07:00",
        "data": {
            "service": "mobile_voice",
            "indicator": indicator,
            "unit": "20",
            "period": {"from": "2026-07-01T00:00:00+07:00", "to": "2026-10-01T00:00:00+07:00"},
            "numerator": numerator,
            "denominator": of,
        }
        | data,
    }


@pytest.fixture
def installation(tmp_path, capsys):
    """One station a second too long down over a closed quarter, whose enterprise declared a level of its help desk."""
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    for name, text in {
        "enterprises": "id,name\nalpha,Alpha\n",
        "units": "code,name,ascii,kind\n20,Lạng Sơn,Lang Son,province\n",
        "stations": "id,enterprise,name,unit\nA-1,alpha,A-1,20\n",
        "declared_levels": "enterprise,service,indicator,level\nalpha,mobile_voice,help_desk_answered,90\n",
    }.items():
        (tmp_path / "registry" / f"{name}.csv").write_text(text)
    (tmp_path / "btswatch.toml").write_text("")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    with ledger.writing() as connection:
        save_property(connection, "closing_from", FIRST.isoformat())
        for offset in range(DAYS):
            at = FIRST + timedelta(days=offset)
            down = 92 * 432 + 1 if offset == 0 else 0
            pairs = [0] * 16
            pairs[5], pairs[15] = 86_400 - down, down
            figure = Figure(86_400 - down, 0, down, 0, 0, 1 if down else 0, down or None, tuple(pairs))
            save_final(
                connection,
                [DayFigure("A-1", at, "alpha", "station", None, (), figure, 0, 0, 0, 0, [], "final", 0, "")],
            )
            digest = "sha256:" + "0" * 64
            closings.save_closed(connection, ClosedDay(at, RECEIVED, True, 1, 0, 0, digest, digest, {}))
    ledger.close()
    capsys.readouterr()
    return tmp_path, directory


def received(directory, *events, at=RECEIVED):
    with directory.journal() as journal:
        journal.append(
            [
                entry_of(one, received_ms=at + n, track=Track.DECLARED, reporter="alpha")
                for n, one in enumerate(events)
            ]
        )


def btswatch(path, *arguments, capsys):
    code = run([*arguments, "--settings", str(path / "btswatch.toml")])
    streams = capsys.readouterr()
    return code, streams.out.splitlines(), streams.err


def test_availability_and_a_measured_indicator_below_their_levels_are_more_than_one(installation, capsys):
    path, directory = installation
    received(directory, event("m", 89_999, 100_000))
    code, lines, _ = btswatch(path, "verdicts", "--period", "2026-Q3", capsys=capsys)
    assert code == 0
    assert "alpha          mobile_voice.help_desk_answered      fail" in lines[1]
    assert "89.999 percent of 100,000 (declared)  V36-22-HELP >= 90.0 percent  declared" in lines[1]
    assert lines[2] == (
        "alpha: 2 failing indicator(s) of mobile_voice -> X-FAIL2: Decree 174/2026/NĐ-CP Art. 54 §5,"
        " 50,000,000 to 70,000,000 VND: a suggestion; deciding is a person's"
    )


def test_radio_availability_is_never_told_as_service_availability(installation, capsys):
    path, directory = installation
    received(directory, event("m", 99, 100, "radio_availability"))
    lines = btswatch(path, "verdicts", "--period", "2026-Q3", capsys=capsys)[1]
    assert " D 99.5" in lines[0]
    assert "radio_availability" not in lines[0]
    assert "mobile_voice.radio_availability" in lines[1]
    assert "99 percent share of samples, 100" in lines[1]
    assert " D " not in lines[1]
    told = btswatch(path, "verdicts", "--period", "2026-Q3", "--json", capsys=capsys)[1]
    assert [json.loads(one)["finding"] for one in told] == ["verdict", "indicator_verdict"]
    assert "seconds" not in IndicatorVerdict.model_fields


def test_journal_and_archive_tell_the_same(installation, capsys):
    path, directory = installation
    events = [
        event("m", 1, 100),
        event("c", 2, 100, replaces="m"),
        event("again", 3, 100),
        event("odd", 1, 2, "nothing"),
    ]
    received(directory, *events)
    before = btswatch(path, "measurements", "list", "--all", capsys=capsys)
    with directory.archive(LocalCalendar()) as archive, directory.journal() as journal:
        found = journal.read(0, 10)
        archive.append((one.offset, RECEIVED, "btswatch.measurement.v1", one.body) for one in found)
        archive.flush(journal.last_offset())
    assert btswatch(path, "measurements", "list", "--all", capsys=capsys) == before
    fates = [one.rpartition("  ")[2] for one in before[1]]
    assert fates[:3] == ["replaced", "stands", "repeated"]
    assert fates[3].startswith("unknown_indicator: indicator: mobile_voice has none of that name")
    counted = btswatch(path, "measurements", "list", "--json", "--enterprise", "alpha", capsys=capsys)[1]
    assert [(json.loads(one)["id"], json.loads(one)["quotient"]) for one in counted] == [("c", 0.02)]


def test_a_slip_in_the_enterprises_name_does_not_read_as_no_measurements(installation, capsys):
    path, directory = installation
    received(directory, event("m-1", 89, 100))
    asked = ("measurements", "list", "--enterprise")
    assert len(btswatch(path, *asked, "alpha", capsys=capsys)[1]) == 1
    code, lines, err = btswatch(path, *asked, "alhpa", capsys=capsys)
    assert (code, lines, "--enterprise alhpa: not in the registry" in err) == (2, [], True)


def test_indicators_are_signed_and_a_correction_shows_and_may_be_signed_anew(installation, capsys):
    path, directory = installation
    received(directory, event("m", 80, 100))
    sign = ("period", "close", "2026-Q3", "--by", "Nguyễn Văn A")
    code, lines, err = btswatch(path, *sign, capsys=capsys)
    assert (code, err) == (0, "")
    assert "2 verdicts, revision 1" in lines[0]
    assert any(
        one.startswith("as signed by")
        for one in btswatch(path, "verdicts", "--period", "2026-Q3", capsys=capsys)[1]
    )
    assert btswatch(path, *sign, capsys=capsys)[0] == 1
    received(directory, event("c", 95, 100, replaces="m"))
    after = btswatch(path, "verdicts", "--period", "2026-Q3", capsys=capsys)[1]
    assert any(one.startswith("NOT as (") for one in after)
    assert "revision 2" in btswatch(path, *sign, capsys=capsys)[1][0]
    assert any(
        one.startswith("as signed by")
        for one in btswatch(path, "verdicts", "--period", "2026-Q3", capsys=capsys)[1]
    )
    assert btswatch(path, "ledger", "verify", capsys=capsys)[0] == 0


def test_seconds_of_fixed_broadband_are_told_as_time_on_the_enterprises_word_and_hold_its_report(
    installation, capsys
):
    path, directory = installation
    seconds = 92 * 86_400
    counted = {"service": "fixed_broadband", "counted_in": "seconds"}
    received(
        directory,
        event("d", seconds - 40_000, seconds, "service_availability", **counted),
        event("share", 999, 1000, "service_availability", service="fixed_voice"),
        {
            "specversion": "1.0",
            "type": "btswatch.report.v1",
            "id": "r",
            "source": "alpha/oss",
            "subject": "alpha",
            "time": "2026-10-04T08:00:00+07:00",
            "data": {
                "duty": "quality_quarterly",
                "period": "2026-Q3",
                "values": {"fixed_broadband.D": 99.9, "fixed_broadband.service_availability": 99.5},
            },
        },
    )
    asked = ("verdicts", "--period", "2026-Q3")
    (line,) = [one for one in btswatch(path, *asked, capsys=capsys)[1] if "fixed" in one]
    assert "fixed_broadband.service_availability fail" in line
    assert "percent share of time, 7,908,800 s of 7,948,800 s, unknown 0 s [99.497% .. 99.497%]" in line
    assert "(declared: wholly the enterprise's word)  F34-22-D >= 99.5 percent  operational" in line
    assert "samples" not in line
    told = [json.loads(one) for one in btswatch(path, *asked, "--json", capsys=capsys)[1]]
    (found,) = [one for one in told if one.get("method") == "time"]
    IndicatorVerdict.model_validate(found)
    assert (found["time"]["observed_s"], found["time"]["measured_s"]) == (seconds, 0)
    assert not {"numerator", "denominator", "samples"} & set(found)
    listed = btswatch(path, "measurements", "list", "--all", capsys=capsys)[1]
    assert any(f"7908800 / {seconds} s = " in one for one in listed)
    assert any(
        "share  invalid: service_availability: give numerator and denominator in" in one for one in listed
    )
    owed = ("duties", "reports", "--json", "--since", "2026-07-01", "--on", "2026-10-06")
    reports = btswatch(path, *owed, capsys=capsys)[1]
    values = next(one["values"] for one in map(json.loads, reports) if one.get("values"))
    assert [(one["name"], one["against"], one["differs"]) for one in values] == [
        ("fixed_broadband.D", "enterprise_data", True),
        ("fixed_broadband.service_availability", "enterprise_data", False),
    ]
