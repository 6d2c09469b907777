"""Which version of a rule, and which declared level, holds on which local days of what is judged by measurements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from processors.rules import Applicable, Rules
from schemas.registry import Registry
from schemas.rules import Rule


@dataclass(frozen=True, slots=True)
class HeldDays:
    """A rule on the local days `[first, end)` of what was measured."""

    first: date
    end: date
    by: Applicable


def held_days(
    rules: Rules, registry: Registry, rule: Rule, owner: str, first: date, end: date
) -> Iterator[HeldDays | None]:
    """The local days `[first, end)`, cut where a version or a declared level begins or ends; None where no version holds."""
    levels = registry.declared_levels
    edges = {edge for one in rules.versions(rule.rule) for edge in (one.in_force_from, one.in_force_to)}
    edges |= {edge for level in levels for edge in (level.valid_from, level.valid_to)}
    cuts = sorted(edge for edge in edges if edge is not None and first < edge < end)
    for start, stop in zip([first, *cuts], [*cuts, end], strict=True):
        found = rules.applicable(start, owner, levels, rule.service)
        by = next((each for each in found if each.rule.rule == rule.rule), None)
        yield HeldDays(start, stop, by) if by is not None else None


def joined(held: Iterable[HeldDays]) -> tuple[HeldDays, ...]:
    """What follows each other, or is about the same days, under the same threshold, as one."""
    found: list[HeldDays] = []
    for one in sorted(held, key=lambda one: (one.first, one.end)):
        last = found[-1] if found else None
        if last is not None and last.by == one.by and one.first <= last.end:
            found[-1] = HeldDays(last.first, max(last.end, one.end), one.by)
        elif last != one:
            found.append(one)
    return tuple(found)
