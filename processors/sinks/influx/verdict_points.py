"""Lines of verdicts and of what stands for a month or quarter as a whole: from topics and, the same, from the ledger."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from processors.closed_verdicts import basis_of
from processors.core.measurements import Said
from processors.core.outages_of_a_period import concentration
from processors.core.periods import CalendarPeriod, PeriodKind
from processors.findings import as_contract
from processors.reconciling import over_period
from processors.rules import Rules
from processors.signing import standing
from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from processors.sinks.influx.indicator_points import IndicatorPoints, nothing_measured
from processors.sinks.influx.lines import Value, fields, line
from processors.verdicts import PeriodVerdict, verdicts
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.figures import Figure
from schemas.influx import MEASUREMENT, RESULTS
from schemas.registry import Kind, Registry
from schemas.rules import Method, Rule
from schemas.time import LocalCalendar
from stores.ledger import restatements
from stores.ledger.findings import Finding

NOT_OVER_TIME: Final = "not_over_time"
"""Refused: a verdict by samples (radio availability, say) is none on availability over time."""
RULES_LOST: Final = "rules_lost"
"""Left out: the period was sealed under rules that the ledger keeps no more."""
KINDS: Final = (PeriodKind.MONTH, PeriodKind.QUARTER)
Line = tuple[str, str]
Tags = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _Stands:
    """How a period stands, and how many element-days of it were restated, by subject and kind."""

    state: str
    restated: Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class VerdictPoints:
    """Makes lines, each with its measurement; `now_ms` is the clock: a period is open until it is over."""

    guard: SeriesGuard
    registry: Registry
    calendar: LocalCalendar
    rules: Rules
    now_ms: Callable[[], int]
    measured: Callable[[], Sequence[Said]] = nothing_measured

    def running(self, finding: Finding) -> list[Line]:
        """Of a verdict as workers tell it.

        Raises:
            RefusedSeriesError: its rule is judged by samples, or its series may not exist.
        """
        content, rule = finding.content, _named(finding.rule, self.rules)
        tags = {
            "enterprise": finding.enterprise,
            "subject": finding.subject,
            "kind": content.get("kind"),
            "period": finding.period,
            **_rule(finding.rule, rule),
        }
        found = []
        # A quarter's rule over a month is told for its budget alone.
        if rule is None or rule.period == finding.period:
            found.append(self._verdict(tags, content, finding.from_ms, {}))
        budget_s = content.get("budget_s")
        if finding.subject == finding.enterprise and finding.period in KINDS and budget_s is not None:
            found.append(self._budget(tags, budget_s, content["seconds"]["down"], finding.from_ms))
        return found

    def of_period(self, connection: Connection, period: CalendarPeriod) -> Iterator[Line]:
        """A month's or quarter's verdicts, error budgets and spread, from the ledger's days; a quarter's indicators.

        A closed period's are those by the rules of its closing; where these are kept no more there are none, since others
        would be taken for them. What may not be a series (an element that the registry lost since) is left out and counted.
        """
        at_ms = self.calendar.start_of(period.first)
        basis = basis_of(connection, period, self.rules)
        if basis.lost is not None:
            INFLUX_SKIPPED.counter().labels(RULES_LOST).inc()
            yield from self._spread(connection, period, at_ms)
            return
        rules = basis.rules
        stands = self._stands(connection, period)
        for one in verdicts(connection, self.registry, rules, period, zone=self.calendar.zone):
            yield from _kept(partial(self._judged, one, rules, at_ms, stands))
            yield from self._spent(one, rules, at_ms)
        if period.kind is PeriodKind.MONTH:
            for one in verdicts(
                connection, self.registry, _over_months(rules), period, zone=self.calendar.zone
            ):
                yield from self._spent(one, rules, at_ms)
        yield from self._spread(connection, period, at_ms)
        if period.kind is PeriodKind.QUARTER:
            points = IndicatorPoints(self.guard, self.registry, self.calendar, self.measured)
            yield from points.of_period(rules, period)

    def _stands(self, connection: Connection, period: CalendarPeriod) -> _Stands:
        restated: Counter[tuple[str, str]] = Counter()
        changed = {
            (one.element, one.day) for one in restatements.between(connection, period.first, period.end)
        }
        for element, day in changed:
            row = self.registry.on(element, day)
            if row is not None:
                restated.update(((element, row.kind.value), (row.enterprise, row.kind.value)))
        today = self.calendar.day_of(self.now_ms())
        return _Stands(standing(connection, period, today).state.value, restated)

    def _judged(self, one: PeriodVerdict, rules: Rules, at_ms: int, stands: _Stands) -> Line:
        said = as_contract(one, self.registry.digest, rules, self.calendar.zone)
        content = said.model_dump(mode="json", by_alias=True, exclude_none=True)
        more: dict[str, Value | None] = {
            "open_days": one.open_days,
            "adjusted_days": one.adjusted_days,
            "restated_days": stands.restated[one.subject, one.kind.value],
            "standing": stands.state,
        }
        return self._verdict(_tags(one, rules), content, at_ms, more)

    def _verdict(
        self, tags: Tags, content: Mapping[str, Any], from_ms: int, more: Mapping[str, Value | None]
    ) -> Line:
        seconds = content["seconds"]
        ok = seconds["up"] + seconds["degraded"]
        known = ok + seconds["down"]
        values: dict[str, Value | None] = {
            "result": RESULTS[content["result"]],
            # Written also when there is none: else the one of before would stay.
            "reason": content.get("reason") or "",
            "force": content.get("force"),
            "threshold": content.get("threshold"),
            "availability": ok / known if known else None,
            "gross": ok / (known + seconds["planned"]) if known + seconds["planned"] else None,
            "coverage": content.get("coverage"),
            "budget_s": content.get("budget_s"),
            "down_s": seconds["down"],
            "total_s": seconds["total"],
            "elements": content.get("elements"),
            **more,
        }
        return "finding", _line("finding", self.guard.finding("finding", tags), values, from_ms)

    def _spent(self, one: PeriodVerdict, rules: Rules, at_ms: int) -> Iterator[Line]:
        if one.subject == one.enterprise and one.held:
            judged = one.judgement
            yield from _kept(
                partial(self._budget, _tags(one, rules), judged.budget_s, judged.figure.down, at_ms)
            )

    def _budget(self, tags: Tags, budget_s: int, spent_s: int, from_ms: int) -> Line:
        series = self.guard.finding("budget", tags)
        values: dict[str, Value | None] = {"budget_s": budget_s, "spent_s": spent_s}
        return "budget", _line("budget", series, values, from_ms)

    def _spread(self, connection: Connection, period: CalendarPeriod, at_ms: int) -> Iterator[Line]:
        for kind in Kind:
            for enterprise in sorted(self.registry.enterprises):
                found = over_period(
                    connection, self.registry, period, "element", kind, enterprise, self.calendar.zone
                )
                if found:
                    figures = [one.figure for one in found.values()]
                    yield from _kept(partial(self._spread_of, enterprise, kind, period, figures, at_ms))

    def _spread_of(
        self, enterprise: str, kind: Kind, period: CalendarPeriod, figures: list[Figure], at_ms: int
    ) -> Line:
        series = self.guard.scope("enterprise", enterprise, kind.value, "spread", period=period.kind.value)
        return "spread", _line("spread", series, _spread_values(figures), at_ms)


def _over_months(rules: Rules) -> Rules:
    """The quarter's rules over a month: for what is left of the budget, never for a verdict."""
    return Rules(
        tuple(
            rule.model_copy(update={"period": PeriodKind.MONTH.value})
            for rule in rules.rules
            if rule.method is Method.TIME and rule.period == PeriodKind.QUARTER.value
        )
    )


