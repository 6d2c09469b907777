"""Findings on site (kết quả kiểm tra, kiểm định tại trạm): each once, with what the rules say about its values."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from processors.rules import Rules
from schemas.events import ArchivedInspection
from schemas.registry import Registry
from schemas.rules import Comparator, Method, Rule
from schemas.rules import Kind as Force
from schemas.time import LocalCalendar, to_ms

SERVICE: Final = "base_station"


@dataclass(frozen=True, slots=True)
class LimitFinding:
    """A measured value against the limit in force on its day. `force` is operational where the limit is not sure."""

    rule: Rule
    value: Decimal
    kept: bool
    force: Force


@dataclass(frozen=True, slots=True)
class SiteFinding:
    """An inspection. `enterprise` is the station's on that day; None: the registry has no such station then."""

    event: ArchivedInspection
    day: date
    enterprise: str | None
    limits: tuple[LimitFinding, ...]

    @property
    def contradicts(self) -> bool:
        """Whether it was called passed although a value is beyond its limit."""
        return self.event.data.result == "pass" and not all(one.kept for one in self.limits)


def site_findings(
    events: Iterable[ArchivedInspection], registry: Registry, rules: Rules, calendar: LocalCalendar
) -> list[SiteFinding]:
    """The Department's findings by time, each once: what was sent again counts as it was received first."""
    first: dict[tuple[str, str, str], ArchivedInspection] = {}
    for event in events:
        identity = event.reporter, event.source, event.id
        known = first.get(identity)
        if known is None or _order(event) < _order(known):
            first[identity] = event
    found = []
    for event in sorted(first.values(), key=lambda one: (to_ms(one.time), one.data.station, one.id)):
        day = calendar.day_of(to_ms(event.time))
        row = registry.on(event.data.station, day)
        owner = row.enterprise if row is not None else None
        found.append(SiteFinding(event, day, owner, tuple(_limits(event, rules, day))))
    return found


def certificate_days(
    found: Iterable[SiteFinding], result: Literal["pass", "fail"]
) -> Iterator[tuple[str, date]]:
    """(station, day) of the inspections of certificates that ended so."""
    for one in found:
        if one.event.data.kind == "certificate" and one.event.data.result == result:
            yield one.event.data.station, one.day


def _limits(event: ArchivedInspection, rules: Rules, day: date) -> Iterator[LimitFinding]:
    for rule in rules.in_force(day, SERVICE):
        measured = (event.data.values or {}).get(rule.indicator)
        if rule.method is not Method.LIMIT or rule.threshold is None or measured is None:
            continue
        value = Decimal(repr(measured))
        kept = value >= rule.threshold if rule.comparator is Comparator.AT_LEAST else value <= rule.threshold
        yield LimitFinding(rule, value, kept, rule.kind if rule.may_judge else Force.OPERATIONAL)


def _order(event: ArchivedInspection) -> tuple[int, str]:
    return to_ms(event.receivedtime), event.model_dump_json()
