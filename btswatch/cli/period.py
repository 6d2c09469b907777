"""`btswatch period`: where a period stands, signing it off, and restating official figures."""

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from btswatch.cli.calendar_period import Period, now_of, period_of
from btswatch.cli.configured import SettingsOption, open_ledger, registry_of, rules_of, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head
from btswatch.cli.late_evidence import AsJson, late, restate
from btswatch.cli.measured import indicator_verdicts_of
from btswatch.cli.person import By, person_of
from btswatch.cli.sealed_rules import as_dict, lost_of, refusal, tell

if TYPE_CHECKING:
    from processors.signing import PeriodStanding

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


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
    from processors.restating import waiting
    from processors.signing import PeriodState, standing
    from stores.ledger.feeds import proposals

    loaded, chosen = settings_from(settings), period_of(period)
    rules = rules_of(loaded)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        today = now_of(loaded)[1]
        found = standing(connection, chosen, today)
        late = proposals(connection, chosen.first, chosen.end - timedelta(days=1), limit=100_000)
        # Days before the first official one are never restated.
        waits = len(waiting(connection, [one for one in late if one.day >= (found.begun or one.day)]))
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
        "late_events": len(late),
        "late_waiting": waits,
    }
    if output:
        typer.echo(json.dumps(told, sort_keys=True, ensure_ascii=False))
    else:
        _tell_standing(found, today, loaded.zone)
        if late:
            typer.echo(
                f"  {len(late)} events came after their day's close, {waits} of them are in no restatement:"
                f" btswatch period late {chosen.name}"
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
    now_ms, today = now_of(loaded)
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
                    person=person_of(by),
                    note=note,
                    # Not of before measurements were read: what was decided meanwhile is in these verdicts.
                    now_ms=now_of(loaded)[0],
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


app.command("late")(late)
app.command("restate")(restate)
