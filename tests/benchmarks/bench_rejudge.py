"""A province-year re-judged under changed rules: python tests/benchmarks/bench_rejudge.py [--stations N] [--links N] [--days D].

The ledger (SQLite) is filled with closed days; then every month, quarter and the year is judged by rules whose
thresholds are others, each day under the version in force on it. Prints seconds, peak memory, and the ratio to one plain
pass of SQL over the same rows.
"""

import argparse
import resource
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from processors.core.periods import CalendarPeriod, PeriodKind
from processors.rules import Rules, load_rules
from processors.verdicts import SEEN_BY, verdicts
from schemas.figures import Figure
from schemas.registry import DeclaredLevel, Element, Enterprise, Kind, Registry
from schemas.rules import Method, Rule
from stores.ledger import Ledger
from stores.ledger.figures import DayFigure, save_final
from stores.ledger.tables import SECONDS, day_figures

FIRST = date(2025, 1, 1)
OWNERS = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long it took, what came of it, and how much memory the process had at most."""

    seconds: float
    results: Counter[str]
    plain_s: float
    peak_bytes: int
    rows: int


def registry_of(stations: int, links: int) -> Registry:
    """Elements of four enterprises, one of which declares a stricter level from July on."""
    named = {f"S-{n:05d}": Kind.STATION for n in range(stations)} | {
        f"L-{n:05d}": Kind.LINK for n in range(links)
    }
    elements = {
        name: (Element(name, kind, OWNERS[n % len(OWNERS)]),) for n, (name, kind) in enumerate(named.items())
    }
    level = DeclaredLevel(
        "beta", "mobile_voice", "service_availability", Decimal("99.9"), FIRST.replace(month=7), None
    )
    return Registry(
        {name: Enterprise(name, name) for name in OWNERS},
        {},
        elements,
        (level,),
        digest="sha256:" + "1" * 64,
    )


def changed(rules: Rules) -> Rules:
    """Other thresholds, from May on in a version of its own; and a rule over the year."""
    start, found = FIRST.replace(month=5), []
    for rule in rules.rules:
        if rule.method is not Method.TIME or rule.service not in SEEN_BY:
            found.append(rule)
            continue
        found.append(_with(rule, in_force_to=start))
        found.append(_with(rule, id=f"{rule.id}-NEW", version="new", threshold="99.2", in_force_from=start))
        if rule.service == "mobile_voice":
            found.append(_with(rule, id="Y-1", rule="Y", period="year", threshold="99.4"))
    return Rules(tuple(found))


def _with(rule: Rule, /, **values: object) -> Rule:
    return Rule.model_validate(rule.model_dump(mode="json") | {k: str(v) for k, v in values.items()})


def fill(connection: Connection, registry: Registry, days: int) -> None:
    """Closed days that differ; the first is written as the closing does, the others from it in SQL."""
    pairs = [0] * 16
    pairs[5], pairs[13], pairs[1] = 86_100, 200, 100
    figure = Figure(86_100, 0, 200, 0, 100, 1, 200, tuple(pairs))
    runs = [[0, 40_000_000, 1], [40_000_000, 40_200_000, 3], [40_200_000, 86_400_000, 1]]
    digest = "sha256:" + "2" * 64
    save_final(
        connection,
        [
            DayFigure(
                name, FIRST, rows[0].enterprise, rows[0].kind.value, "U1", ("4G",), figure, 0, 0, 0,
                86_400_000, runs, "final", 0, digest, "", digest, 1,
            )
            for name, rows in registry.elements.items()
        ],
    )  # fmt: skip
    moved = "(abs((n * 7919 + unicode(substr(element, -1)) * 104729 + unicode(substr(element, -2))) % 900))"
    told = {
        "day": f"date('{FIRST}', '+' || n || ' days')",
        "down_s": f"down_s + {moved}",
        "up_s": f"up_s - {moved}",
        "rec_down_up_s": f"rec_down_up_s + {moved}",
        "rec_up_up_s": f"rec_up_up_s - {moved}",
    }
    names = [column.name for column in day_figures.columns]
    chosen = ", ".join(told.get(name, name) for name in names)
    connection.execute(
        text(
            f"WITH RECURSIVE days(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM days WHERE n < {days - 1})"
            f" INSERT INTO day_figures ({', '.join(names)}) SELECT {chosen} FROM days CROSS JOIN day_figures"
            f" WHERE day = '{FIRST}' AND n < {days}"
        )
    )


def periods_of(days: int) -> list[CalendarPeriod]:
    """The calendar periods that lie in the days as a whole."""
    end = FIRST + timedelta(days=days)
    names = [f"{FIRST.year}-{month:02d}" for month in range(1, 13)]
    names += [f"{FIRST.year}-Q{quarter}" for quarter in range(1, 5)] + [str(FIRST.year)]
    return [one for one in map(CalendarPeriod.named, names) if one.end <= end]


def rejudge(path: Path, stations: int, links: int, days: int) -> Outcome:
    """Fill a ledger at `path` and judge it twice: by the rules as they are, and by changed ones, whose time counts."""
    registry, rules = registry_of(stations, links), load_rules()
    ledger = Ledger(path)
    ledger.open()
    try:
        with ledger.writing() as connection:
            fill(connection, registry, days)
        other = changed(rules)
        with ledger.reading() as connection:
            started = time.perf_counter()
            connection.execute(select(*(func.sum(day_figures.c[name]) for name in SECONDS))).one()
            plain = time.perf_counter() - started
            started = time.perf_counter()
            results = Counter(
                f"{period.kind} {one.judgement.result}"
                for period in periods_of(days)
                for one in verdicts(connection, registry, other, period)
            )
            seconds = time.perf_counter() - started
            rows = int(connection.execute(select(func.count()).select_from(day_figures)).scalar() or 0)
    finally:
        ledger.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Outcome(seconds, results, plain, peak, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--links", type=int, default=2000)
    parser.add_argument("--days", type=int, default=365)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        started = time.perf_counter()
        found = rejudge(Path(name) / "ledger.db", arguments.stations, arguments.links, arguments.days)
        print(f"filled {found.rows:,} closed days in {time.perf_counter() - started - found.seconds:.0f} s")
    kinds = {
        kind: sum(count for key, count in found.results.items() if key.startswith(kind))
        for kind in PeriodKind
    }
    judged = ", ".join(f"{count:,} of a {kind}" for kind, count in kinds.items() if count)
    print(f"re-judged in {found.seconds:.2f} s (goal 10), peak {found.peak_bytes / 1e6:.0f} MB: {judged}")
    print(
        f"one plain pass of SQL over the rows: {found.plain_s:.2f} s, ratio {found.seconds / found.plain_s:.1f}"
    )
    print(dict(sorted(found.results.items())))


if __name__ == "__main__":
    main()
