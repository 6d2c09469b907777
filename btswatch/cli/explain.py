"""`btswatch explain`: a figure down to its evidence."""

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.calendar_period import period_of
from btswatch.cli.configured import (
    SettingsOption,
    directory_of,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.explain_period import tell_period
from btswatch.cli.heads import head_of, tell_head
from btswatch.cli.sealed_rules import as_dict, lost_of, tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from btswatch.settings import Settings
    from processors.explaining import Event, Explained
    from schemas.registry import Registry

app = typer.Typer(rich_markup_mode=None, add_completion=False)
# What takes longer to come is told with its delay.
_PROMPT_S = 900


@app.command("explain")
def explain_(
    figure: Annotated[
        str,
        typer.Argument(
            help="ELEMENT@DAY, or ELEMENT@PERIOD, ENTERPRISE@PERIOD, UNIT@PERIOD, province@PERIOD for the days in it"
        ),
    ],
    settings: SettingsOption = None,
    worst: Annotated[
        int, typer.Option(min=1, help="Of a period: so many days, the most down time first")
    ] = 20,
    show_bytes: Annotated[bool, typer.Option("--bytes", help="Also the archived lines themselves")] = False,
    output: Annotated[bool, typer.Option("--json", help="JSON on stdout")] = False,
) -> None:
    """How a figure came about: runs of slots, the events in them, where their bytes lie, and the proof in the chain.

    Exit 1 when the archive does not give the figure's inputs, or the chain seals another figure.

    Example: btswatch explain LSN-0001@2026-09-30
    """
    from processors.closed_verdicts import periods_of

    name, _, when = figure.rpartition("@")
    if not name:
        raise CommandError(Exit.MISUSE, f"{figure}: write ELEMENT@DAY, such as LSN-0001@2026-09-30")
    loaded, period = settings_from(settings), period_of(when)
    registry, rules = registry_of(loaded), rules_of(loaded)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        if (period.end - period.first).days == 1 and name in registry.elements:
            explained = _explained(loaded, connection, registry, name, period.first)
            head = head_of(connection)
            moved = _adjustments(connection, explained)
            lost = lost_of(connection, periods_of(period.first), rules)
            if output:
                typer.echo(
                    json.dumps(
                        _as_dict(explained, head, moved, show_bytes=show_bytes)
                        | {"lost_rules": [as_dict(one) for one in lost]},
                        sort_keys=True,
                        ensure_ascii=False,
                    )
                )
            else:
                _tell(explained, moved, loaded.zone, show_bytes=show_bytes)
                tell(lost)
                tell_head(head)
            if explained.proof is not None and not explained.proof.holds:
                raise CommandError(
                    Exit.NO,
                    f"the figures of {explained.day} are not those that entry {explained.proof.entry} seals: btswatch ledger verify",
                )
            if explained.official is not None and not explained.reproduced:
                raise CommandError(
                    Exit.NO, "the archive does not give this figure: other inputs, or another reading of them"
                )
            return
        lost = lost_of(connection, [period], rules)
        tell_period(connection, registry, name, period, worst, lost, loaded.zone, output=output)


def _explained(
    settings: "Settings", connection: "Connection", registry: "Registry", element: str, day: date
) -> "Explained":
    from processors.explaining import NothingToExplainError, explain
    from processors.retention import PrunedError

    archive = directory_of(settings, create=False).archive()
    try:
        return explain(connection, archive, registry, settings.conventions(), element, day)
    except (NothingToExplainError, PrunedError) as error:
        raise CommandError(Exit.NO, str(error)) from error


def _adjustments(connection: "Connection", one: "Explained") -> list[dict[str, Any]]:
    """What upheld objections moved of the day, by whose ruling."""
    from stores.ledger import objections
    from stores.ledger.tables import SECONDS

    found = objections.adjustments_of(connection, one.element, one.day, one.day + timedelta(days=1))
    told = []
    for each in found:
        ruled = objections.get(connection, each.objection)
        told.append(
            {"objection": each.objection, **dict(zip(SECONDS, each.seconds, strict=True))}
            | ({"claim": ruled.claim, "ruled_by": ruled.ruled_by, "ruling": ruled.ruling} if ruled else {})
        )
    return told


def _as_dict(one: "Explained", head: str, moved: list[dict[str, Any]], *, show_bytes: bool) -> dict[str, Any]:
    return {
        "head": head,
        "element": one.element,
        "day": str(one.day),
        "official": one.official.figure.as_dict() if one.official else None,
        "adjustments": moved,
        "registry": one.official.registry_digest if one.official else None,
        "as_of_ms": one.official.as_of_ms if one.official else None,
        "inputs": one.official.inputs_digest if one.official else None,
        "reproduced": one.reproduced,
        "restated": {"by": one.restated.person, "at_ms": one.restated.at_ms, "reason": one.restated.reason}
        if one.restated
        else None,
        "proof": asdict(one.proof) if one.proof else None,
        "stretches": [
            {
                "from_ms": part.from_ms,
                "to_ms": part.to_ms,
                "effective": part.effective.name.lower(),
                "measured": part.measured.name.lower(),
                "declared": part.declared.name.lower(),
                "events": [_event_dict(event, show_bytes=show_bytes) for event in part.events],
                "held": [_event_dict(event, show_bytes=show_bytes) for event in part.held],
            }
            for part in one.stretches
        ],
    }


def _event_dict(event: "Event", *, show_bytes: bool) -> dict[str, Any]:
    told = asdict(event) | {"file": str(event.file)}
    line = told.pop("line")
    return told | ({"line": line.decode()} if show_bytes else {})


def _tell(one: "Explained", moved: list[dict[str, Any]], zone: str, *, show_bytes: bool) -> None:
    from stores.ledger.objections import in_words
    from stores.ledger.tables import SECONDS

    if one.official is None:
        typer.echo(f"{one.element} on {one.day}: not closed; this is what its evidence says by now")
    else:
        ratios = one.official.figure.ratios()
        typer.echo(
            f"{one.element} on {one.day}: official, A {ratios['A']}, down {one.official.figure.down} s,"
            f" registry {one.official.registry_digest}, inputs {one.official.inputs_digest}"
            f" ({'reproduced from the archive' if one.reproduced else 'NOT what the archive gives'})"
        )
    if one.restated is not None and one.official is not None:
        at, until = (
            datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")
            for ms in (one.restated.at_ms, one.official.as_of_ms)
        )
        typer.echo(
            f"restated by {one.restated.person} on {at}: {one.restated.reason} (what was received until {until} counts)"
        )
    for each in moved:
        typer.echo(
            f"adjusted by objection {each['objection']}: {in_words([each[name] for name in SECONDS])},"
            f" as {each.get('ruled_by')} ruled: {each.get('ruling')} (above: before it)"
        )
    if one.proof is not None:
        sealed = "sealed" if one.proof.holds else "NOT as sealed"
        typer.echo(
            f"{sealed} in entry {one.proof.entry} {one.proof.digest}, leaf {one.proof.index} of {one.proof.size},"
            f" root {one.proof.root}"
        )
    for part in one.stretches:
        start, end = (_time(at, zone) for at in (part.from_ms, part.to_ms))
        typer.echo(
            f"{start} to {end}  {part.effective.name.lower():<9} measured {part.measured.name.lower():<9}"
            f" declared {part.declared.name.lower():<9} {len(part.events)} events"
        )
        shown = part.events if len(part.events) <= 4 or show_bytes else (*part.events[:2], *part.events[-2:])
        for mark, events in (("held", part.held if not part.events else ()), ("    ", shown)):
            for event in events:
                _tell_event(event, mark, zone, show_bytes=show_bytes)


def _tell_event(event: "Event", mark: str, zone: str, *, show_bytes: bool) -> None:
    delay_s = (event.received_ms - event.at_ms) // 1000
    late = f"  received {delay_s // 3600} h {delay_s % 3600 // 60} min later" if delay_s > _PROMPT_S else ""
    late += "" if event.counts else "  CAME AFTER THE CLOSE"
    typer.echo(
        f"  {mark} {_time(event.at_ms, zone)} {event.track:<8} {event.status or event.type} {event.cause or ''}"
        f" by {event.reporter} id {event.id}, {event.file.name} line {event.number}{late}"
    )
    if show_bytes:
        typer.echo(f"       {event.line.decode()}")


def _time(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).strftime("%H:%M:%S")
