"""Verdicts on quality indicators: what was measured and reported, by the rules in force on its days.

What the Department measured decides; an enterprise's own figures may fail it, but do not pass it (rests on its word).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Final

from processors.core.indicator import Asked, IndicatorJudgement, judge_amounts
from processors.core.measurements import Amount, Said, parts, standing, total
from processors.core.periods import CalendarPeriod
from processors.core.verdict import Judgement, Reason, Result
from processors.held_days import HeldDays, held_days
from processors.held_days import joined as joined_days
from processors.reported_time import at_once, judge_time, judged_by_reports, of_the_whole
from processors.rules import FORMS, Rules
from processors.verdicts import force_of
from schemas.canonical import canonical_json
from schemas.indicators import Form
from schemas.registry import Registry
from schemas.rules import SERVICE_AVAILABILITY, Method, Rule
from schemas.rules import Kind as Force
from schemas.status import Track
from schemas.time import LocalCalendar

MEASURED_BY: Final = (Method.SAMPLES, Method.RATIO, Method.MEAN, Method.PERCENTILE)
CAMPAIGN: Final = "campaign"
RADIO_AVAILABILITY: Final = "radio_availability"
MINIMUM_SIGNAL: Final = "minimum_signal"
# Units that a ratio of counts is told in.
PER: Final = {"percent": 100, "per_100_customers": 100}


@dataclass(frozen=True, slots=True)
class IndicatorVerdict:
    """A judgement on an indicator and what it rests on.

    Attributes:
        rule: the newest version in force in the period: it says what the indicator is.
        campaign: of the Department's measurements; None: all of the period.
        summed: the measurements that were added up.
        within: measurements that others hold, so that they are not added.
        own: what the enterprise itself reported of the period, where the Department measured.
        over_time: of a share of time alone: its judgement in seconds, on all days of the period that a rule holds on.
    """

    enterprise: str
    rule: Rule
    period: CalendarPeriod
    track: Track
    campaign: str | None
    judgement: IndicatorJudgement
    held: tuple[HeldDays, ...]
    force: Force
    summed: tuple[Said, ...]
    within: int = 0
    own: Amount | None = None
    over_time: Judgement | None = None

    @property
    def inputs_digest(self) -> str:
        """SHA-256 over the measurements that were added up."""
        named = sorted([one.reporter, one.source, one.id, one.order] for one in self.summed)
        return f"sha256:{sha256(canonical_json(named).encode()).hexdigest()}"


def scale(rule: Rule) -> int:
    """What a quotient of the indicator is multiplied with to be told in the rule's unit."""
    return PER.get(rule.unit, 1) if FORMS[rule.method] is not Form.VALUE else 1


