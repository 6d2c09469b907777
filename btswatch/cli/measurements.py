"""`btswatch measurements`: what enterprises and the Department's own campaigns measured."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import SettingsOption, known_enterprise, registry_of, rules_of, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.measured import lines_of, measurements_of

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
    known_enterprise(loaded, enterprise)
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


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV in UTF-8, one sample a row")],
    campaign: Annotated[str, typer.Option(help="Its name, such as lang-son-2026-09")],
    settings: SettingsOption = None,
    unit: Annotated[str | None, typer.Option(help="Code of the area (default: the province)")] = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="Replace the campaign's figures of these days where they differ")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and compare")] = False,
    refused: Annotated[Path | None, typer.Option(help="Write every refused row to this CSV file")] = None,
    by: Annotated[str, typer.Option(help="Who takes it in: a person's name, for the audit chain")] = "",
    output: Annotated[bool, typer.Option("--json", help="One JSON object")] = False,
) -> None:
    """Take in a drive-test campaign of the Department; an entry of the audit chain has its files' digests and counts.

    The same files again change nothing.

    Bad rows are refused by number and never take their neighbours along; --dry-run exits 1 when there are some.
    Columns: time,lat,lon,enterprise,technology,signal_dbm,download_mbps,upload_mbps,call_outcome.

    Example: btswatch measurements import drive-test.csv --campaign lang-son-2026-09
    """
    from btswatch.cli.drive_test import Asked, take_in

    loaded = settings_from(settings)
    for path in files:
        if not path.is_file():
            raise CommandError(Exit.MISUSE, f"{path}: no such file")
    asked = Asked(files, campaign, unit, correct, dry_run, refused, by.strip())
    found = take_in(loaded, registry_of(loaded), rules_of(loaded), asked)
    bad = dict(sorted((fault.value, count) for fault, count in found.read.refused.items()))
    told = {
        "campaign": campaign,
        "rows": found.read.rows,
        "good": found.read.good,
        "refused": bad,
        "figures_sent": 0 if dry_run else len(found.planned.events),
        "figures_changed": found.planned.corrected,
        "figures_unchanged": found.planned.unchanged,
        "samples_without_level": found.without_level,
        "files": [f"sha256:{one}" for one in found.read.digests],
    }
    if output:
        typer.echo(json.dumps(told, sort_keys=True))
    else:
        _tell(told, len(found.planned.events), dry_run=dry_run)
    if dry_run and bad:
        raise typer.Exit(int(Exit.NO))


def _tell(told: dict[str, Any], events: int, *, dry_run: bool) -> None:
    reasons = ", ".join(f"{count} {code}" for code, count in told["refused"].items())
    typer.echo(
        f"{told['rows']:,} rows: {told['good']:,} good, {told['rows'] - told['good']:,} refused"
        + (f" ({reasons})" if reasons else "")
    )
    for technology, count in sorted(told["samples_without_level"].items()):
        typer.echo(
            f"{count:,} signals of {technology} do not count for radio availability: no rule says the least level"
        )
    typer.echo(
        f"{told['campaign']}: {events} figures {'would be ' if dry_run else ''}sent,"
        f" {told['figures_changed']} of them corrections; {told['figures_unchanged']} stand as they are"
    )


@app.command()
def show(
    event: Annotated[str, typer.Argument(metavar="ID", help="The event's id, as `list` prints it")],
    settings: SettingsOption = None,
) -> None:
    """Print a measurement's bytes as they are archived, and where the files lie that it was counted from.

    Exit 1 when there is none of that id, or a file that it names is not kept here as it was.

    Example: btswatch measurements show 2026-09-30.viettel.mobile_voice.radio_availability
    """
    from btswatch.cli.drive_test import KEPT, files_of
    from processors.archived_others import others
    from schemas.events import ArchivedMeasurement

    loaded = settings_from(settings)
    found = False
    lost: list[str] = []
    for line in dict.fromkeys(one for one in lines_of(loaded) if event.encode() in one):
        one = next(others([line]), None)
        if not isinstance(one, ArchivedMeasurement) or one.id != event:
            continue
        found = True
        typer.echo(line.decode())
        for path, whole in files_of(one.data.basis or "", loaded.data / KEPT):
            typer.echo(f"{path}: {'as it was' if whole else 'absent, or not the bytes that it names'}")
            lost += [] if whole else [str(path)]
    if not found:
        raise CommandError(Exit.NO, f"{event}: no measurement of that id")
    if lost:
        raise typer.Exit(int(Exit.NO))


@app.command()
def template() -> None:
    """Print the header line of a drive-test file.

    Example: btswatch measurements template
    """
    from processors.drive_test.columns import COLUMNS

    typer.echo(",".join(COLUMNS))


def _told(one: "Said", fate: "Fate | str", zone: str) -> dict[str, Any]:
    start, end = (
        datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat(timespec="seconds")
        for at in (one.from_ms, one.to_ms)
    )
    from schemas.indicators import Form

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
        "counted_in": "seconds" if one.form is Form.TIME else None,
        "quotient": None if quotient is None else round(float(quotient), 9),
        "source": one.source,
        "id": one.id,
        "replaces": one.replaces,
        "basis": one.basis,
        "fate": str(fate),
    }


def _line(one: dict[str, Any]) -> str:
    quotient = "-" if one["quotient"] is None else f"{one['quotient']:g}"
    seconds = " s" if one["counted_in"] else ""
    return (
        f"{one['enterprise']:<14} {one['track']:<9} {one['service']}.{one['indicator']} {one['unit']}"
        f"  {one['from'][:16]} to {one['to'][:16]}  {one['total']:.15g} / {one['of']}{seconds} = {quotient}"
        f"  {one['source']} {one['id']}  {one['fate']}"
    )
