"""Verdicts on a calendar period from the ledger's days: one code for live questions, sign-off and restatement.

Each day is held to the version of the rule, and to the declared level, that was in force on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from processors.core.periods import CalendarPeriod, PeriodKind
from processors.core.portions import Stretch, add_up, weighted
from processors.core.verdict import AvailabilityRule, Judgement, Portion, Reason, Result, judge_portions
from processors.rules import Applicable, Rules
from schemas.registry import Kind, Registry
from schemas.rules import Kind as Force
from schemas.rules import Method, Rule
from schemas.time import DEFAULT_ZONE, LocalCalendar
from stores.ledger import closings
from stores.ledger.sums import ElementSum, element_sums
from stores.ledger.unwatched import unwatched_in, unwatched_sums

# What the service of a rule is seen by. Others have no element here: they are judged by seconds sent (reported_time).
SEEN_BY: Final = {"mobile_voice": Kind.STATION, "base_station": Kind.STATION}
NOTHING_BEFORE: Final[Mapping[tuple[str, str], int]] = MappingProxyType({})
PROVINCIAL: Final = "provincial estimate (ước tính trong tỉnh)"


@dataclass(frozen=True, slots=True)
class Held:
    """A rule on a stretch of days `[first, end)` for an enterprise."""

    first: date
    end: date
    by: Applicable
    rule: AvailabilityRule


@dataclass(frozen=True, slots=True)
class PeriodVerdict:
    """A judgement and what it rests on. `force` is operational where the rule is not sure enough for a legal one.

    `adjusted_days` are element-days of which upheld objections moved something. `missing_days` are the period's days that
    are not closed, with figures or without.
    """

    enterprise: str
    subject: str
    name: str
    period: CalendarPeriod
    kind: Kind
    judgement: Judgement
    held: tuple[Held, ...]
    force: Force
    elements: int
    open_days: int
    adjusted_days: int = 0
    missing_days: int = 0

    @property
    def final(self) -> bool:
        """Whether the period's days are all closed: none that it rests on is open, and none is still to come."""
        return not (self.open_days or self.missing_days)


def verdicts(
    connection: Connection,
    registry: Registry,
    rules: Rules,
    period: CalendarPeriod,
    enterprise: str | None = None,
    zone: str = DEFAULT_ZONE,
) -> Iterator[PeriodVerdict]:
    """Every verdict on the period by rules over time that are judged over periods of its kind, by enterprise and rule.

    Time in service before an element's first figure of the period is unknown time, see `unwatched_in`.
    """
    names = sorted(
        {rule.rule for rule in rules.rules if rule.method is Method.TIME and rule.service in SEEN_BY}
    )
    versions = [in_the_period(rules.versions(name), period) for name in names]
    versions = [one for one in versions if PeriodKind(one[-1].period) is period.kind]
    if not versions:
        return
    stretches = list(stretches_of(period, registry, [rule for one in versions for rule in one]))
    owned = _owned(connection, registry, stretches, versions, enterprise, LocalCalendar(zone))
    missing = len(closings.not_closed(connection, period.first, period.end))
    before = _planned_before(connection, period, {SEEN_BY[one[-1].service] for one in versions})
    for owner in sorted({key[0] for key in owned}):
        for one in versions:
            sums = owned.get((owner, SEEN_BY[one[-1].service]), [])
            if sums:
                for found in judged(owner, one, sums, stretches, registry, rules, period, before):
                    yield replace(found, missing_days=missing) if missing else found


def _planned_before(
    connection: Connection, period: CalendarPeriod, kinds: Iterable[Kind]
) -> dict[tuple[str, str], int]:
    """Announced work by (enterprise, element) in the period's first month before it: a day's month has one cap."""
    begins = period.first.replace(day=1)
    if begins == period.first:
        return {}
    return {
        (one.enterprise, one.element): one.figure.planned
        for kind in sorted(kinds)
        for one in element_sums(connection, [(begins, period.first)], kind.value)
    }


