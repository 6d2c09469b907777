"""What people changed of official days behind an entry of the chain: in the chain's order, whatever their clocks said.

A restatement bears the moment up to which it took evidence, long before it is written; and clocks are set back.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from processors.core.periods import CalendarPeriod
from schemas.audit import AuditKind
from stores.ledger import audit, objections, restatements
from stores.ledger.restatements import Restatement


@dataclass(frozen=True, slots=True)
class Changed:
    """Restatements of a period's days, and the numbers of objections that were upheld and moved something of them."""

    restated: tuple[Restatement, ...] = ()
    ruled: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.restated or self.ruled)


def changed_since(connection: Connection, period: CalendarPeriod, number: int) -> Changed:
    """What changed of the period by entries behind that number."""
    restated, ruled = set(), set()
    for entry in audit.behind(connection, number, AuditKind.RESTATED.value, AuditKind.RULING.value):
        if entry.kind == AuditKind.RESTATED:
            restated.add(entry.content["restatement"])
        else:
            ruled.add(entry.content["number"])
    if not restated and not ruled:
        return Changed()
    return Changed(
        tuple(
            one
            for one in restatements.between(connection, period.first, period.end)
            if one.number in restated
        ),
        tuple(one for one in objections.moved_of(connection, period.first, period.end) if one in ruled),
    )
