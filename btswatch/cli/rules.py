"""`btswatch rules`: which rules are in force for a day, a service, an enterprise, and why."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from btswatch.cli.configured import (
    SettingsOption,
    day_from,
    known_enterprise,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from processors.rules import Applicable
    from schemas.rules import Consequence, Rule

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout")]
Comparators = {"at_least": ">=", "at_most": "<=", "equals": "=", "above": ">", "alert_from": "from"}


@app.callback()
def _group() -> None:
    """The rules as dated data: thresholds, legal basis, confidence.

    Example: btswatch rules list --on 2026-11-23 --service mobile_voice
    """


@app.command("list")
def list_(
    settings: SettingsOption = None,
    on: Annotated[str | None, typer.Option(metavar="DAY", help="Local day (default: today)")] = None,
    service: Annotated[str | None, typer.Option(help="Such as mobile_voice")] = None,
    enterprise: Annotated[
        str | None, typer.Option(help="With its declared levels where they are stricter")
    ] = None,
    output: AsJson = False,
) -> None:
    """What is in force on a day.

    Example: btswatch rules list --on 2026-11-23 --enterprise viettel
    """
    loaded = settings_from(settings)
    rules = rules_of(loaded)
    day = _day(on, loaded.zone)
    services = {rule.service for rule in rules.rules}
    if service is not None and service not in services:
        raise CommandError(
            Exit.MISUSE, f"--service {service}: no rule is about it; known: {', '.join(sorted(services))}"
        )
    known_enterprise(loaded, enterprise)
    levels = registry_of(loaded).declared_levels if enterprise is not None else ()
    found = rules.applicable(day, enterprise or "", levels, service)
    if output:
        typer.echo(json.dumps([_as_dict(one) for one in found], ensure_ascii=False, sort_keys=True))
        return
    for one in found:
        judged = "" if one.may_judge else "  [no legal verdict]"
        because = f"  ({one.because})" if enterprise is not None else ""
        typer.echo(
            f"{one.rule.id:<15} {one.rule.service:<16} {_asked(one.rule, one.threshold):<28}"
            f" {one.rule.title}{because}{judged}"
        )
    for level in rules.without_rule(day, enterprise or "", levels, service):
        typer.echo(
            f"{level.enterprise} declares {level.service}.{level.indicator} {level.level:g}: no rule in force is about"
            " it, so nothing is judged by it"
        )
    typer.echo(f"{len(found)} of {len(rules.rules)} rules in force on {day}; digest {rules.digest}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RULE", help="A version (V36-22-D) or a rule (V36-D)")],
    settings: SettingsOption = None,
    output: AsJson = False,
) -> None:
    """Everything about a rule, all its versions, and why a legal verdict may or may not rest on it.

    Example: btswatch rules show V36-D
    """
    rules = rules_of(settings_from(settings))
    one = rules.get(name)
    found = [one] if one is not None else rules.versions(name)
    if not found:
        from difflib import get_close_matches

        known = [rule.id for rule in rules.rules] + [rule.rule for rule in rules.rules]
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "see btswatch rules list"
        raise CommandError(Exit.NO, f"no rule {name}; {hint}")
    if output:
        typer.echo(json.dumps([rule.model_dump(mode="json") for rule in found], ensure_ascii=False))
        return
    for rule in found:
        for field, value in rule.model_dump(mode="json", exclude_none=True).items():
            # The amounts as a suggestion reads, not as the file writes them.
            told = _consequence(rule.consequence) if field == "consequence" else value
            typer.echo(f"{field:<18} {told}")
        typer.echo(f"{'judges':<18} {_judges(rule)}\n")


@app.command()
def check(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Directory of rule files")] = None,
    settings: SettingsOption = None,
) -> None:
    """Read rule files and say everything that is wrong with them. Exit 1 when something is.

    Example: btswatch rules check my-rules/
    """
    from processors.rules import RulesError, load_rules

    try:
        rules = load_rules(directory or settings_from(settings).rules)
    except RulesError as error:
        raise CommandError(Exit.NO, *error.lines) from error
    judging = sum(rule.may_judge for rule in rules.rules)
    missing = sum(rule.threshold is None for rule in rules.rules)
    typer.echo(
        f"{len(rules.rules)} rules, {judging} of them sure enough for a legal verdict, {missing} whose figure is"
        f" missing; digest {rules.digest}"
    )


def _day(text: str | None, zone: str) -> date:
    from btswatch.parts.part import system_now_ms
    from schemas.time import LocalCalendar

    if text is None:
        return LocalCalendar(zone).day_of(system_now_ms())
    return day_from(text, "--on")


def _asked(rule: "Rule", threshold: object) -> str:
    if threshold is None:
        return "figure missing"
    return f"{Comparators[rule.comparator]} {threshold} {rule.unit} per {rule.period}"


def _consequence(said: "Consequence | None") -> str:
    if said is None:
        return "none"
    since = f", of what did not end before {said.since}" if said.since else ""
    return f"{said}{since}: a suggestion; deciding is a person's"


def _judges(rule: "Rule") -> str:
    if rule.may_judge:
        return "yes: a legal verdict may rest on it"
    if rule.kind == "operational":
        return "no: it has no legal force; findings are operational"
    return (
        f"no: confidence {rule.confidence}, of its dates {rule.dates_confidence}; findings are operational until"
        " the figure is verified in the text"
    )


def _as_dict(one: "Applicable") -> dict[str, Any]:
    return {
        "rule": one.rule.model_dump(mode="json"),
        "threshold": None if one.threshold is None else str(one.threshold),
        "kind": one.kind.value,
        "because": one.because,
        "may_judge": one.may_judge,
    }
