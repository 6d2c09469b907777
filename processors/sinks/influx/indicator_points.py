"""Lines of verdicts on quality indicators, in a measurement of their own: shares of samples are no shares of time.

A share of time that was judged by what was sent (of fixed broadband, say) stands with the others over time, in `finding`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from processors.core.measurements import Said
from processors.core.periods import CalendarPeriod
from processors.core.verdict import Result
from processors.indicator_findings import in_unit
from processors.indicators import MEASURED_BY, IndicatorVerdict, IndicatorVerdicts, scale
from processors.reported_time import judged_by_reports
from processors.rules import Rules
from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from processors.sinks.influx.lines import Value, fields, line
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.figures import NO_TIME, ratio
from schemas.influx import MEASUREMENT, RESULTS
from schemas.registry import Registry
from schemas.time import LocalCalendar

OVER_TIME: Final = "over_time"
"""Refused: a rule over time has its verdicts in `finding`."""
REPORTED: Final = "reported"
"""`finding.basis` of seconds that were sent, of what no element shows."""
_WORST: Final = (Result.FAIL, Result.NOT_DECIDABLE, Result.PASS, Result.NOT_APPLICABLE)


def nothing_measured() -> Sequence[Said]:
    """Where no archive is at hand."""
    return ()


@dataclass(frozen=True, slots=True)
class IndicatorPoints:
    """Makes lines. `measured` gives all measurements that count."""

    guard: SeriesGuard
    registry: Registry
    calendar: LocalCalendar
    measured: Callable[[], Sequence[Said]] = field(default=nothing_measured)

    def of_period(self, rules: Rules, period: CalendarPeriod) -> Iterator[tuple[str, str]]:
        """A period's verdicts, the worst of each enterprise and rule where there were several campaigns."""
        said = self.measured()
        if not said:
            return
        found = IndicatorVerdicts(self.registry, rules, self.calendar).judge(said, period)
        by: dict[tuple[str, str], list[IndicatorVerdict]] = {}
        for one in found:
            by.setdefault((one.enterprise, one.rule.rule), []).append(one)
        for several in by.values():
            try:
                if judged_by_reports(several[0].rule):
                    yield "finding", self.over_time(several[0])
                else:
                    yield "indicator", self.line(several)
            except RefusedSeriesError as error:
                INFLUX_SKIPPED.counter().labels(error.code).inc()

    def line(self, several: Iterable[IndicatorVerdict]) -> str:
        """One point for several verdicts of one enterprise, rule and period.

        Raises:
            RefusedSeriesError: the rule is over time, or the series may not exist.
        """
        ranked = sorted(several, key=lambda one: _WORST.index(one.judgement.result))
        worst, judged = ranked[0], ranked[0].judgement
        rule, thresholds = worst.rule, {one.by.threshold for one in worst.held}
        if rule.method not in MEASURED_BY:
            raise RefusedSeriesError(OVER_TIME, f"{rule.id} is judged by {rule.method.value}")
        threshold = thresholds.pop() if len(thresholds) == 1 else None
        values: dict[str, Value | None] = {
            "result": RESULTS[judged.result.value],
            "reason": judged.reason.value if judged.reason else "",
            "force": worst.force.value,
            "value": in_unit(judged.amount, rule),
            "threshold": None if threshold is None else float(threshold),
            "unit": rule.unit,
            "counted": judged.amount.of,
            "verdicts": len(ranked),
        }
        tags = {
            "enterprise": worst.enterprise,
            "subject": worst.enterprise,
            "service": rule.service,
            "indicator": rule.indicator,
            "method": rule.method.value,
            "period": worst.period.kind.value,
            "rule": rule.rule,
        }
        series = self.guard.finding("indicator", tags)
        at_ms = self.calendar.start_of(worst.period.first)
        return line(series, fields(MEASUREMENT["indicator"], values), at_ms * 1_000)

    def over_time(self, verdict: IndicatorVerdict) -> str:
        """The point of a verdict by seconds that were sent; there is one of an enterprise, rule and period.

        Raises:
            RefusedSeriesError: the series may not exist.
        """
        judged, rule = verdict.judgement, verdict.rule
        figure = verdict.over_time.figure if verdict.over_time is not None else NO_TIME
        thresholds = {one.by.threshold for one in verdict.held}
        threshold = thresholds.pop() if len(thresholds) == 1 else None
        ratios = figure.ratios()
        values: dict[str, Value | None] = {
            "result": RESULTS[judged.result.value],
            "reason": judged.reason.value if judged.reason else "",
            "force": verdict.force.value,
            "threshold": None if threshold is None else float(Fraction(threshold) / scale(rule)),
            "availability": ratios["A"],
            "gross": ratios["A_gross"],
            "coverage": ratio(figure.total - figure.unknown, figure.total),
            "budget_s": None if verdict.over_time is None else verdict.over_time.budget_s,
            "down_s": figure.down,
            "total_s": figure.total,
            "basis": REPORTED,
        }
        tags = {
            "enterprise": verdict.enterprise,
            "subject": verdict.enterprise,
            "period": verdict.period.kind.value,
            "rule": rule.rule,
            "service": rule.service,
        }
        series = self.guard.finding("finding", tags)
        at_ms = self.calendar.start_of(verdict.period.first)
        return line(series, fields(MEASUREMENT["finding"], values), at_ms * 1_000)
