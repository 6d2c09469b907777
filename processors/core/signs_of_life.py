"""Signs of life of all feeds: whose they are, and which are not stored yet (spec section 3.3: when a feed is alive)."""

from collections.abc import Iterator, Mapping
from datetime import date

from processors.core.cells import IntArray
from processors.core.element_evidence import ElementEvidence
from processors.core.life import FeedLife, alive_between
from processors.core.reading import Alive
from schemas.registry import Registry
from schemas.status import Feed


class SignsOfLife:
    """Those of every enterprise whose feed tells of transitions; signs of others are passed over.

    An element with dated rows is contested: its status events are signs of whom it belongs to on the day.

    Args:
        registry: complete.
        evidence: of every element of the registry.
        track_changes: keep note of days that changed, for an engine that stores them.
    """

    def __init__(
        self, registry: Registry, evidence: Mapping[str, ElementEvidence], *, track_changes: bool
    ) -> None:
        self._registry = registry
        self._feeds: dict[str, FeedLife] = {
            e.id: FeedLife(e.heartbeat_s) for e in registry.enterprises.values() if e.feed is Feed.TRANSITION
        }
        self._contested: dict[str, list[str]] = {}
        for element, found in evidence.items():
            if not found.settled:
                for owner in found.owners & self._feeds.keys():
                    self._contested.setdefault(owner, []).append(element)
        self._track_changes = track_changes
        self._changed: set[tuple[str, int]] = set()
        self._changed_of_contested: set[tuple[str, str, int]] = set()

    def add(self, enterprise: str, day: int, slot: int) -> None:
        """Add a sign that is the enterprise's whatever the day."""
        feed = self._feeds.get(enterprise)
        if feed is not None and feed.add(day, (slot,)) and self._track_changes:
            self._changed.add((enterprise, day))

    def add_of_contested(
        self, enterprise: str, day: int, slot: int, element: str, *, read_here: bool
    ) -> None:
        """Add what is a sign if the element is the enterprise's on the day; stored with the evidence where that is kept."""
        feed = self._feeds.get(enterprise)
        if feed is not None and feed.add(day, (slot,), element) and not read_here:
            self._changed_of_contested.add((enterprise, element, day))

    @property
    def contested(self) -> set[str]:
        """All contested elements."""
        return {element for elements in self._contested.values() for element in elements}

    @property
    def reach_days(self) -> int:
        """How many days before a day signs may lie that decide what it reads."""
        return max((feed.reach_days for feed in self._feeds.values()), default=0)

    def epoch(self, enterprise: str) -> int:
        """Counts the changes to days that its feed was already read from."""
        return self._feeds[enterprise].epoch

    def alive(self, enterprise: str, days: tuple[int, int], slots: tuple[int, int], window: int) -> Alive:
        """For each slot of `[first, end)` whether the feed is alive, by the signs of `days`, both included.

        A sign reaches as far as the `window - 1` slots after its own.
        """
        first_day, day = days
        feed = self._feeds[enterprise]
        feed.read_up_to = max(feed.read_up_to, day + 1)
        signs = feed.slots(first_day, day, self._its_contested(enterprise, day))
        return alive_between(signs, *slots, window)

    def _its_contested(self, enterprise: str, day: int) -> Iterator[str]:
        """The contested elements that are the enterprise's on the day."""
        for element in self._contested.get(enterprise, ()):
            row = self._registry.on(element, date.fromordinal(day))
            if row is not None and row.enterprise == enterprise:
                yield element

    def take_changes(self) -> dict[tuple[str, int], bytes]:
        """Signs by (enterprise, day) that changed since the last call, as bytes."""
        changes = {
            (enterprise, day): self._feeds[enterprise].slots(day, day).tobytes()
            for enterprise, day in self._changed
        }
        self._changed.clear()
        return changes

    def take_changes_of_contested(self) -> dict[tuple[str, str, int], bytes]:
        """Signs by (enterprise, element, day) that changed since the last call and whose evidence is kept elsewhere."""
        changes = {
            (enterprise, element, day): self._feeds[enterprise].slots_by(element, day).tobytes()
            for enterprise, element, day in self._changed_of_contested
        }
        self._changed_of_contested.clear()
        return changes

    def restore(self, enterprise: str, day: int, slots: IntArray, element: str = "") -> None:
        """Put stored signs back; `element` where it decides whose they are."""
        if enterprise in self._feeds:
            self._feeds[enterprise].add(day, slots.tolist(), element)

    def drop_before(self, day: int) -> None:
        """Forget what can't keep a feed alive on this day any more."""
        for feed in self._feeds.values():
            feed.drop_before(day)
