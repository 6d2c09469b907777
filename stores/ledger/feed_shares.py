"""What each partition of a cluster saw of a reporter; a feed's row is their sum."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from stores.ledger.feeds import FeedHealth
from stores.ledger.tables import feed_shares, feeds, refused_counts, refused_shares
from stores.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class FeedShare:
    """Absolute counts of one partition, as of its engine time."""

    reporter: str
    partition: int
    as_of_ms: int
    last_life_ms: int | None
    last_received_ms: int | None
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class RefusedShare:
    """How many events of a reporter one partition refused for one reason on one local day of receipt."""

    day: date
    reporter: str
    code: str
    partition: int
    events: int
    last_ms: int


def save_shares(connection: Connection, shares: Sequence[FeedShare], refused: Sequence[RefusedShare]) -> None:
    """Replace these shares."""
    names = [column.name for column in feed_shares.columns]
    upsert(connection, feed_shares, [{name: getattr(one, name) for name in names} for one in shares])
    names = [column.name for column in refused_shares.columns]
    upsert(connection, refused_shares, [{name: getattr(one, name) for name in names} for one in refused])


def shares_as_of(connection: Connection, reporters: Collection[str]) -> dict[tuple[str, int], int]:
    """The engine time of the stored shares of these reporters, by (reporter, partition)."""
    query = select(feed_shares.c.reporter, feed_shares.c.partition, feed_shares.c.as_of_ms)
    found = connection.execute(query.where(feed_shares.c.reporter.in_(reporters)))
    return {(row.reporter, row.partition): row.as_of_ms for row in found}


def sums(connection: Connection, reporters: Collection[str], now_ms: int) -> dict[str, FeedHealth]:
    """Each of these reporters' shares added up, `silent_since_ms` as it is stored."""
    table = feed_shares.c
    query = (
        select(
            table.reporter,
            func.max(table.last_life_ms),
            func.max(table.last_received_ms),
            func.sum(table.accepted),
            func.sum(table.refused),
        )
        .where(table.reporter.in_(reporters))
        .group_by(table.reporter)
        .order_by(table.reporter)
    )
    silent = select(feeds.c.enterprise, feeds.c.silent_since_ms).where(feeds.c.enterprise.in_(reporters))
    since = {row.enterprise: row.silent_since_ms for row in connection.execute(silent)}
    return {
        reporter: FeedHealth(
            reporter, life, received, int(accepted), int(refused), since.get(reporter), now_ms
        )
        for reporter, life, received, accepted, refused in connection.execute(query)
    }


def add_up_refused(connection: Connection, days: Collection[date], reporters: Collection[str]) -> None:
    """Set the counts of refused events of these days and reporters to the sums of their shares."""
    table = refused_shares.c
    query = (
        select(table.day, table.reporter, table.code, func.sum(table.events), func.max(table.last_ms))
        .where(table.day.in_(days), table.reporter.in_(reporters))
        .group_by(table.day, table.reporter, table.code)
        .order_by(table.day, table.reporter, table.code)
    )
    upsert(
        connection,
        refused_counts,
        [
            {"day": day, "reporter": reporter, "code": code, "events": int(events), "last_ms": last_ms}
            for day, reporter, code, events, last_ms in connection.execute(query)
        ],
    )
