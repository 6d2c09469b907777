"""The audit chain in the ledger. Entries are only ever appended, in the transaction of what they tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select

from schemas.audit import NOTHING, AuditEntry, NewAuditEntry, digest_of
from stores.ledger.tables import audit

_AT_ONCE: Final = 500


def append(connection: Connection, entries: Sequence[NewAuditEntry]) -> str:
    """Write entries behind the last one; the chain's new head. The connection must hold the writer's lock (`writing`)."""
    last = _last(connection)
    number, head = (last["number"], last["digest"]) if last is not None else (0, NOTHING)
    for one in entries:
        number, previous = number + 1, head
        head = digest_of(number, previous, one.at_ms, one.kind.value, one.subject, one.actor, one.content)
        values = {
            "number": number,
            "at_ms": one.at_ms,
            "kind": one.kind.value,
            "subject": one.subject,
            "actor": one.actor,
            "content": dict(one.content),
            "previous": previous,
            "digest": head,
        }
        connection.execute(insert(audit).values(values))
    return head


def head(connection: Connection) -> str:
    """The last entry's digest: whoever keeps it can tell later that nothing before it was changed."""
    last = _last(connection)
    return str(last["digest"]) if last is not None else NOTHING


def length(connection: Connection) -> int:
    """How many entries there are: the last one's number."""
    last = _last(connection)
    return int(last["number"]) if last is not None else 0


def entries(connection: Connection, after: int = 0) -> Iterator[AuditEntry]:
    """The entries in order behind a number."""
    while True:
        query = select(audit).where(audit.c.number > after).order_by(audit.c.number).limit(_AT_ONCE)
        rows = connection.execute(query).mappings().all()
        yield from (AuditEntry(**row) for row in rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["number"]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry whose content is no JSON any more; `digest` is what it stands under."""

    number: int
    digest: str
    detail: str


def readable(connection: Connection) -> Iterator[AuditEntry | Unreadable]:
    """The entries in order, also past those that somebody spoiled."""
    after = 0
    while True:
        try:
            for entry in entries(connection, after):
                yield entry
                after = entry.number
        except ValueError:
            # One of the next ones; asked for singly, it does not hide its neighbours.
            query = (
                select(audit.c.number, audit.c.digest)
                .where(audit.c.number > after)
                .order_by(audit.c.number)
                .limit(_AT_ONCE)
            )
            for number, digest in connection.execute(query).tuples().all():
                yield _one(connection, number, digest)
                after = number
        else:
            return


def _one(connection: Connection, number: int, digest: str) -> AuditEntry | Unreadable:
    try:
        row = connection.execute(select(audit).where(audit.c.number == number)).mappings().one()
    except ValueError as error:
        return Unreadable(number, digest, f"its content can't be read ({error})")
    return AuditEntry(**row)


def newest(connection: Connection, kind: str, subject: str | None = None) -> AuditEntry | None:
    """The last entry of a kind, about a subject."""
    query = select(audit).where(audit.c.kind == kind).order_by(audit.c.number.desc()).limit(1)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    row = connection.execute(query).mappings().first()
    return AuditEntry(**row) if row is not None else None


def of_kind(connection: Connection, *kinds: str) -> Iterator[AuditEntry]:
    """The entries of these kinds, the newest first."""
    query = select(audit).where(audit.c.kind.in_(kinds)).order_by(audit.c.number.desc())
    for row in connection.execute(query).mappings():
        yield AuditEntry(**row)


def behind(connection: Connection, number: int, *kinds: str) -> Iterator[AuditEntry]:
    """The entries of these kinds behind a number, in order."""
    query = select(audit).where(audit.c.number > number, audit.c.kind.in_(kinds)).order_by(audit.c.number)
    for row in connection.execute(query).mappings():
        yield AuditEntry(**row)


def _last(connection: Connection) -> RowMapping | None:
    query = select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)
    return connection.execute(query).mappings().first()
