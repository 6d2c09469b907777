"""Verdicts on periods that still run: the code of closed ones, over the days that workers have in memory.

What is told of a month or quarter is its error budget so far (ngân sách thời gian gián đoạn): provisional, without what
upheld objections move, and without a suggestion of what may follow. The verdicts that count come from closed days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from processors.core.enterprises import Enterprises, Standing
from processors.core.periods import CalendarPeriod, PeriodKind
from processors.core.verdict import Result
from processors.findings import as_contract
from processors.rules import Rules
from processors.running_unwatched import RunningUnwatched
from processors.verdicts import SEEN_BY, PeriodVerdict, in_the_period, judged, stretches_of
from schemas.registry import Registry
from schemas.rules import Kind, Method, Rule
from schemas.time import LocalCalendar, from_ms
from schemas.verdict import Verdict
from stores.ledger.sums import ElementSum
from stores.ledger.unwatched import unwatched_sums

BUDGETS: Final = (PeriodKind.MONTH, PeriodKind.QUARTER)


class RunningVerdicts:
    """Judges enterprises' running months and quarters.

    A rule over a quarter is told over the month too, as an operational finding: what of the month's share of the budget
    is spent. Rules that judge each element by itself are left to closed periods and to `btswatch verdicts`.

    Args:
        registry: weights and declared levels, with the digest that verdicts name.
        rules: all of them.
        zone: the configured zone.
    """

    def __init__(self, registry: Registry, rules: Rules, zone: str) -> None:
        self._registry = registry
        self._rules = rules
        self._calendar = LocalCalendar(zone)
        self._unwatched = RunningUnwatched(registry, self._calendar)
        names = sorted({rule.rule for rule in rules.rules if _is_told(rule)})
        self._versions = [rules.versions(name) for name in names]

    def of(self, standing: Standing, enterprises: Enterprises) -> Iterator[Verdict]:
        """A verdict for each rule that holds for the standing's elements and period, by rule; none on a day."""
        period = CalendarPeriod(
            standing.period, self._calendar.day_of(standing.start), self._calendar.day_of(standing.end)
        )
        versions = [in_the_period(one, period) for one in self._versions]
        versions = [one for one in versions if self._judges(one[-1], standing)]
        if not versions:
            return
        stretches = list(stretches_of(period, self._registry, list(chain.from_iterable(versions))))
        sums = [
            ElementSum(element, standing.enterprise, at, figure, days, days)
            for at, one in enumerate(stretches)
            for element, figure, days in enterprises.sums(standing, one.first, one.end)
        ]
        days = [(one.first, one.end) for one in stretches]
        sums += unwatched_sums(self._unwatched.of(standing, enterprises, days))
        for one in versions:
            own = PeriodKind(one[-1].period) is period.kind
            for found in judged(
                standing.enterprise, one, sums, stretches, self._registry, self._rules, period
            ):
                if found.judgement.result is not Result.NOT_APPLICABLE:
                    yield self._told(found if own else replace(found, force=Kind.OPERATIONAL), standing)

    def _told(self, found: PeriodVerdict, standing: Standing) -> Verdict:
        said = as_contract(found, self._registry.digest, self._rules, self._calendar.zone)
        return said.model_copy(update={"as_of": from_ms(standing.as_of_ms), "suggestion": None})

    def _judges(self, rule: Rule, standing: Standing) -> bool:
        order: Sequence[str] = [one.value for one in BUDGETS]
        return (
            SEEN_BY[rule.service] is standing.kind
            and standing.period in BUDGETS
            and order.index(standing.period.value) <= order.index(rule.period)
        )


def _is_told(rule: Rule) -> bool:
    return (
        rule.method is Method.TIME
        and rule.service in SEEN_BY
        and rule.per == "enterprise"
        and PeriodKind(rule.period) in BUDGETS
    )
