"""Feeds in the ledger: each partition tells its share of a reporter, the row is their sum; silence by engine time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from processors.engine.feed_watch import MISSED_HEARTBEATS
from processors.sinks.ledger_messages import Share
from schemas.registry import Enterprise
from stores.ledger import feed_shares, feeds
from stores.ledger.feeds import FeedHealth


def save_feeds(
    connection: Connection, said: Sequence[Share], enterprises: Mapping[str, Enterprise], engine_ms: int
) -> None:
    """Write the shares that are new, and what they add up to."""
    known = feed_shares.shares_as_of(connection, {one.share.reporter for one in said})
    new = [
        one for one in said if one.share.as_of_ms >= known.get((one.share.reporter, one.share.partition), 0)
    ]
    refused = [one for share in new for one in share.refused]
    feed_shares.save_shares(connection, [one.share for one in new], refused)
    reporters = {one.share.reporter for one in new}
    feed_shares.add_up_refused(connection, {one.day for one in refused}, reporters)
    # Pollers refuse and are refused too; feeds are the enterprises' alone.
    sums = feed_shares.sums(connection, reporters & enterprises.keys(), engine_ms)
    before = feeds.feeds_health(connection)
    with_silence = {
        name: replace(health, silent_since_ms=_silent_since(health, enterprises[name], engine_ms))
        for name, health in sums.items()
    }
    feeds.save_feeds(connection, _changed(with_silence, before))


def newly_silent(
    known: Iterable[FeedHealth], enterprises: Mapping[str, Enterprise], engine_ms: int
) -> dict[str, FeedHealth]:
    """The feeds whose silence began or ended with time alone, as they are to be stored."""
    found = {
        one.enterprise: replace(
            one,
            silent_since_ms=_silent_since(one, enterprises[one.enterprise], engine_ms),
            updated_ms=engine_ms,
        )
        for one in known
        if one.enterprise in enterprises
    }
    return _changed(found, {one.enterprise: one for one in known})


def _silent_since(health: FeedHealth, enterprise: Enterprise, engine_ms: int) -> int | None:
    """As the embedded engine tells it: silent since the last it sent, after three heartbeats were missed."""
    if health.last_received_ms is None:
        return None
    limit_ms = MISSED_HEARTBEATS * enterprise.heartbeat_s * 1000
    return health.last_received_ms if engine_ms - health.last_received_ms > limit_ms else None


def _changed(found: Mapping[str, FeedHealth], before: Mapping[str, FeedHealth]) -> dict[str, FeedHealth]:
    return {
        name: one
        for name, one in found.items()
        if name not in before or replace(before[name], updated_ms=one.updated_ms) != one
    }
