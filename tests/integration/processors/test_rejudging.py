"""The benchmark of a re-judged province-year, at a small scale: what it times is right."""

from datetime import timedelta

import pytest

from processors.core.verdict import Result
from processors.rules import load_rules
from processors.verdicts import verdicts
from stores.ledger import Ledger
from stores.ledger.figures import figures_of_element
from tests.benchmarks.bench_rejudge import FIRST, changed, fill, periods_of, registry_of, rejudge

DAYS = 181


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """Half a year of closed days of eight stations and four links."""
    registry = registry_of(8, 4)
    ledger = Ledger(tmp_path_factory.mktemp("year") / "ledger.db")
    ledger.open()
    with ledger.writing() as connection:
        fill(connection, registry, DAYS)
    yield ledger, registry
    ledger.close()


def test_what_is_judged_are_the_seconds_of_the_days(year):
    ledger, registry = year
    with ledger.reading() as connection:
        for period in periods_of(DAYS):
            found = list(verdicts(connection, registry, changed(load_rules()), period))
            assert found
            for one in found:
                names = [
                    name
                    for name, (row,) in registry.elements.items()
                    if one.subject in (name, row.enterprise) and row.kind is one.kind
                ]
                days = [
                    day.figure
                    for name in names
                    for day in figures_of_element(
                        connection, name, period.first, period.end - timedelta(days=1)
                    )
                ]
                judged = one.judgement.figure
                assert (judged.up, judged.down, judged.unknown) == tuple(
                    sum(getattr(day, name) for day in days) for name in ("up", "down", "unknown")
                )


def test_changed_rules_hold_from_the_day_on_which_they_do(year):
    ledger, registry = year
    rules = changed(load_rules())
    with ledger.reading() as connection:
        quarter = next(one for one in periods_of(DAYS) if one.name == f"{FIRST.year}-Q2")
        (beta,) = verdicts(connection, registry, rules, quarter, "beta")
        before = list(verdicts(connection, registry, load_rules(), quarter, "beta"))
    assert [(one.first, one.by.rule.version) for one in beta.held] == [
        (quarter.first, "2022"),
        (FIRST.replace(month=5), "new"),
    ]
    assert beta.judgement.budget_s > before[0].judgement.budget_s


def test_a_small_province_is_re_judged_whole(tmp_path):
    found = rejudge(tmp_path / "ledger.db", 4, 8, 365)
    assert found.rows == 12 * 365
    assert sum(found.results.values()) == 4 * 12 + 4 * 4 + 4
    assert {key.split()[1] for key in found.results} <= set(Result)
    assert found.seconds < 10