class IndicatorVerdicts:
    """Judges periods by one set of rules and one registry.

    Args:
        registry: declared levels, and which units lie in which.
        rules: all versions.
        calendar: whose local days decide which version holds.
    """

    def __init__(self, registry: Registry, rules: Rules, calendar: LocalCalendar) -> None:
        self._registry = registry
        self._rules = rules
        self._calendar = calendar
        self._upwards = {code: tuple(registry.upwards(code)) for code in registry.units}

    def judge(
        self, events: Iterable[Said], period: CalendarPeriod, enterprise: str | None = None
    ) -> Iterator[IndicatorVerdict]:
        """Verdicts on every indicator of which something was measured, by enterprise, rule and campaign."""
        by_indicator: dict[tuple[str, str, str], list[Said]] = defaultdict(list)
        # What was counted takes no seconds' place, nor the other way round.
        fitting = (
            one for one in events if (one.form is Form.TIME) == (one.indicator == SERVICE_AVAILABILITY)
        )
        for one in standing(fitting):
            by_indicator[one.subject, one.service, one.indicator].append(one)
        names = sorted(
            {rule.rule for rule in self._rules.rules if rule.method in MEASURED_BY or judged_by_reports(rule)}
        )
        for owner in sorted({key[0] for key in by_indicator}):
            for name in names if enterprise in (None, owner) else ():
                held = [one for one in self._rules.versions(name) if _within(one, period)]
                # A rule over another kind of period says nothing about this one.
                if held and held[-1].period in (CAMPAIGN, period.kind.value):
                    found = by_indicator.get((owner, held[-1].service, held[-1].indicator), [])
                    yield from self._of_rule(owner, held, found, period)

    def _of_rule(
        self, owner: str, versions: Sequence[Rule], found: Sequence[Said], period: CalendarPeriod
    ) -> Iterator[IndicatorVerdict]:
        first_ms, end_ms = (self._calendar.start_of(day) for day in (period.first, period.end))
        # What the Department took back stands as nothing counted: it holds nothing, and hides nobody's own figure.
        found = [one for one in found if one.track is Track.DECLARED or one.amount.of]
        in_period = [one for one in found if first_ms <= one.from_ms and one.to_ms <= end_ms]
        declared = [one for one in in_period if one.track is Track.DECLARED]
        measured: dict[str | None, list[Said]] = {}
        if versions[-1].period == CAMPAIGN:
            measured = dict(_campaigns(found, first_ms, end_ms))
        elif any(one.track is Track.MEASURED for one in in_period):
            measured = {None: [one for one in in_period if one.track is Track.MEASURED]}
        own = parts(declared, self._upwards)
        for campaign, events in measured.items():
            one = self._verdict(owner, versions, events, period, Track.MEASURED, campaign)
            told = own.amount if own.parts and own.overlapping is None else None
            yield replace(one, own=told)
        if declared and not measured:
            yield self._verdict(owner, versions, declared, period, Track.DECLARED, None)

    def _verdict(
        self,
        owner: str,
        versions: Sequence[Rule],
        events: Sequence[Said],
        period: CalendarPeriod,
        track: Track,
        campaign: str | None,
    ) -> IndicatorVerdict:
        if versions[-1].method is Method.TIME:
            return self._over_time(owner, versions, events, period, track)
        return self._counted(owner, versions, events, period, track, campaign)

    def _counted(
        self,
        owner: str,
        versions: Sequence[Rule],
        events: Sequence[Said],
        period: CalendarPeriod,
        track: Track,
        campaign: str | None,
    ) -> IndicatorVerdict:
        newest = versions[-1]
        whole = parts(events, self._upwards)
        asked: list[Asked] = []
        held: list[HeldDays] = []
        reason: Reason | None = Reason.OVERLAP if whole.overlapping is not None else None
        for one in whole.parts:
            days = list(self._held(owner, newest, one))
            thresholds = {each.by.threshold if each is not None else None for each in days}
            known = [each for each in days if each is not None]
            held += known
            if len(thresholds) > 1 or len(known) not in (0, len(days)):
                reason = reason or Reason.STRADDLES
            elif known and known[0].by.threshold is None:
                reason = reason or Reason.NO_THRESHOLD
            elif known:
                level = Fraction(known[0].by.threshold or Decimal(0)) / scale(known[0].by.rule)
                asked.append(Asked(one.amount, level))
        if newest.method is Method.PERCENTILE and len(whole.parts) > 1:
            reason = reason or Reason.NO_SUM
        own_word = track is Track.DECLARED
        if own_word and newest.period != CAMPAIGN and not self._covers(whole.parts, period):
            reason = reason or Reason.PART_OF_PERIOD
        minimum = max((one.by.rule.minimum_samples for one in held), default=0)
        judgement = judge_amounts(asked, newest.comparator, minimum=minimum, own_word=own_word)
        if not held:
            judgement = IndicatorJudgement(Result.NOT_APPLICABLE, Reason.NO_RULE, whole.amount)
        elif reason is not None:
            judgement = IndicatorJudgement(Result.NOT_DECIDABLE, reason, whole.amount)
        joined = joined_days(held)
        force = force_of([one.by for one in joined], versions)
        if newest.indicator == RADIO_AVAILABILITY and own_word is False and not self._levels_sure(held):
            force = Force.OPERATIONAL
        return IndicatorVerdict(
            owner, newest, period, track, campaign, judgement, joined, force, whole.parts, len(whole.within)
        )

    def _over_time(
        self,
        owner: str,
        versions: Sequence[Rule],
        events: Sequence[Said],
        period: CalendarPeriod,
        track: Track,
    ) -> IndicatorVerdict:
        newest = versions[-1]
        whole = parts(of_the_whole(events, self._registry), self._upwards)
        days = held_days(self._rules, self._registry, newest, owner, period.first, period.end)
        held = [one for one in days if one is not None]
        known = [[one is not None for one in self._held(owner, newest, part)] for part in whole.parts]
        about = [one for one, holds in zip(whole.parts, known, strict=True) if any(holds)]
        within = len(events) - len(about)
        seconds: Judgement | None = None
        reason: Reason | None = None
        if not about:
            reason = Reason.NO_RULE if whole.parts else Reason.NO_WEIGHT
        elif whole.overlapping is not None or at_once(about):
            reason = Reason.OVERLAP
        elif any(any(holds) and not all(holds) for holds in known):
            reason = Reason.STRADDLES
        elif any(one.by.threshold is None for one in held):
            reason = Reason.NO_THRESHOLD
        else:
            seconds = judge_time(about, held, self._calendar)
        result = Result.NOT_APPLICABLE if reason is Reason.NO_RULE else Result.NOT_DECIDABLE
        amount = total(one.amount for one in about)
        judgement = IndicatorJudgement(result, reason, amount)
        if seconds is not None:
            judgement = IndicatorJudgement(seconds.result, seconds.reason, amount)
        found = joined_days(held) if reason is not Reason.NO_RULE else ()
        force = force_of([one.by for one in found], versions)
        return IndicatorVerdict(
            owner,
            newest,
            period,
            track,
            None,
            judgement,
            found,
            force,
            tuple(about),
            within,
            over_time=seconds,
        )

    def _held(self, owner: str, newest: Rule, one: Said) -> Iterator[HeldDays | None]:
        """What holds on each stretch of the measurement's days; None where nothing does."""
        first = self._calendar.day_of(one.from_ms)
        end = self._calendar.day_of(one.to_ms - 1) + timedelta(days=1)
        return held_days(self._rules, self._registry, newest, owner, first, end)

    def _covers(self, found: Sequence[Said], period: CalendarPeriod) -> bool:
        reached = self._calendar.start_of(period.first)
        for one in sorted(found, key=lambda one: one.from_ms):
            if one.from_ms > reached:
                return False
            reached = max(reached, one.to_ms)
        return reached >= self._calendar.start_of(period.end)

    def _levels_sure(self, held: Sequence[HeldDays]) -> bool:
        """Whether the signal levels that samples were counted by are sure on all those days; without one none are counted."""
        return all(
            rule.may_judge
            for one in held
            for rule in self._rules.rules
            if rule.indicator == MINIMUM_SIGNAL and rule.threshold is not None and rule.in_force_on(one.first)
        )


def _campaigns(found: Sequence[Said], first_ms: int, end_ms: int) -> Iterator[tuple[str | None, list[Said]]]:
    """The Department's campaigns that ended in the period, whole."""
    by_source: Mapping[str, list[Said]] = defaultdict(list)
    for one in found:
        if one.track is Track.MEASURED:
            by_source[one.source].append(one)
    for source in sorted(by_source):
        if first_ms < max(one.to_ms for one in by_source[source]) <= end_ms:
            yield source, by_source[source]


def _within(rule: Rule, period: CalendarPeriod) -> bool:
    return (rule.in_force_from or date.min) < period.end and (rule.in_force_to or date.max) > period.first
