import json
from datetime import date, timedelta

import pytest

from btswatch.cli.app import run
from schemas.figures import Figure
from schemas.verdict import Verdict
from stores.data_directory import DataDirectory, Mode
from stores.ledger import Ledger, closings
from stores.ledger.closings import ClosedDay
from stores.ledger.figures import FINAL, PROVISIONAL, DayFigure, save_final, save_provisional

FIRST = date(2026, 7, 1)
DAYS = 92


def day(element, owner, at, down_s, state=FINAL) -> DayFigure:
    pairs = [0] * 16
    pairs[5], pairs[15] = 86_400 - down_s, down_s
    figure = Figure(86_400 - down_s, 0, down_s, 0, 0, 1 if down_s else 0, down_s or None, tuple(pairs))
    return DayFigure(element, at, owner, "station", None, (), figure, 0, 0, 0, 0, [], state, 0, "")


@pytest.fixture
def installation(tmp_path, capsys):
    """Two enterprises over a quarter: one is a second too long down, the other just not; its own level is stricter."""
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    capsys.readouterr()
    (tmp_path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\nbeta,Beta\n")
    (tmp_path / "registry" / "stations.csv").write_text("id,enterprise,name\nA-1,alpha,A-1\nB-1,beta,B-1\n")
    (tmp_path / "registry" / "declared_levels.csv").write_text(
        "enterprise,service,indicator,level,valid_from,valid_to\nbeta,mobile_voice,service_availability,99.6,2026-09-01,\n"
    )
    (tmp_path / "btswatch.toml").write_text("")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    budget = 92 * 86_400 // 200
    with ledger.writing() as connection:
        for offset in range(DAYS):
            at = FIRST + timedelta(days=offset)
            save_final(
                connection,
                [
                    day("A-1", "alpha", at, (budget + 1) if offset == 0 else 0),
                    day("B-1", "beta", at, budget if offset == 0 else 0),
                ],
            )
    yield tmp_path, ledger
    ledger.close()


def verdicts(path, *arguments, capsys):
    code = run(["verdicts", "--settings", str(path / "btswatch.toml"), *arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_a_second_too_much_fails_and_the_own_level_counts_where_it_is_stricter(installation, capsys):
    path, _ = installation
    code, out, _ = verdicts(path, "--period", "2026-Q3", "--json", capsys=capsys)
    alpha, beta = [Verdict.model_validate_json(line) for line in out.splitlines()]
    assert (code, alpha.result, alpha.rule, alpha.threshold) == (0, "fail", "V36-22-D", 0.995)
    assert (alpha.budget_s, alpha.seconds.down, alpha.force) == (39_744, 39_745, "legal")
    assert "Art. 54" in alpha.suggestion
    assert "provincial estimate" in alpha.label
    assert (beta.result, beta.threshold, beta.force) == ("fail", None, "declared")
    assert [(one.first, one.end, one.threshold) for one in beta.judged] == [
        (date(2026, 7, 1), date(2026, 9, 1), 0.995),
        (date(2026, 9, 1), date(2026, 10, 1), 0.996),
    ]
    assert json.loads(out.splitlines()[0])["rules"].startswith("sha256:")


def test_the_lines_for_people_count_the_failing_indicators(installation, capsys):
    path, _ = installation
    code, out, _ = verdicts(path, "--period", "2026-Q3", "--enterprise", "alpha", capsys=capsys)
    first, second, head = out.splitlines()
    assert code == 0
    assert first.startswith("alpha          alpha            fail")
    assert "down 39745 s of 39744 s" in first
    assert head.startswith("audit chain head sha256:")
    assert second == (
        "alpha: 1 failing indicator(s) of mobile_voice -> X-FAIL1: Decree 174/2026/NĐ-CP Art. 54 §4,"
        " 30,000,000 to 50,000,000 VND: a suggestion; deciding is a person's"
    )
    assert first.endswith("legal, provincial estimate (ước tính trong tỉnh) by station")


def test_a_month_is_judged_by_the_operational_rule_and_never_in_law(installation, capsys):
    path, _ = installation
    code, out, _ = verdicts(path, "--period", "2026-07", "--json", capsys=capsys)
    found = [Verdict.model_validate_json(line) for line in out.splitlines()]
    assert code == 0
    assert [(one.subject, one.rule, one.result, one.force, one.suggestion) for one in found] == [
        ("A-1", "O-BTS-A", "fail", "operational", None),
        ("B-1", "O-BTS-A", "fail", "operational", None),
    ]


def test_open_days_are_no_ground_for_a_verdict_unless_asked(installation, capsys):
    path, ledger = installation
    with ledger.writing() as connection:
        save_provisional(connection, [day("A-2", "alpha", FIRST, 0, PROVISIONAL)])
    code, out, err = verdicts(path, "--period", "2026-Q3", capsys=capsys)
    assert (code, out) == (1, "")
    assert "1 element-days of it are not closed yet" in err
    assert verdicts(path, "--period", "2026-Q3", "--provisional", capsys=capsys)[0] == 0


def test_a_quarter_that_is_not_all_there_is_judged_only_when_asked(installation, capsys):
    """Nothing was told of its other days: three of them, all closed, are no quarter in law."""
    path, ledger = installation
    with ledger.writing() as connection:
        for number in (1, 2, 3):
            at = date(2026, 10, number)
            save_final(connection, [day("A-1", "alpha", at, 0)])
            closings.save_closed(connection, ClosedDay(at, 0, True, 1, 1, 0, "", "", {}))
    code, out, err = verdicts(path, "--period", "2026-Q4", capsys=capsys)
    assert (code, out) == (1, "")
    assert "89 days of it are not closed yet" in err
    code, out, _ = verdicts(path, "--period", "2026-Q4", "--provisional", capsys=capsys)
    assert code == 0
    assert "provisional: 89 days of it are not closed yet" in out.splitlines()
    assert verdicts(path, "--period", "2026-Q3", capsys=capsys)[0] == 0, "all of it is there"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--period", "0001"], 2, "nothing is told of years before 1970"),
        (["--period", "9999-Q3"], 2, "nothing is told of years before 1970 or after 9990"),
        (["--period", "2026-Q5"], 2, "write 2026, 2026-Q3, 2026-09 or 2026-09-30"),
        (["--period", "2026-13"], 2, "month must be in 1..12"),
        (["--period", "2019-Q3"], 1, "no figures of it"),
        (["--period", "2026-Q3", "--enterprise", "gamma"], 2, "not in the registry"),
    ],
)
def test_what_can_not_be_answered_is_told_in_a_line(installation, arguments, code, said, capsys):
    got, _, err = verdicts(installation[0], *arguments, capsys=capsys)
    assert got == code
    (line,) = err.splitlines()
    assert said in line


def test_no_ledger_is_told_and_none_is_made(tmp_path, capsys):
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "btswatch.toml").write_text("")
    DataDirectory(tmp_path / "data").create(Mode.PRODUCTION)
    capsys.readouterr()
    code, _, err = verdicts(tmp_path, "--period", "2026-Q3", capsys=capsys)
    assert (code, "no such ledger" in err) == (2, True)
    assert not (tmp_path / "data" / "ledger.db").exists()
