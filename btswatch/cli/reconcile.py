"""`btswatch reconcile` and `btswatch worst`: declared against measured, and what averages hide."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.calendar_period import period_of
from btswatch.cli.configured import SettingsOption, known_enterprise, open_ledger, registry_of, settings_from
from btswatch.cli.exits import CommandError, Exit, must_be_one_of
from btswatch.cli.heads import head_of, tell_head
from schemas.registry import Kind

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from processors.core.declared_against_measured import Divergence
    from processors.core.periods import CalendarPeriod
    from stores.ledger.periods import PeriodFigure

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Period = Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026 or a day")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON objects, one a line")]


@app.command("reconcile")
def reconcile(
    period: Period,
    settings: SettingsOption = None,
    scope: Annotated[str, typer.Option(help="element, enterprise, unit or province")] = "enterprise",
    enterprise: Annotated[str | None, typer.Option(help="Only this enterprise's")] = None,
    kind: Annotated[Kind, typer.Option(help="Of the table: stations or links")] = Kind.STATION,
    findings: Annotated[bool, typer.Option(help="List the element-days over the tolerance instead")] = False,
    finding: Annotated[
        str | None,
        typer.Option(
            help="Only findings of this kind: undeclared_outage, over_declared_outage, feed_silence,"
            " late_declaration or differing_cause"
        ),
    ] = None,
    tolerance: Annotated[int, typer.Option(min=0, help="Seconds of a day that are no finding yet")] = 900,
    output: AsJson = False,
) -> None:
    """The 4 x 4 table of seconds, measured by declared, with a score; or the findings with what to explain.

    Example: btswatch reconcile 2026-Q3 --findings --enterprise viettel
    """
    from processors.reconciling import SCOPES, divergences

    loaded, chosen = settings_from(settings), period_of(period)
    must_be_one_of("--scope", scope, SCOPES)
    known_enterprise(loaded, enterprise)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        if findings or finding is not None:
            _tell_findings(connection, chosen, tolerance, enterprise, finding, loaded.zone, output=output)
            return
        registry = registry_of(loaded)
        found = divergences(connection, registry, chosen, scope, kind, enterprise, loaded.zone)
        head = head_of(connection)
    if not found:
        raise CommandError(Exit.NO, f"{period}: no figures of it")
    for name, (figure, parts) in found.items():
        _tell(name, figure, parts, head, output=output)
    if not output:
        tell_head(head)


@app.command("worst")
def worst(
    period: Period,
    settings: SettingsOption = None,
    top: Annotated[int, typer.Option(min=1, help="So many stations")] = 10,
    enterprise: Annotated[str | None, typer.Option(help="Only this enterprise's")] = None,
    output: AsJson = False,
) -> None:
    """Stations by down time, their longest outage, how many beyond 1, 4 and 24 hours, communes without any service.

    Example: btswatch worst 2026-Q3 --top 20
    """
    from processors.core.outages_of_a_period import concentration
    from processors.reconciling import dark_units, over_period

    loaded, chosen = settings_from(settings), period_of(period)
    registry = registry_of(loaded)
    known_enterprise(loaded, enterprise)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        found = over_period(connection, registry, chosen, "element", enterprise=enterprise, zone=loaded.zone)
        dark = list(dark_units(connection, registry, chosen, enterprise))
        head = head_of(connection)
    if not found:
        raise CommandError(Exit.NO, f"{period}: no figures of it")
    spread = concentration(one.figure for one in found.values())
    ranked = sorted(found.items(), key=lambda one: (-one[1].figure.down, one[0]))[:top]
    if output:
        told = {
            "stations": [
                {
                    "id": name,
                    "down_s": one.figure.down,
                    "longest_s": one.figure.longest_s,
                    "outages": one.figure.outages,
                    "adjusted_days": one.adjusted_days,
                }
                for name, one in ranked
            ],
            "spread": asdict(spread),
            "dark_units": [asdict(one) for one in dark],
            "head": head,
        }
        typer.echo(json.dumps(told, sort_keys=True))
        return
    for name, one in ranked:
        figure = one.figure
        typer.echo(
            f"{name:<20} down {figure.down} s in {figure.outages} outages, longest {figure.longest_s or 0} s"
            + (f" (down time after objections, {one.adjusted_days} days)" if one.adjusted_days else "")
        )
    over = ", ".join(f"{count} over {hours} h" for hours, count in spread.over.items())
    part = "-" if spread.worst_share is None else f"{spread.worst_share:.1%}"
    typer.echo(f"{spread.elements} stations: {over}; the worst tenth has {part} of all down time")
    for place in dark:
        start, end = (_local(at, loaded.zone) for at in (place.from_ms, place.to_ms))
        whose = f" of {enterprise}" if enterprise else ""
        typer.echo(f"no working station{whose} in {place.unit} ({place.stations} stations): {start} to {end}")
    tell_head(head)


def _tell_findings(
    connection: "Connection",
    period: "CalendarPeriod",
    tolerance: int,
    enterprise: str | None,
    finding: str | None,
    zone: str,
    *,
    output: bool,
) -> None:
    from processors.core.declared_against_measured import FindingKind
    from processors.reconciling import day_findings
    from stores.ledger.objections import adjustments_between

    must_be_one_of("--finding", finding, list(FindingKind))
    head = head_of(connection)
    moved = adjustments_between(connection, period.first, period.end)
    kinds = [FindingKind(finding)] if finding is not None else list(FindingKind)
    number = 0
    for one in day_findings(connection, period, tolerance, enterprise, kinds):
        number += 1
        told = {
            "finding": one.kind.value,
            "figure": one.figure,
            "enterprise": one.enterprise,
            "seconds": one.seconds,
            "objections": [each.objection for each in moved.get((one.element, one.day), ())],
            "head": head,
        }
        more = {
            "longest_s": one.longest_s,
            "from": one.from_ms and _local(one.from_ms, zone),
            "to": one.to_ms and _local(one.to_ms, zone),
            "measured": one.measured,
            "declared": one.declared,
        }
        told |= {name: value for name, value in more.items() if value is not None}
        if output:
            typer.echo(json.dumps(told, sort_keys=True))
            continue
        said = ", adjusted by an objection" if told["objections"] else ""
        if one.longest_s is not None:
            said += f", up to {one.longest_s} s after the fact"
        elif one.measured is not None:
            said += f", measured {one.measured}, declared {one.declared}, {told['from']} to {told['to']}"
        typer.echo(f"{one.kind.value:<21} {one.figure:<28} {one.enterprise:<14} {one.seconds} s{said}")
    if not output:
        if not number:
            typer.echo(f"no findings over {tolerance} s in {period.name}")
        tell_head(head)


def _local(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).isoformat(timespec="seconds")


def _tell(name: str, one: "PeriodFigure", parts: "Divergence", head: str, *, output: bool) -> None:
    from processors.core.declared_against_measured import FORMULA, table

    rows = table(one.figure)
    shares = {"agreement": parts.agreement, "punctuality": parts.punctuality}
    told = {key: value if value is None else round(float(value), 9) for key, value in shares.items()}
    if output:
        whole = {
            "id": name,
            "table": rows,
            "score": parts.score,
            "formula": FORMULA,
            "final": one.final,
            "adjusted_days": one.adjusted_days,
            "head": head,
            **told,
        }
        typer.echo(json.dumps(whole | asdict(parts), sort_keys=True))
        return
    score = "-" if parts.score is None else f"{parts.score:.6f}"
    late = "" if parts.declared_s else " (no day is closed: the second factor is 1)"
    typer.echo(f"{name}: score {score}{'' if one.final else ', provisional'}; {FORMULA}")
    typer.echo(
        f"  = (1 - ({parts.undeclared_s} + {parts.over_declared_s}) / {parts.both_s} s)"
        f" x (1 - {parts.late_s} / {parts.declared_s} s){late}"
    )
    if one.adjusted_days:
        typer.echo(
            f"  {one.adjusted_days} element-days were adjusted by objections: the table shows what was read, before them"
        )
    typer.echo(f"  {'measured / declared':<20}" + "".join(f"{column:>14}" for column in rows))
    for measured, row in rows.items():
        typer.echo(f"  {measured:<20}" + "".join(f"{seconds:>14}" for seconds in row.values()))
