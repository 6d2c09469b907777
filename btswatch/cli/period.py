"""`btswatch period`: where a period stands, signing it off, and restating official figures."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.configured import (
    SettingsOption,
    day_from,
    directory_of,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head
from btswatch.cli.measured import indicator_verdicts_of
from btswatch.cli.sealed_rules import as_dict, lost_of, refusal, tell

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.core.periods import CalendarPeriod
    from processors.restating import Proposed, Restating
    from processors.signing import PeriodStanding
    from schemas.figures import Figure

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Period = Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026 or a day")]
By = Annotated[str, typer.Option(help="Who does it: a person's name")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout")]


@app.callback()
def _group() -> None:
    """Periods: open, provisional, final, restated.

    Example: btswatch period show 2026-Q3
    """


@app.command()
def show(period: Period, settings: SettingsOption = None, output: AsJson = False) -> None:
    """Where a period stands: days that are not closed, who signed it, what was restated, what came late.

    Exit 1 when it is over and there are no figures of it.

    Example: btswatch period show 2026-Q3
    """
    from processors.signing import PeriodState, standing
    from stores.ledger.feeds import proposals

    loaded, chosen = settings_from(settings), period_of(period)
    rules = rules_of(loaded)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        today = _now(loaded)[1]
        found = standing(connection, chosen, today)
        late = proposals(connection, chosen.first, chosen.end, limit=100_000)
        lost = lost_of(connection, [chosen], rules)
        head = head_of(connection)
    told = {
        "head": head,
        "period": chosen.name,
        "state": found.state.value,
        "begun": chosen.first <= today,
        "first_official": str(found.begun) if found.begun else None,
        "days": found.days,
        "not_closed": [str(day) for day in found.missing],
        "signatures": [
            {
                "revision": one.revision,
                "by": one.signed_by,
                "at_ms": one.signed_ms,
                "root": one.root,
                "note": one.note,
            }
            for one in found.signatures
        ],
        "restated_since": [
            {
                "number": one.number,
                "day": str(one.day),
                "element": one.element,
                "by": one.person,
                "reason": one.reason,
            }
            for one in found.restated
        ],
        "adjusted_since": list(found.ruled),
        "lost_rules": [as_dict(one) for one in lost],
        "late_events": sum(chosen.first <= one.day < chosen.end for one in late),
    }
    if output:
        typer.echo(json.dumps(told, sort_keys=True, ensure_ascii=False))
    else:
        _tell_standing(found, today, loaded.zone)
        if told["late_events"]:
            typer.echo(
                f"  {told['late_events']} events came after their day's close: btswatch period late {chosen.name}"
            )
        tell(lost)
        tell_head(head)
    if found.state is PeriodState.ABSENT:
        why = f"the first official day here is {found.begun}" if found.begun else "no day was closed here yet"
        raise CommandError(Exit.NO, f"{chosen.name}: no figures of it: {why}")


def _tell_standing(found: "PeriodStanding", today: date, zone: str) -> None:
    from processors.signing import PeriodState

    period = found.period
    if period.first > today:
        typer.echo(f"{period.name}: {found.state.value}; it begins on {period.first}")
    elif found.state is not PeriodState.ABSENT:
        cut = found.official_from
        typer.echo(
            f"{period.name}: {found.state.value}; {found.days - len(found.missing)} of {found.days} days closed"
            + (f", official from {cut} on" if cut else "")
        )
    for one in found.signatures:
        at = datetime.fromtimestamp(one.signed_ms / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")
        typer.echo(f"  signed by {one.signed_by} at {at}, {len(one.verdicts)} verdicts, {one.root}")
    for change in found.restated:
        typer.echo(f"  restated since: {change.element} on {change.day} by {change.person}: {change.reason}")
    for number in found.ruled:
        typer.echo(f"  adjusted since: objection {number} was upheld: btswatch objection list")


@app.command()
def close(
    period: Period,
    by: By,
    settings: SettingsOption = None,
    note: Annotated[str, typer.Option(help="What stands beside the signature")] = "",
    current_rules: Annotated[
        bool,
        typer.Option("--current-rules", help="By the rules as they are now, not by those of its closing"),
    ] = False,
) -> None:
    """Sign a period off: its verdicts are kept under a person's name and sealed in the audit chain.

    Exit 1 when it is not over, days of it are not closed, or nothing was restated, adjusted or measured since it was signed.
    It is judged by the rules that its closing sealed, whatever the rule files say now. Exit 1 where the ledger keeps
    them no more.

    Example: btswatch period close 2026-Q3 --by "Nguyễn Văn A"
    """
    from processors.closed_verdicts import Basis, basis_of
    from processors.provenance import note_registry, note_rules
    from processors.signing import NotSignableError, sign_off, standing

    loaded, chosen = settings_from(settings), period_of(period)
    registry, rules = registry_of(loaded), rules_of(loaded)
    now_ms, today = _now(loaded)
    try:
        with open_ledger(loaded) as ledger:
            # What the signature names can be looked up in the ledger.
            note_registry(ledger, registry, now_ms)
            note_rules(ledger, rules, now_ms)
            with ledger.reading() as connection:
                basis = Basis(rules, None) if current_rules else basis_of(connection, chosen, rules)
            if basis.lost is not None:
                raise CommandError(
                    Exit.NO, f"{refusal(chosen.name, basis)}; --current-rules signs by the present ones"
                )
            judging = basis.rules
            measured = indicator_verdicts_of(loaded, registry, judging, chosen)
            with ledger.writing() as connection:
                signature = sign_off(
                    connection,
                    registry,
                    judging,
                    chosen,
                    person=_person(by),
                    note=note,
                    now_ms=now_ms,
                    today=today,
                    zone=loaded.zone,
                    indicators=measured,
                )
                cut = standing(connection, chosen, today).official_from
                head = head_of(connection)
    except NotSignableError as error:
        raise CommandError(Exit.NO, str(error)) from error
    typer.echo(
        f"{chosen.name} signed by {signature.signed_by}: {len(signature.verdicts)} verdicts, revision"
        f" {signature.revision}, {signature.root}"
        + (f"; of the days from {cut} on, the first official one" if cut else "")
    )
    tell_head(head)


@app.command()
def late(period: Period, settings: SettingsOption = None, output: AsJson = False) -> None:
    """Evidence that came after its day's close, by element and day, with what it would change.

    Example: btswatch period late 2026-Q3
    """
    from stores.ledger.feeds import proposals

    loaded, chosen = settings_from(settings), period_of(period)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        restating = _restating(loaded)
        known = proposals(connection, chosen.first, chosen.end, limit=100_000)
        head = head_of(connection)
        waiting = sorted({(one.day, one.element) for one in known if one.day < chosen.end})
        for day, element in waiting:
            events = sum((one.day, one.element) == (day, element) for one in known)
            for one in _proposed(restating, connection, element, day):
                if output:
                    typer.echo(json.dumps(_as_dict(one) | {"events": events, "head": head}, sort_keys=True))
                else:
                    typer.echo(f"{_line(one)}  ({events} late events)")
        typer.echo(f"{len(waiting)} element-days with late evidence", err=output)
        if not output:
            tell_head(head)


@app.command()
def restate(
    element: Annotated[str, typer.Argument(help="Station or link")],
    day: Annotated[str, typer.Argument(metavar="DAY", help="Its local day, such as 2026-09-30")],
    by: By,
    reason: Annotated[str, typer.Option(help="Why; it stays on record")],
    settings: SettingsOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing")] = False,
) -> None:
    """Make an element's closed day anew with all evidence received by now. Before and after stay on record.

    Days after it that change with it are restated too. Exit 1 when nothing would change.

    Example: btswatch period restate LSN-0001 2026-09-30 --by "Nguyễn Văn A" --reason "log handed in late"
    """
    from processors.restating import ChangedMeanwhileError

    loaded = settings_from(settings)
    chosen = day_from(day)
    restating = _restating(loaded)
    if not reason.strip():
        raise CommandError(Exit.MISUSE, "--reason: say why")
    person = _person(by)
    with open_ledger(loaded) as ledger:
        # The archive is read from its beginning: nobody waits for that with the writer's lock.
        with ledger.reading() as connection:
            changed = [one for one in _proposed(restating, connection, element, chosen) if one.differs]
            head = head_of(connection)
        if not changed:
            raise CommandError(Exit.NO, f"{element} on {day}: nothing would change")
        if not dry_run:
            with ledger.writing() as connection:
                try:
                    restating.write(connection, changed, person, reason)
                except ChangedMeanwhileError as error:
                    raise CommandError(Exit.NO, str(error)) from error
                head = head_of(connection)
    for one in changed:
        typer.echo(f"{_line(one)}{'  (dry run)' if dry_run else ''}")
    tell_head(head)


def period_of(name: str) -> "CalendarPeriod":
    """The period of that name, or the command's end."""
    from processors.core.periods import CalendarPeriod

    try:
        return CalendarPeriod.named(name)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error


