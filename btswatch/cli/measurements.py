"""`btswatch measurements`: what enterprises and the Department's own campaigns measured."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import SettingsOption, registry_of, rules_of, settings_from
from btswatch.cli.measured import measurements_of

if TYPE_CHECKING:
    from processors.core.measurements import Fate, Said

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def _group() -> None:
    """Measurements: quality indicators of enterprises and of the Department's drive tests.

    Example: btswatch measurements list
    """


@app.command("list")
def list_(
    settings: SettingsOption = None,
    enterprise: Annotated[str | None, typer.Option(help="Only about this enterprise")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was replaced, repeated, or is not counted, with why")
    ] = False,
    output: Annotated[bool, typer.Option("--json", help="JSON objects, one a line")] = False,
) -> None:
    """The measurements that count: the first of each, through its corrections.

    Example: btswatch measurements list --enterprise viettel --all
    """
    from processors.core.measurements import Fate, fates, said

    loaded = settings_from(settings)
    counted, refused = measurements_of(loaded, registry_of(loaded), rules_of(loaded))
    told = [
        _told(one, fate, loaded.zone)
        for one, fate in fates(counted)
        if (every or fate is Fate.STANDS) and enterprise in (None, one.subject)
    ]
    if every:
        told += [
            _told(said(one.event), f"{one.code.value}: {one.detail}", loaded.zone)
            for one in refused
            if enterprise in (None, one.event.subject)
        ]
    for one in told:
        typer.echo(json.dumps(one, sort_keys=True, ensure_ascii=False) if output else _line(one))


def _told(one: "Said", fate: "Fate | str", zone: str) -> dict[str, Any]:
    start, end = (
        datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat(timespec="seconds")
        for at in (one.from_ms, one.to_ms)
    )
    quotient = one.amount.quotient
    return {
        "enterprise": one.subject,
        "track": one.track.value,
        "service": one.service,
        "indicator": one.indicator,
        "unit": one.unit,
        "from": start,
        "to": end,
        "total": float(one.amount.total),
        "of": one.amount.of,
        "quotient": None if quotient is None else round(float(quotient), 9),
        "source": one.source,
        "id": one.id,
        "replaces": one.replaces,
        "basis": one.basis,
        "fate": str(fate),
    }


def _line(one: dict[str, Any]) -> str:
    quotient = "-" if one["quotient"] is None else f"{one['quotient']:g}"
    return (
        f"{one['enterprise']:<14} {one['track']:<9} {one['service']}.{one['indicator']} {one['unit']}"
        f"  {one['from'][:16]} to {one['to'][:16]}  {one['total']:g} / {one['of']} = {quotient}"
        f"  {one['source']} {one['id']}  {one['fate']}"
    )
