"""`btswatch inspections`: findings on site, by the Department."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import (
    SettingsOption,
    directory_of,
    known_enterprise,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.department import append, entries_of, must_be_free, note
from btswatch.cli.exits import CommandError, Exit, must_be_one_of
from btswatch.cli.measured import others_of

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.inspections import SiteFinding
    from processors.rules import Rules
    from schemas.audit import AuditEntry
    from schemas.registry import Registry

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

KINDS = ("conformity", "emf", "earthing", "certificate", "complaint")
RESULTS = ("pass", "fail", "not_decided")
SOURCE = "department/inspections"
_ENTERED = {True: "; entry {}", False: "; NOT what entry {} vouches for"}


@app.callback()
def _group() -> None:
    """Inspections: conformity, electromagnetic fields, earthing, certificates, complaints.

    Example: btswatch inspections list
    """


@app.command()
def record(
    station: Annotated[str, typer.Argument(help="The station's id")],
    kind: Annotated[str, typer.Option(help=", ".join(KINDS))],
    result: Annotated[str, typer.Option(help=", ".join(RESULTS))],
    inspector: Annotated[str, typer.Option(help="Who: a person's name")],
    settings: SettingsOption = None,
    at: Annotated[str | None, typer.Option(help="When it was found (RFC 3339; default: now)")] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NUMBER", help="Measured, named as the rules do: electric_field=2.3"),
    ] = None,
    document: Annotated[str | None, typer.Option(help="The minutes' number")] = None,
) -> None:
    """Put a finding on record, and its digest into the audit chain. The same again changes nothing.

    Example: btswatch inspections record LSN-0001 --kind emf --result pass --inspector "Nguyễn Văn A"
    --value electric_field=2.31 --document 12/BB-KT --at 2026-11-02T09:00:00+07:00
    """
    from btswatch.parts.part import system_now_ms
    from schemas.registry import Kind
    from schemas.time import LocalCalendar, format_ms, parse_rfc3339, to_ms

    loaded = settings_from(settings)
    registry, now_ms = registry_of(loaded), system_now_ms()
    must_be_one_of("--kind", kind, KINDS)
    must_be_one_of("--result", result, RESULTS)
    try:
        found_ms = to_ms(parse_rfc3339(at)) if at is not None else now_ms
    except (ValueError, OverflowError) as error:
        raise CommandError(Exit.MISUSE, f"--at {at}: {error}") from error
    if found_ms > now_ms:
        raise CommandError(Exit.MISUSE, f"--at {at}: is yet to come")
    row = registry.on(station, LocalCalendar(loaded.zone).day_of(found_ms))
    must_be_free(registry)
    if row is None or row.kind is not Kind.STATION:
        raise CommandError(Exit.MISUSE, f"{station}: no such station in the registry on that day")
    data = {
        "station": station,
        "kind": kind,
        "result": result,
        "inspector": inspector.strip(),
        **({"values": _values(value)} if value else {}),
        **({"document": document} if document else {}),
    }
    event = {
        "specversion": "1.0",
        "type": "btswatch.inspection.v1",
        "id": f"{station}-{kind}-{format_ms(found_ms)}",
        "source": SOURCE,
        "subject": station,
        "time": format_ms(found_ms),
        "data": data,
    }
    typer.echo(_append(loaded, event, now_ms))


@app.command("list")
def list_(
    settings: SettingsOption = None,
    station: Annotated[str | None, typer.Option(help="Only at this station")] = None,
    enterprise: Annotated[str | None, typer.Option(help="Only at this enterprise's stations")] = None,
    kind: Annotated[str | None, typer.Option(help=", ".join(KINDS))] = None,
    output: Annotated[bool, typer.Option("--json", help="JSON objects, one a line")] = False,
) -> None:
    """Findings on site by time, with what the limits in force say about their values, and their entry in the audit chain.

    Exit 1 when one failed, has a value beyond its limit, or is not what its entry vouches for.

    Example: btswatch inspections list --kind emf
    """
    loaded = settings_from(settings)
    known_enterprise(loaded, enterprise)
    must_be_one_of("--kind", kind, KINDS)
    found = [
        one
        for one in findings_of(loaded, registry_of(loaded), rules_of(loaded))
        if station in (None, one.event.data.station)
        and enterprise in (None, one.enterprise)
        and kind in (None, one.event.data.kind)
    ]
    entries = _entries(loaded)
    others = 0
    for one in found:
        told = _told(one, loaded.zone) | _entered(one, entries)
        others += told["as_entered"] is False
        typer.echo(json.dumps(told, sort_keys=True, ensure_ascii=False) if output else _line(told))
    if not found and not output:
        typer.echo("no such findings on record")
    failed = any(
        one.event.data.result == "fail" or not all(each.kept for each in one.limits) for one in found
    )
    if failed or others:
        raise typer.Exit(int(Exit.NO))


def findings_of(settings: "Settings", registry: "Registry", rules: "Rules") -> "list[SiteFinding]":
    """All findings on site."""
    from processors.inspections import site_findings
    from schemas.events import ArchivedInspection
    from schemas.time import LocalCalendar

    events = (one for one in others_of(settings) if isinstance(one, ArchivedInspection))
    return site_findings(events, registry, rules, LocalCalendar(settings.zone))


def _entries(settings: "Settings") -> "dict[str, AuditEntry]":
    from processors.department_record import inspection_entries

    if not settings.ledger.url and not directory_of(settings, create=False).ledger_path.exists():
        return {}
    with open_ledger(settings) as ledger, ledger.reading() as connection:
        return inspection_entries(connection)


def _entered(one: "SiteFinding", entries: "dict[str, AuditEntry]") -> dict[str, Any]:
    from processors.department_record import is_as_entered

    entry = entries.get(one.event.id)
    if entry is None:
        return {"entry": None, "as_entered": None}
    return {"entry": entry.number, "as_entered": is_as_entered(one.event, entry)}


def _append(settings: "Settings", event: dict[str, Any], now_ms: int) -> str:
    from processors.department_record import note_inspection
    from stores.journal import Outcome

    (entry,) = entries_of(settings, [event], now_ms)
    (answer,) = append(settings, [entry])
    if answer.outcome is Outcome.CONFLICT:
        raise CommandError(Exit.NO, f"{event['id']} is on record with another content: give another --at")
    data = event["data"]
    note(settings, lambda ledger: note_inspection(ledger, entry, data, data["inspector"], now_ms))
    return f"{event['id']} {'is on record already' if answer.outcome is Outcome.DUPLICATE else 'recorded'}"


def _values(given: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, number in map(_value, given):
        # Of two, the one that is beyond its limit must not be lost.
        if name in found:
            raise CommandError(
                Exit.MISUSE,
                f"--value {name} is given twice: record the value that decides, or give each a name",
            )
        found[name] = number
    return found


def _value(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, f"--value {text}: write such as electric_field=2.31") from error


def _told(one: "SiteFinding", zone: str) -> dict[str, Any]:
    data = one.event.data
    return {
        "id": one.event.id,
        "time": datetime.fromtimestamp(one.event.time.timestamp(), ZoneInfo(zone)).isoformat(
            timespec="seconds"
        ),
        "station": data.station,
        "enterprise": one.enterprise,
        "kind": data.kind,
        "result": data.result,
        "values": data.values or {},
        "inspector": data.inspector,
        "document": data.document,
        "limits": [
            {
                "rule": each.rule.id,
                "name": each.rule.indicator,
                "value": float(each.value),
                "threshold": float(each.rule.threshold or 0),
                "unit": each.rule.unit,
                "kept": each.kept,
                "force": each.force.value,
            }
            for each in one.limits
        ],
        "contradicts": one.contradicts,
    }


def _line(told: dict[str, Any]) -> str:
    held = {each["name"] for each in told["limits"]}
    limits = "".join(f"; {name} {value:g}" for name, value in told["values"].items() if name not in held)
    limits += "".join(
        f"; {each['name']} {each['value']:g} {'within' if each['kept'] else 'BEYOND'} {each['threshold']:g} {each['unit']}"
        f" ({each['rule']}, {each['force']})"
        for each in told["limits"]
    )
    return (
        f"{told['time'][:16]} {told['station']:<16} {told['enterprise'] or 'not in the registry':<14}"
        f" {told['kind']:<12} {told['result']:<12} {told['inspector']}"
        f"{', ' + told['document'] if told['document'] else ''}{limits}"
        f"{'; passed although a value is beyond its limit' if told['contradicts'] else ''}"
        f"{'' if told['entry'] is None else _ENTERED[told['as_entered']].format(told['entry'])}"
    )
