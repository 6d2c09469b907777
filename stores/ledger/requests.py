"""Reports that a person of the Department asked an enterprise for."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, insert, select, update

from stores.ledger.tables import report_requests


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A request; `deadline` is the last local day on which the report is in time."""

    number: int
    enterprise: str
    about: str
    asked_ms: int
    asked_by: str
    working_days: int
    deadline: date
    withdrawn_ms: int | None = None
    withdrawn_by: str | None = None
    withdrawn_why: str | None = None


def next_number(connection: Connection) -> int:
    """The number of the next one; the connection must hold the writer's lock."""
    return int(connection.execute(select(func.max(report_requests.c.number))).scalar() or 0) + 1


def save(connection: Connection, one: ReportRequest) -> None:
    """Keep it; `number` is `next_number`'s."""
    names = [column.name for column in report_requests.columns]
    connection.execute(insert(report_requests).values({name: getattr(one, name) for name in names}))


def withdraw(connection: Connection, number: int, at_ms: int, person: str, why: str) -> bool:
    """Take one back that was not taken back yet; whether there was such a one."""
    statement = (
        update(report_requests)
        .where(report_requests.c.number == number, report_requests.c.withdrawn_ms.is_(None))
        .values(withdrawn_ms=at_ms, withdrawn_by=person, withdrawn_why=why)
    )
    return connection.execute(statement).rowcount == 1


def get(connection: Connection, number: int) -> ReportRequest | None:
    """The request of that number."""
    row = connection.execute(select(report_requests).where(report_requests.c.number == number)).mappings()
    found = row.first()
    return ReportRequest(**found) if found is not None else None


def every(connection: Connection, enterprise: str | None = None) -> list[ReportRequest]:
    """All of them, or those to an enterprise, in order."""
    query = select(report_requests).order_by(report_requests.c.number)
    if enterprise is not None:
        query = query.where(report_requests.c.enterprise == enterprise)
    return [ReportRequest(**row) for row in connection.execute(query).mappings()]
