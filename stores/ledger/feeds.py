"""The enterprises' feeds: when each was heard last, what it sent, how much of it was refused, and whether it is silent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from stores.ledger.tables import feeds, late_evidence, refused_counts
from stores.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """One enterprise's feed. `last_life_ms` is its latest event's own time, `last_received_ms` our clock at receipt."""

    enterprise: str
    last_life_ms: int | None
    last_received_ms: int | None
    accepted: int
    refused: int
    silent_since_ms: int | None
    updated_ms: int


def save_feeds(connection: Connection, healths: Mapping[str, FeedHealth]) -> None:
    """Replace these feeds' rows."""
    names = [column.name for column in feeds.columns]
    upsert(
        connection, feeds, [{name: getattr(health, name) for name in names} for health in healths.values()]
    )


def feeds_health(connection: Connection) -> dict[str, FeedHealth]:
    """Every feed that was heard or missed, by enterprise."""
    rows = connection.execute(select(feeds).order_by(feeds.c.enterprise)).mappings()
    return {row["enterprise"]: FeedHealth(**row) for row in rows}


def count_refused(connection: Connection, counts: Counter[tuple[date, str, str]], now_ms: int) -> None:
    """Add to the counts of refused events by (local day, reporter, code)."""
    upsert(
        connection,
        refused_counts,
        [
            {"day": day, "reporter": reporter, "code": code, "events": number, "last_ms": now_ms}
            for (day, reporter, code), number in counts.items()
        ],
        add=("events",),
    )


def refused(connection: Connection, since: date) -> dict[tuple[str, str], int]:
    """How many events the engine refused since the local day, by (reporter, code)."""
    query = (
        select(refused_counts.c.reporter, refused_counts.c.code, func.sum(refused_counts.c.events))
        .where(refused_counts.c.day >= since)
        .group_by(refused_counts.c.reporter, refused_counts.c.code)
    )
    return {(reporter, code): int(number) for reporter, code, number in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class LateEvidence:
    """Evidence that came after its day was closed: a proposal to restate, it changes nothing by itself."""

    journal_offset: int
    day: date
    element: str
    reporter: str
    at_ms: int
    received_ms: int
    status: str


def save_late(connection: Connection, late: list[LateEvidence]) -> None:
    """Keep proposals; the same journal entry again changes nothing."""
    names = [column.name for column in late_evidence.columns]
    upsert(connection, late_evidence, [{name: getattr(one, name) for name in names} for one in late])


def proposals(connection: Connection, first: date, last: date, limit: int = 1000) -> list[LateEvidence]:
    """Late evidence about the local days `first` to `last`."""
    query = (
        select(late_evidence)
        .where(late_evidence.c.day >= first, late_evidence.c.day <= last)
        .order_by(late_evidence.c.day, late_evidence.c.element, late_evidence.c.at_ms)
        .limit(limit)
    )
    return [LateEvidence(**row) for row in connection.execute(query).mappings()]