def in_the_period(versions: Sequence[Rule], period: CalendarPeriod) -> Sequence[Rule]:
    """Those in force on a day of the period: a later one says nothing about it, not even what is weighed by what.

    All of them where none is, for a verdict that says so.
    """
    found = [
        one
        for one in versions
        if (one.in_force_from or date.min) < period.end and (one.in_force_to or date.max) > period.first
    ]
    return found or versions


def _owned(
    connection: Connection,
    registry: Registry,
    stretches: Sequence[Stretch],
    versions: Sequence[Sequence[Rule]],
    enterprise: str | None,
    calendar: LocalCalendar,
) -> dict[tuple[str, Kind], list[ElementSum]]:
    owned: dict[tuple[str, Kind], list[ElementSum]] = defaultdict(list)
    days = [(one.first, one.end) for one in stretches]
    lacking = unwatched_in(connection, registry, days, calendar)
    for kind in sorted({SEEN_BY[one[-1].service] for one in versions}):
        for found in element_sums(connection, days, kind.value, enterprise):
            owned[found.enterprise, kind].append(found)
        for one in unwatched_sums(each for each in lacking if each.row.kind is kind):
            # With an enterprise asked for there is nothing of others that it would go with.
            if owned.get((one.enterprise, kind)):
                owned[one.enterprise, kind].append(one)
    return owned


def stretches_of(period: CalendarPeriod, registry: Registry, versions: Sequence[Rule]) -> Iterator[Stretch]:
    """The period cut where a month begins, a version of a rule begins or ends, or a declared level does."""
    edges = {edge for rule in versions for edge in (rule.in_force_from, rule.in_force_to)}
    edges |= {edge for level in registry.declared_levels for edge in (level.valid_from, level.valid_to)}
    for month, (first, end) in enumerate(period.months()):
        cuts = sorted(edge for edge in edges if edge is not None and first < edge < end)
        for start, stop in zip([first, *cuts], [*cuts, end], strict=True):
            yield Stretch(start, stop, month)


def judged(
    owner: str,
    versions: Sequence[Rule],
    sums: Sequence[ElementSum],
    stretches: Sequence[Stretch],
    registry: Registry,
    rules: Rules,
    period: CalendarPeriod,
    planned_before: Mapping[tuple[str, str], int] = NOTHING_BEFORE,
) -> Iterator[PeriodVerdict]:
    """Judge an enterprise by the versions of one rule, from its elements' sums by stretch, wherever these come from.

    `planned_before` is announced work by (enterprise, element) that the period's first month had before it.
    """
    asked = [_asked(owner, versions, stretch, registry, rules) for stretch in stretches]
    held = [_held(stretch, one) for stretch, one in zip(stretches, asked, strict=True)]
    in_force = [one.rule if one is not None else None for one in held]
    by_element: dict[str, dict[int, ElementSum]] = defaultdict(dict)
    for one in sums:
        known = by_element[one.element].get(one.stretch)
        by_element[one.element][one.stretch] = one if known is None else known.with_days_of(one)
    subjects = [[name] for name in by_element] if versions[-1].per == "element" else [list(by_element)]
    used = tuple(one for one in held if one is not None)
    for names in subjects:
        portions: list[Portion] = []
        without_weight = 0
        for name in names:
            figures = {at: one.figure for at, one in by_element[name].items()}
            weight = _weight(registry, name, owner, versions[-1], period)
            without_weight += weight is None
            spent_s = planned_before.get((owner, name), 0)
            portions += weighted(add_up(figures, in_force, stretches, spent_s), weight or 0)
        judgement = judge_portions(portions)
        if any(asked[at] is not None and held[at] is None for name in names for at in by_element[name]):
            judgement = Judgement(
                Result.NOT_DECIDABLE, Reason.NO_THRESHOLD, judgement.figure, judgement.budget_s
            )
        elif not portions:
            judgement = Judgement(Result.NOT_APPLICABLE, Reason.NO_RULE, judgement.figure, 0)
        elif len({one.by.rule.weight for one in used if one.by.rule.per == "enterprise"}) > 1:
            judgement = Judgement(
                Result.NOT_DECIDABLE, Reason.WEIGHT_CHANGED, judgement.figure, judgement.budget_s
            )
        elif without_weight:
            judgement = Judgement(
                Result.NOT_DECIDABLE, Reason.NO_WEIGHT, judgement.figure, judgement.budget_s
            )
        yield PeriodVerdict(
            owner,
            names[0] if versions[-1].per == "element" else owner,
            versions[-1].rule,
            period,
            SEEN_BY[versions[-1].service],
            judgement,
            _joined(used),
            force_of([one for one in asked if one is not None], versions),
            len(names),
            sum(one.open_days for name in names for one in by_element[name].values()),
            sum(one.adjusted_days for name in names for one in by_element[name].values()),
        )


