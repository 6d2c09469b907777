"""The health of the enterprises' feeds, as the engine sees their events go by."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Protocol

from schemas.registry import Enterprise
from stores.ledger.feeds import FeedHealth

MISSED_HEARTBEATS = 3


class Feeds(Protocol):
    """What is told of the feeds' events as they go by."""

    def heard(self, enterprise: str, time_ms: int, received_ms: int) -> None:
        """An accepted event."""

    def refused(self, reporter: str, code: str, day: date, received_ms: int) -> None:
        """An event that the engine turned away, of a feed or of a poller."""

    def stored(self) -> None:
        """What was told is stored."""


class FeedWatch:
    """Counts and last signs of each feed; `changed` are those to be stored."""

    def __init__(self, enterprises: Mapping[str, Enterprise], known: Mapping[str, FeedHealth]) -> None:
        self._enterprises = enterprises
        self._feeds = dict(known)
        self._changed: set[str] = set()
        self._refused: Counter[tuple[date, str, str]] = Counter()

    def heard(self, enterprise: str, time_ms: int, received_ms: int) -> None:
        """An accepted event of the enterprise."""
        if enterprise not in self._enterprises:
            return
        feed = self._feed(enterprise, received_ms)
        self._feeds[enterprise] = replace(
            feed,
            last_life_ms=max(time_ms, feed.last_life_ms or 0),
            last_received_ms=max(received_ms, feed.last_received_ms or 0),
            accepted=feed.accepted + 1,
        )
        self._changed.add(enterprise)

    def refused(self, reporter: str, code: str, day: date, received_ms: int) -> None:
        """An event that the engine turned away, of a feed or of a poller."""
        self._refused[day, reporter, code] += 1
        if reporter in self._enterprises:
            feed = self._feed(reporter, received_ms)
            self._feeds[reporter] = replace(feed, refused=feed.refused + 1)
            self._changed.add(reporter)

    def changed(self, now_ms: int) -> dict[str, FeedHealth]:
        """The feeds to be stored, silence as of now included."""
        for enterprise in self._enterprises.values():
            feed = self._feeds.get(enterprise.id)
            if feed is None or feed.last_received_ms is None:
                continue
            limit_ms = MISSED_HEARTBEATS * enterprise.heartbeat_s * 1000
            silent = feed.last_received_ms if now_ms - feed.last_received_ms > limit_ms else None
            if silent != feed.silent_since_ms:
                self._feeds[enterprise.id] = replace(feed, silent_since_ms=silent)
                self._changed.add(enterprise.id)
        return {name: replace(self._feeds[name], updated_ms=now_ms) for name in self._changed}

    def refusals(self) -> Counter[tuple[date, str, str]]:
        """Counts to be added to the stored ones, by (local day, reporter, code)."""
        return self._refused

    def stored(self) -> None:
        """What `changed` and `refusals` gave is in the ledger."""
        self._changed.clear()
        self._refused.clear()

    def _feed(self, enterprise: str, now_ms: int) -> FeedHealth:
        return self._feeds.get(enterprise) or FeedHealth(enterprise, None, None, 0, 0, None, now_ms)
