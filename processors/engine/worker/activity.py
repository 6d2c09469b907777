"""What one partition saw of each reporter, as absolute counts."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, Final

from processors.engine.worker.messages import Outgoing, feed_activity

_NOTHING: Final[dict[str, Any]] = {
    "accepted": 0,
    "refused": 0,
    "last_life_ms": None,
    "last_received_ms": None,
    "refusals": [],
}


class Activity:
    """Counts by reporter, as a row has them; `changed` are those to be told and stored."""

    def __init__(
        self, partition: int, enterprises: Collection[str], known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._partition = partition
        self._enterprises = enterprises
        self._seen: dict[str, dict[str, Any]] = {name: dict(row) for name, row in known.items()}
        self._changed: set[str] = set()

    def heard(self, enterprise: str, time_ms: int, received_ms: int) -> None:
        """An accepted event. Pollers have no feed: only what of theirs was refused is counted."""
        if enterprise not in self._enterprises:
            return
        seen = self._of(enterprise)
        seen["accepted"] += 1
        seen["last_life_ms"] = max(time_ms, seen["last_life_ms"] or time_ms)
        seen["last_received_ms"] = max(received_ms, seen["last_received_ms"] or received_ms)

    def refused(self, reporter: str, code: str, day: date, received_ms: int) -> None:
        """An event that was turned away."""
        if not reporter:
            return  # nobody's: its dead letter is all that is known of it
        seen = self._of(reporter)
        seen["refused"] += 1
        for row in seen["refusals"]:
            if row[:2] == [day.isoformat(), code]:
                row[2:] = [row[2] + 1, max(row[3], received_ms)]
                return
        seen["refusals"].append([day.isoformat(), code, 1, received_ms])

    def stored(self) -> None:
        """What `changed` gave is stored."""
        self._changed.clear()

    def changed(self, open_from: date) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The reporters to be told and stored; refusals of days before `open_from` are forgotten."""
        for reporter in sorted(self._changed):
            seen = self._seen[reporter]
            seen["refusals"] = [row for row in seen["refusals"] if row[0] >= open_from.isoformat()]
            yield reporter, seen

    def message(self, reporter: str, as_of_ms: int) -> Outgoing:
        """What is told of a reporter."""
        seen = self._seen[reporter]
        return feed_activity(reporter, self._partition, seen, seen["refusals"], as_of_ms)

    def _of(self, reporter: str) -> dict[str, Any]:
        self._changed.add(reporter)
        if reporter not in self._seen:
            self._seen[reporter] = _NOTHING | {"refusals": []}
        return self._seen[reporter]
