"""What workers told of running months and quarters beside what the ledger's days say of them."""

from typing import Any

from sqlalchemy import Connection

from processors.core.periods import CalendarPeriod
from processors.findings import as_contract
from processors.rules import Rules
from processors.verdicts import verdicts
from schemas.registry import Registry
from stores.ledger.findings import findings_of

# Known of a running verdict alone, or told of it in another way.
_OWN = ("as_of", "force", "suggestion")


def told_and_expected(
    connection: Connection, registry: Registry, rules: Rules, quarter: str, month: str, zone: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """In one order. A quarter's rules are told over the month too."""
    monthly = Rules(
        tuple(
            one.model_copy(update={"period": "month"})
            for one in rules.rules
            if one.period == "quarter" and one.per == "enterprise"
        )
    )
    quarterly = {one.rule for one in monthly.rules}
    found = [one for name in registry.enterprises for one in findings_of(connection, name, 0)]
    expected = [
        as_contract(one, registry.digest, rules, zone).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        for name, by in ((quarter, rules), (month, monthly))
        for one in verdicts(connection, registry, by, CalendarPeriod.named(name))
        if one.name in quarterly
    ]
    return _in_order([dict(one.content) for one in found if one.finding == "verdict"]), _in_order(expected)


def _in_order(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    plain = [{name: value for name, value in one.items() if name not in _OWN} for one in told]
    return sorted(plain, key=lambda one: (one["period"], one["enterprise"], one["rule"]))
