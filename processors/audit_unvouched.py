"""What stands in the ledger as official although no entry of the audit chain tells of it, or is gone although one does."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from sqlalchemy import Connection, select

from schemas.audit import AuditEntry, AuditKind
from stores.ledger import official_day
from stores.ledger.figures import FINAL
from stores.ledger.objections import RAISED
from stores.ledger.tables import (
    alarms,
    closed_days,
    day_figures,
    objections,
    report_requests,
    restatements,
    signatures,
)

Told = tuple[str, ...]
"""What is told of, as it is named in words: its kind, then what tells it from others."""


class Vouched:
    """Gathers what the chain's entries tell of, to be held against what the ledger has."""

    def __init__(self) -> None:
        self._told: set[Told] = set()
        self._sealed: set[date] = set()
        self._begun_ms: int | None = None

    def take(self, entry: AuditEntry) -> None:
        """An entry of the chain, in their order.

        Raises:
            ValueError: it does not name what it tells of.
        """
        if self._begun_ms is None:
            self._begun_ms = entry.at_ms
        named = _TOLD.get(entry.kind)
        if named is not None:
            self._told.add(named(entry))
        if entry.kind in official_day.SEALS:
            self._sealed.add(date.fromisoformat(entry.subject))

    def decisions(self, connection: Connection) -> Iterator[str]:
        """What people decided in the ledger and no entry tells of, in words."""
        for one in sorted(set(_kept(connection)) - self._told):
            yield f"{' '.join(one)} stands in the ledger, and no entry tells of it: it was inserted, or its entry removed"

    def days(self, connection: Connection) -> Iterator[str]:
        """Days that are closed or sealed and not both, in words.

        Days that were closed before the chain began are not asked for.
        """
        rows = connection.execute(
            select(closed_days.c.day, closed_days.c.complete, closed_days.c.closed_at_ms)
        )
        records = {day: (complete, at_ms) for day, complete, at_ms in rows}
        closed = {day: complete for day, (complete, _) in records.items()}
        since = {
            day
            for day, (complete, at_ms) in records.items()
            if complete and (self._begun_ms is None or at_ms >= self._begun_ms)
        }
        for day in sorted(day for day in self._sealed if not closed.get(day)):
            yield f"the closing of {day} is sealed, and its record was removed or changed: it reads as not closed"
        official = set(
            connection.execute(
                select(day_figures.c.day).where(day_figures.c.state == FINAL).distinct()
            ).scalars()
        )
        # A closing that is still going on has written figures, and no seal yet.
        under_way = {day for day, complete in closed.items() if not complete}
        official |= {day for day, complete in closed.items() if complete}
        for day in sorted(official - self._sealed - under_way):
            if day in since or (self._sealed and day > min(self._sealed)):
                yield f"{day} has official figures or a closing, and no entry seals it: these were inserted, or it was removed"


def _kept(connection: Connection) -> Iterator[Told]:
    for period, revision in connection.execute(select(signatures.c.period, signatures.c.revision)):
        yield "signature", str(revision), "of", period
    for (number,) in connection.execute(select(restatements.c.number)):
        yield "restatement", str(number)
    for number, state in connection.execute(select(objections.c.number, objections.c.state)):
        yield "objection", str(number)
        if state != RAISED:
            yield "ruling on objection", str(number)
    for number, withdrawn in connection.execute(
        select(report_requests.c.number, report_requests.c.withdrawn_ms)
    ):
        yield "request", str(number)
        if withdrawn is not None:
            yield "withdrawal of request", str(number)
    seen = select(alarms.c.kind, alarms.c.subject, alarms.c.day).where(alarms.c.acknowledged_ms.is_not(None))
    for kind, subject, day in connection.execute(seen):
        yield "acknowledgement of", kind, "about", subject, "on", str(day)


_TOLD: Final[dict[str, Callable[[AuditEntry], Told]]] = {
    AuditKind.SIGNED_OFF: lambda one: ("signature", str(one.content.get("revision")), "of", one.subject),
    AuditKind.RESTATED: lambda one: ("restatement", str(one.content.get("restatement"))),
    AuditKind.OBJECTION: lambda one: ("objection", str(one.content.get("number"))),
    AuditKind.RULING: lambda one: ("ruling on objection", str(one.content.get("number"))),
    AuditKind.REPORT_REQUESTED: lambda one: ("request", str(one.content.get("number"))),
    AuditKind.REQUEST_WITHDRAWN: lambda one: ("withdrawal of request", str(one.content.get("number"))),
    AuditKind.ACKNOWLEDGED: lambda one: (
        "acknowledgement of",
        str(one.content.get("kind")),
        "about",
        one.subject,
        "on",
        str(one.content.get("day")),
    ),
}
