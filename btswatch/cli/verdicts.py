"""`btswatch verdicts`: how a period's availability and quality indicators stand against the rules in force."""

from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.calendar_period import period_of
from btswatch.cli.configured import (
    SettingsOption,
    known_enterprise,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head
from btswatch.cli.measured import indicator_line, indicator_verdicts_of
from btswatch.cli.sealed_rules import LOST, refusal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from processors.closed_verdicts import Basis
    from processors.core.periods import CalendarPeriod
    from processors.indicators import IndicatorVerdict
    from processors.rules import Rules
    from processors.verdicts import PeriodVerdict

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("verdicts")
def verdicts(
    period: Annotated[str, typer.Option(help="2026-Q3, 2026-09, 2026 or a day")],
    settings: SettingsOption = None,
    enterprise: Annotated[str | None, typer.Option(help="Only this enterprise's")] = None,
    provisional: Annotated[bool, typer.Option(help="Also while days of it are not closed")] = False,
    current_rules: Annotated[
        bool, typer.Option("--current-rules", help="By the rules as they are now, also a closed period")
    ] = False,
    output: Annotated[
        bool, typer.Option("--json", help="verdict.v1 and indicator_verdict.v1 objects, one a line")
    ] = False,
) -> None:
    """Verdicts on a period by the rules in force on its days. The product states findings; deciding is a person's.

    A closed period is judged by the rules that its closing or its signature sealed, whatever the rule files say now.

    Service availability D is time; radio availability and the other indicators are counted from measurements.

    Exit 1 when days of the period are still open, or have no figures yet, and --provisional is not given, and when the
    sealed rules are kept no more: the verdicts are by the present ones then and say so.

    Example: btswatch verdicts --period 2026-Q3 --enterprise viettel
    """
    from processors.closed_verdicts import stand
    from processors.findings import as_contract
    from processors.indicator_findings import indicator_as_contract
    from processors.verdicts import verdicts as judged

    loaded = settings_from(settings)
    chosen, rules, registry = period_of(period), rules_of(loaded), registry_of(loaded)
    known_enterprise(loaded, enterprise)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        basis = _basis(connection, chosen, rules, current=current_rules)
        everybody = list(judged(connection, registry, basis.rules, chosen, zone=loaded.zone))
        counted = indicator_verdicts_of(loaded, registry, basis.rules, chosen)
        same = basis.entry is not None and stand(
            connection, basis.entry, everybody, basis.rules, loaded.zone, counted
        )
        head = head_of(connection)
    found = [one for one in everybody if enterprise in (None, one.enterprise)]
    indicators = [one for one in counted if enterprise in (None, one.enterprise)]
    if not found and not indicators:
        raise CommandError(Exit.NO, f"{period}: no figures of it, or no rule over such a period")
    final = all(one.final for one in found)
    if not provisional and not final:
        raise CommandError(
            Exit.NO,
            f"{period}: {_open(found)} of it are not closed yet; --provisional shows them all the same",
        )
    under = {"head": head, "sealed_rules": basis.lost}
    if output:
        for one in found:
            told = as_contract(one, registry.digest, basis.rules, loaded.zone).model_copy(update=under)
            typer.echo(told.model_dump_json(by_alias=True, exclude_none=True))
        for each in indicators:
            counts = indicator_as_contract(each, registry.digest, basis.rules.digest, loaded.zone)
            counts = counts.model_copy(update=under)
            typer.echo(counts.model_dump_json(by_alias=True, exclude_none=True))
    else:
        _tell([*found, *indicators], basis, rules, same=same)
        if not final:
            typer.echo(f"provisional: {_open(found)} of it are not closed yet")
        tell_head(head)
    if basis.lost is not None:
        raise CommandError(Exit.NO, refusal(period, basis))


def _open(found: "list[PeriodVerdict]") -> str:
    days = max(one.missing_days for one in found)
    return f"{days} days" if days else f"{sum(one.open_days for one in found)} element-days"


def _tell(
    found: "list[PeriodVerdict | IndicatorVerdict]", basis: "Basis", current: "Rules", *, same: bool
) -> None:
    from processors.verdicts import PeriodVerdict

    for one in found:
        typer.echo(_line(one) if isinstance(one, PeriodVerdict) else indicator_line(one))
    _tell_failing(found, basis.rules)
    _tell_basis(basis, current, same=same)


def _basis(connection: "Connection", period: "CalendarPeriod", rules: "Rules", *, current: bool) -> "Basis":
    from processors.closed_verdicts import Basis, basis_of

    return Basis(rules, None) if current else basis_of(connection, period, rules)


def _tell_basis(basis: "Basis", current: "Rules", *, same: bool) -> None:
    """Under which rules it was judged, and whether it is what was sealed or signed."""
    if basis.entry is None:
        return
    if basis.lost is not None:
        typer.echo(
            f"NOT by the rules that entry {basis.entry.number} sealed ({basis.lost}): {LOST}; judged by the present"
            f" ones ({current.digest})"
        )
        return
    how = f"signed by {basis.entry.actor}" if basis.entry.kind == "signed_off" else "sealed at the closing"
    stands = (
        "as"
        if same
        else "NOT as (restated, adjusted, measurements since, or other dated rows in the registry)"
    )
    typer.echo(f"{stands} {how} in entry {basis.entry.number}, rules {basis.rules.digest}")
    if basis.rules.digest != current.digest:
        typer.echo(f"the rule files are others by now ({current.digest}): --current-rules judges by them")


def _line(one: "PeriodVerdict") -> str:
    figure, judgement = one.judgement.figure, one.judgement
    ratios = figure.ratios()
    asked = ", ".join(
        f"{held.by.rule.id} >= {float(held.rule.threshold):.3%}"
        + (f" from {held.first}" if len(one.held) > 1 else "")
        for held in one.held
    )
    reason = f" ({judgement.reason.value})" if judgement.reason else ""
    adjusted = f", {one.adjusted_days} element-days after objections" if one.adjusted_days else ""
    return (
        f"{one.enterprise:<14} {one.subject:<16} {judgement.result.value + reason:<46}"
        f" D {_percent(ratios['A'])} gross {_percent(ratios['A_gross'])}"
        f" [{_percent(ratios['A_min'])} .. {_percent(ratios['A_max'])}]"
        f" down {figure.down} s of {judgement.budget_s} s"
        f"  {asked or one.name}  {one.force.value}{_estimate(one)}{adjusted}{'' if one.final else ', provisional'}"
    )


def _estimate(one: "PeriodVerdict") -> str:
    """An enterprise's D is of this province only, and depends on what its elements are weighed by."""
    from processors.verdicts import PROVINCIAL

    if one.subject != one.enterprise or not one.held:
        return ""
    return f", {PROVINCIAL} by {one.held[-1].by.rule.weight}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.3%}"


def _tell_failing(found: "list[PeriodVerdict | IndicatorVerdict]", rules: "Rules") -> None:
    from processors.findings import counted_rules, failing

    for (enterprise, service), number in sorted(failing(found).items()):
        example = next(one for one in found if one.enterprise == enterprise and one.held)
        points = "; ".join(
            f"{rule.id}: {rule.consequence}"
            for rule in counted_rules(rules, number, example)
            if rule.consequence
        )
        typer.echo(
            f"{enterprise}: {number} failing indicator(s) of {service}"
            + (f" -> {points}: a suggestion; deciding is a person's" if points else "")
        )
