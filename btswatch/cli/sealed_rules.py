"""Periods that were sealed under rules which the ledger keeps no more, for answers about them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from processors.closed_verdicts import Basis, LostRules
    from processors.core.periods import CalendarPeriod
    from processors.rules import Rules
    from schemas.audit import AuditEntry

LOST = "the ledger keeps them no more"


def lost_of(
    connection: "Connection", periods: "Iterable[CalendarPeriod]", current: "Rules"
) -> "list[LostRules]":
    """Those of the periods whose sealed rules are neither kept nor the current ones."""
    from processors.closed_verdicts import lost_rules

    return list(lost_rules(connection, periods, current))


def as_dict(one: "LostRules") -> dict[str, Any]:
    """For JSON."""
    return {
        "period": one.period,
        "rules": one.rules,
        "entry": one.entry.number,
        "sealed": how(one.entry),
        "at_ms": one.entry.at_ms,
    }


def tell(found: "Iterable[LostRules]") -> None:
    """A line for each."""
    for one in found:
        by = "signed" if how(one.entry) == "signed" else "closed"
        typer.echo(
            f"the rules that {one.period} was {by} under ({one.rules}, entry {one.entry.number}): {LOST};"
            " verdicts on it by other rules are not those"
        )


def refusal(period: str, basis: "Basis") -> str:
    """Why an answer about the period is not what was sealed; the basis has an entry and lost rules."""
    assert basis.entry is not None
    sealed = "signed" if how(basis.entry) == "signed" else "sealed at its closing"
    return f"{period}: not judged by the rules that were {sealed} ({basis.lost}): {LOST}"


def how(entry: "AuditEntry") -> str:
    """`signed` by a person, or sealed by the `closing`."""
    return "signed" if entry.kind == "signed_off" else "closing"