def _proposed(restating: "Restating", connection: object, element: str, day: date) -> "list[Proposed]":
    from processors.restating import NotClosedError
    from processors.retention import PrunedError

    try:
        return restating.propose(connection, element, day)  # type: ignore[arg-type] # a Connection, imported late
    except (NotClosedError, PrunedError) as error:
        raise CommandError(Exit.NO, str(error)) from error
    except KeyError as error:
        raise CommandError(Exit.MISUSE, f"{element}: not in the registry") from error


def _restating(settings: "Settings") -> "Restating":
    from processors.restating import Restating

    archive = directory_of(settings, create=False).archive()
    return Restating(archive, registry_of(settings), settings.conventions(), _now(settings)[0])


def _now(settings: "Settings") -> tuple[int, date]:
    from btswatch.parts.part import system_now_ms
    from schemas.time import LocalCalendar

    now_ms = system_now_ms()
    return now_ms, LocalCalendar(settings.zone).day_of(now_ms)


def _person(name: str) -> str:
    if not name.strip():
        raise CommandError(Exit.MISUSE, "--by: give the person's name")
    return name.strip()


def _as_dict(one: "Proposed") -> dict[str, object]:
    return {
        "element": one.element,
        "day": str(one.day),
        "differs": one.differs,
        "official": one.official.figure.as_dict()["seconds"] if one.official else None,
        "proposed": one.figure.figure.as_dict()["seconds"],
    }


def _line(one: "Proposed") -> str:
    before = one.official.figure if one.official else None
    after = one.figure.figure
    states = ("up", "degraded", "down", "planned", "unknown")
    moved = [
        f"{name} {getattr(before, name) if before else 0} -> {getattr(after, name)} s"
        for name in states
        if before is None or getattr(before, name) != getattr(after, name)
    ]
    moved += _table_moved(before, after)
    return f"{one.element} {one.day}: {', '.join(moved) if moved else 'same seconds'}"


def _table_moved(before: "Figure | None", after: "Figure") -> Iterator[str]:
    """Cells of measured by declared that differ: what came late may move the enterprise's word alone."""
    from schemas.figures import TRACK_READINGS

    pairs = before.pairs_s if before else (0,) * len(after.pairs_s)
    for at, (was, now) in enumerate(zip(pairs, after.pairs_s, strict=True)):
        if was != now:
            yield f"measured {TRACK_READINGS[at // 4]} and declared {TRACK_READINGS[at % 4]} {was} -> {now} s"
