"""Alarms of the product about itself, such as a closed figure that differs from the provisional one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, func, select

from stores.ledger.tables import alarms
from stores.ledger.upsert import upsert

FIGURE_DIFFERS: Final = "figure_differs"
"""A closed figure is another than the last provisional one."""
NOT_FOLLOWED: Final = "day_not_followed"
"""The live engine did not run until the day's end, so that its provisional figures stop before it."""

FORWARDER_SILENT: Final = "forwarder_silent"
"""A day can't be closed, since a forwarder has not said for long that it sent all (the cluster only)."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm by (kind, subject, local day); `detail` says what was found."""

    kind: str
    subject: str
    day: date
    raised_ms: int
    detail: Mapping[str, Any]
    acknowledged_ms: int | None = None


def raise_alarms(connection: Connection, raised: Sequence[Alarm]) -> None:
    """Raise or refresh; what a person acknowledged stays acknowledged."""
    names = [column.name for column in alarms.columns]
    upsert(
        connection,
        alarms,
        [{name: getattr(one, name) for name in names} for one in raised],
        keep=("raised_ms", "acknowledged_ms"),
    )


def open_alarms(connection: Connection, limit: int = 200) -> list[Alarm]:
    """Not yet acknowledged, the newest first."""
    query = (
        select(alarms)
        .where(alarms.c.acknowledged_ms.is_(None))
        .order_by(alarms.c.raised_ms.desc(), alarms.c.kind, alarms.c.subject)
        .limit(limit)
    )
    return [Alarm(**row) for row in connection.execute(query).mappings()]


def acknowledge(connection: Connection, kind: str, subject: str, day: date, now_ms: int) -> bool:
    """A person has seen it; False where there is no such alarm that nobody saw yet."""
    statement = (
        alarms.update()
        .where(alarms.c.kind == kind, alarms.c.subject == subject, alarms.c.day == day)
        .where(alarms.c.acknowledged_ms.is_(None))
        .values(acknowledged_ms=now_ms)
    )
    return connection.execute(statement).rowcount == 1


def count(connection: Connection, kind: str, day: date) -> int:
    """How many subjects have an alarm of the kind about the local day."""
    query = select(func.count()).select_from(alarms).where(alarms.c.kind == kind, alarms.c.day == day)
    return int(connection.execute(query).scalar() or 0)
