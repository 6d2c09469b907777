"""`btswatch reconcile` and `btswatch worst`: declared against measured, and what averages hide."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import SettingsOption, open_ledger, registry_of, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.period import period_of

if TYPE_CHECKING:
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
    findings: Annotated[bool, typer.Option(help="List the element-days over the tolerance instead")] = False,
    tolerance: Annotated[int, typer.Option(min=0, help="Seconds of a day that are no finding yet")] = 900,
    output: AsJson = False,
) -> None:
    """The 4 x 4 table of seconds, measured by declared, with a score; or the findings with what to explain.

    Example: btswatch reconcile 2026-Q3 --findings --enterprise viettel
    """
    from processors.core.declared_against_measured import divergence, table
    from processors.reconciling import SCOPES, day_findings, over_period

    loaded, chosen = settings_from(settings), period_of(period)
    if scope not in SCOPES:
        raise CommandError(Exit.MISUSE, f"--scope {scope}: choose {', '.join(SCOPES)}")
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        if findings:
            for one in day_findings(connection, chosen, tolerance, enterprise):
                told = {
                    "finding": one.kind.value,
                    "figure": one.figure,
                    "enterprise": one.enterprise,
                    "seconds": one.seconds,
                }
                typer.echo(
                    json.dumps(told, sort_keys=True)
                    if output
                    else f"{one.kind.value:<21} {one.figure:<28} {one.enterprise:<14} {one.seconds} s"
                )
            return
        found = over_period(connection, chosen, scope, enterprise=enterprise)
    if not found:
        raise CommandError(Exit.NO, f"{period}: no figures of it")
    for name, figure in found.items():
        parts = divergence(figure.figure)
        if output:
            whole = {"id": name, "table": table(figure.figure), "score": parts.score, "final": figure.final}
            typer.echo(json.dumps(whole | asdict(parts), sort_keys=True))
        else:
            _tell(name, figure)


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
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        found = over_period(connection, chosen, "element", enterprise=enterprise)
        dark = list(dark_units(connection, registry, chosen))
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
                }
                for name, one in ranked
            ],
            "spread": asdict(spread),
            "dark_units": [asdict(one) for one in dark],
        }
        typer.echo(json.dumps(told, sort_keys=True))
        return
    for name, one in ranked:
        figure = one.figure
        typer.echo(
            f"{name:<20} down {figure.down} s in {figure.outages} outages, longest {figure.longest_s or 0} s"
        )
    over = ", ".join(f"{count} over {hours} h" for hours, count in spread.over.items())
    part = "-" if spread.worst_share is None else f"{spread.worst_share:.1%}"
    typer.echo(f"{spread.elements} stations: {over}; the worst tenth has {part} of all down time")
    for place in dark:
        start, end = (
            datetime.fromtimestamp(at / 1000, ZoneInfo(loaded.zone)).isoformat(timespec="seconds")
            for at in (place.from_ms, place.to_ms)
        )
        typer.echo(f"no working station in {place.unit} ({place.stations} stations): {start} to {end}")


def _tell(name: str, one: "PeriodFigure") -> None:
    from processors.core.declared_against_measured import divergence, table

    parts = divergence(one.figure)
    score = "-" if parts.score is None else f"{parts.score:.6f}"
    typer.echo(
        f"{name}: score {score} = 1 - ({parts.undeclared_s} undeclared + {parts.over_declared_s} over-declared)"
        f" / {parts.both_s} s known to both{'' if one.final else ', provisional'}"
    )
    rows = table(one.figure)
    typer.echo(f"  {'measured / declared':<20}" + "".join(f"{column:>14}" for column in rows))
    for measured, row in rows.items():
        typer.echo(f"  {measured:<20}" + "".join(f"{seconds:>14}" for seconds in row.values()))