def _asked(
    owner: str, versions: Sequence[Rule], stretch: Stretch, registry: Registry, rules: Rules
) -> Applicable | None:
    """The version that is in force on the stretch, also where nobody knows its threshold."""
    ids = {rule.id for rule in versions}
    applicable = rules.applicable(stretch.first, owner, registry.declared_levels, versions[-1].service)
    return next((one for one in applicable if one.rule.id in ids), None)


def _held(stretch: Stretch, asked: Applicable | None) -> Held | None:
    if asked is None or asked.threshold is None:
        return None
    return Held(stretch.first, stretch.end, asked, availability_rule(asked))


def availability_rule(one: Applicable) -> AvailabilityRule:
    """What holds, as it is judged; it must have a threshold."""
    rule = one.rule
    assert one.threshold is not None
    return AvailabilityRule(
        id=rule.rule,
        version=rule.version,
        legal_basis=rule.legal_basis,
        kind=SEEN_BY.get(rule.service),
        period=PeriodKind(rule.period),
        threshold=Fraction(one.threshold) / (100 if rule.unit == "percent" else 1),
        measured_floor=Fraction(rule.measured_floor),
        planned_cap_s=rule.planned_cap_s,
        coverage_floor=Fraction(rule.coverage_floor or 0),
        valid_from=rule.in_force_from,
        valid_to=rule.in_force_to,
    )


def _joined(held: Sequence[Held]) -> tuple[Held, ...]:
    """Stretches that follow each other under the same threshold, as one."""
    joined: list[Held] = []
    for one in held:
        if joined and joined[-1].end == one.first and joined[-1].by == one.by:
            joined[-1] = Held(joined[-1].first, one.end, one.by, one.rule)
        else:
            joined.append(one)
    return tuple(joined)


def force_of(applied: Sequence[Applicable], versions: Sequence[Rule]) -> Force:
    """Legal only when every day of the period is judged by what is sure."""
    if not applied:
        return versions[-1].kind
    if not all(one.may_judge for one in applied):
        return Force.OPERATIONAL
    kinds = {one.kind for one in applied}
    return Force.DECLARED if Force.DECLARED in kinds else Force.LEGAL


def _weight(registry: Registry, element: str, owner: str, rule: Rule, period: CalendarPeriod) -> int | None:
    """How much the element's time counts for its owner; None where the registry does not say.

    The owner's last row of the period decides: what became of the element under another one says nothing of its time.
    """
    if rule.weight == "station" or rule.per == "element":
        return 1
    rows = [
        row
        for row in registry.elements.get(element, ())
        if (row.valid_from or date.min) < period.end and (row.valid_to or date.max) > period.first
    ]
    # A figure that was closed under an earlier registry may be of somebody whom no row names any more.
    rows = [row for row in rows if row.enterprise == owner] or rows
    return getattr(rows[-1], str(rule.weight)) if rows else None
