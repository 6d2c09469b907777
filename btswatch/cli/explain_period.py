"""`btswatch explain` of a period: what its days add up to, and those with the most down time."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head
from btswatch.cli.sealed_rules import as_dict, tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from processors.closed_verdicts import LostRules
    from processors.core.periods import CalendarPeriod
    from schemas.registry import Kind, Registry
    from stores.ledger.periods import PeriodFigure

PROVINCE = "province"


def tell_period(
    connection: "Connection",
    registry: "Registry",
    name: str,
    period: "CalendarPeriod",
    worst: int,
    lost: "list[LostRules]",
    zone: str,
    *,
    output: bool,
) -> None:
    """The period's figure, and its element-days with the most down time; each can be explained by its name.

    In JSON the days come first, as they always did, and what they add up to after them.
    """
    from stores.ledger.objections import adjustments_between
    from stores.ledger.worst import worst_days

    chosen = _chosen(registry, name)
    shared = {"lost_rules": [as_dict(one) for one in lost], "head": head_of(connection)}
    moved = adjustments_between(connection, period.first, period.end)
    found = worst_days(connection, period.first, period.end, worst, **chosen)
    sums = list(_sums(connection, registry, name, period, chosen, zone))
    if not sums and not found:
        raise CommandError(Exit.NO, f"{name} has no figures of {period.name}")
    if not output:
        for kind, one in sums:
            typer.echo(_line(one, kind, period, chosen))
        typer.echo("days with the most down time:" if found else "no day of it has down time")
    for day in found:
        told = {
            "figure": f"{day.element}@{day.day}",
            "down_s": day.down_s,
            "undeclared_s": day.undeclared_s,
            "objections": [each.objection for each in moved.get((day.element, day.day), ())],
        }
        if output:
            typer.echo(json.dumps(told | shared, sort_keys=True))
        else:
            typer.echo(
                f"{told['figure']:<28} down {day.down_s} s, of it declared up {day.undeclared_s} s"
                + (" (before an objection's adjustment)" if told["objections"] else "")
            )
    if output:
        for kind, one in sums:
            typer.echo(json.dumps(_sum_dict(one, kind, period, chosen, zone) | shared, sort_keys=True))
    else:
        tell(lost)
        tell_head(str(shared["head"]))


def _chosen(registry: "Registry", name: str) -> dict[str, str]:
    """Whose days: by the registry's names; an enterprise before a unit of the same name."""
    if name in registry.elements:
        return {"element": name}
    if name in registry.enterprises:
        return {"enterprise": name}
    if name == PROVINCE:
        return {}
    if name in registry.units:
        return {"unit": name}
    raise CommandError(
        Exit.MISUSE, f"{name}: no element, enterprise or unit of the registry, nor {PROVINCE} for all of them"
    )


def _sums(
    connection: "Connection",
    registry: "Registry",
    name: str,
    period: "CalendarPeriod",
    chosen: dict[str, str],
    zone: str,
) -> "Iterator[tuple[Kind, PeriodFigure]]":
    """What the days add up to, stations and links apart, as verdicts and screens tell it."""
    from processors.reconciling import over_period
    from schemas.registry import Kind

    for kind in Kind:
        found = over_period(
            connection, registry, period, _scope(chosen), kind, chosen.get("enterprise"), zone
        )
        if name in found:
            yield kind, found[name]


def _scope(chosen: dict[str, str]) -> str:
    return next(iter(chosen), PROVINCE)


def _line(one: "PeriodFigure", kind: "Kind", period: "CalendarPeriod", chosen: dict[str, str]) -> str:
    ratios = one.figure.ratios()
    many = "" if "element" in chosen else f", {one.elements} {kind.value}s"
    return (
        f"{one.id} in {period.name}{many}: A {ratios['A']}, coverage {ratios['coverage']},"
        f" down {one.figure.down} s in {one.figure.outages} outages{', after objections' if one.adjusted_days else ''}"
        f"{'' if one.final else ', provisional'}"
    )


def _sum_dict(
    one: "PeriodFigure", kind: "Kind", period: "CalendarPeriod", chosen: dict[str, str], zone: str
) -> dict[str, Any]:
    """The published figure (figure.v1) with the name that `explain` takes, and what it is the sum of."""
    from processors.replay import PeriodFigure, Scope
    from schemas.time import LocalCalendar

    calendar = LocalCalendar(zone)
    published = PeriodFigure(
        Scope(_scope(chosen)),
        one.id,
        period.kind,
        calendar.start_of(period.first),
        calendar.start_of(period.end),
        one.figure,
        one.final,
    )
    return {
        "figure": f"{one.id}@{period.name}",
        "kind": kind.value,
        "elements": one.elements,
        "adjusted_days": one.adjusted_days,
        "sum": published.as_dict(zone),
    }