def _tags(one: PeriodVerdict, rules: Rules) -> dict[str, str | None]:
    return {
        "enterprise": one.enterprise,
        "subject": one.subject,
        "kind": one.kind.value,
        "period": one.period.kind.value,
        **_rule(one.name, _named(one.name, rules)),
    }


def _named(told: str, rules: Rules) -> Rule | None:
    """The rule that is told by its versions' common name, or by the id of one version."""
    return next((rule for rule in rules.rules if told in (rule.rule, rule.id)), None)


def _rule(told: str, rule: Rule | None) -> dict[str, str | None]:
    """The tags of a rule; one that we don't know keeps the name that was told.

    Raises:
        RefusedSeriesError: it is judged by samples, not over time.
    """
    if rule is None:
        return {"rule": told or None, "service": None}
    if rule.method is not Method.TIME:
        raise RefusedSeriesError(NOT_OVER_TIME, f"{told} is judged by {rule.method.value}, not over time")
    return {"rule": rule.rule, "service": rule.service}


def _kept(make: Callable[[], Line]) -> Iterator[Line]:
    try:
        yield make()
    except RefusedSeriesError as error:
        INFLUX_SKIPPED.counter().labels(error.code).inc()


def _line(measurement: str, series: str, values: Mapping[str, Value | None], at_ms: int) -> str:
    return line(series, fields(MEASUREMENT[measurement], values), at_ms * 1_000)


def _spread_values(figures: list[Figure]) -> dict[str, Value | None]:
    found = concentration(figures)
    return {
        "elements": found.elements,
        **{f"over_{hours}h": count for hours, count in found.over.items()},
        "down_s": found.down_s,
        "worst_share": found.worst_share,
    }
