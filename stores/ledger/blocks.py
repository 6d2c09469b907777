"""The core's evidence of open days, as bytes that only the core reads; mergeable, so that repetition is harmless."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, tuple_

from stores.ledger.tables import evidence_blocks, life_blocks, notices
from stores.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """An hour (since the epoch) of one element's evidence; reporter "" is the measured track."""

    element: str
    day: date
    reporter: str
    tier: int
    hour: int
    cells: bytes


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """The announcement or withdrawal that counts for (enterprise, notice). Instants in microseconds, `canonical` breaks ties."""

    enterprise: str
    notice: str
    action: str
    received_us: int
    from_us: int
    to_us: int
    elements: Sequence[str]
    canonical: str


def save_blocks(connection: Connection, blocks: Iterable[StoredBlock]) -> None:
    """Replace these blocks."""
    names = [column.name for column in evidence_blocks.columns]
    upsert(connection, evidence_blocks, [{name: getattr(block, name) for name in names} for block in blocks])


def load_blocks(
    connection: Connection, first: date, last: date, elements: Sequence[str] | None = None
) -> Iterator[StoredBlock]:
    """The blocks of the local days `first` to `last`, of all elements or of these."""
    query = select(evidence_blocks).where(evidence_blocks.c.day >= first, evidence_blocks.c.day <= last)
    if elements is not None:
        query = query.where(evidence_blocks.c.element.in_(elements))
    for row in connection.execution_options(yield_per=2000).execute(query).mappings():
        yield StoredBlock(**row)


def save_life(connection: Connection, slots: Mapping[tuple[str, date], bytes]) -> None:
    """Replace the signs of life of each (enterprise, local day)."""
    upsert(
        connection,
        life_blocks,
        [{"day": day, "enterprise": enterprise, "slots": data} for (enterprise, day), data in slots.items()],
    )


def load_life(connection: Connection, first: date) -> dict[tuple[str, date], bytes]:
    """The signs of life from the local day `first` on."""
    query = select(life_blocks).where(life_blocks.c.day >= first)
    return {(row.enterprise, row.day): row.slots for row in connection.execute(query)}


def drop_before(connection: Connection, day: date) -> None:
    """Forget evidence of local days before this one: they are closed, the archive has them."""
    connection.execute(evidence_blocks.delete().where(evidence_blocks.c.day < day))
    connection.execute(life_blocks.delete().where(life_blocks.c.day < day))


def save_notices(connection: Connection, found: Sequence[StoredNotice]) -> None:
    """Replace these notices."""
    names = [column.name for column in notices.columns]
    upsert(connection, notices, [{name: getattr(one, name) for name in names} for one in found])


def load_notices(connection: Connection, keys: Sequence[tuple[str, str]] | None = None) -> list[StoredNotice]:
    """All notices, or those of these (enterprise, notice)."""
    query = select(notices).order_by(notices.c.enterprise, notices.c.notice, notices.c.action)
    if keys is not None:
        query = query.where(tuple_(notices.c.enterprise, notices.c.notice).in_(keys))
    return [StoredNotice(**row) for row in connection.execute(query).mappings()]
