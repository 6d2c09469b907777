"""What archived events say beside their evidence: causes, when declarations were received, signs of life."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from processors.core.conventions import US, Grid
from processors.core.decode import Decoded, DecodedStatus, decode_one, microseconds, parse_any
from processors.core.differing_causes import CauseTold, DifferingCauses, differing_causes
from processors.core.element_day import ElementDay
from processors.core.feed_days import FeedDay, FeedSigns
from processors.core.late_declarations import DeclaredReceipts, LateDeclared, late_declared
from processors.core.life import days_back
from processors.core.track import FOREVER
from schemas.registry import Element, Registry
from schemas.status import CODE_OF, Feed, Status, Track
from schemas.time import EARLIEST_MS, LATEST_MS

_DECLARED = Track.DECLARED.value
_CODES = {str(status): int(code) for status, code in CODE_OF.items()}
# The core refuses what lies outside of these.
_EARLIEST_US = EARLIEST_MS * 1000
_LATEST_US = LATEST_MS * 1000


@dataclass(slots=True)
class ToldBefore:
    """What a day needs of the days before it.

    `receipts` are the late receipts that hold over midnight, by element, with the enterprise whose word it is;
    `signs` the signs of life (ms) that keep feeds alive over midnight, by enterprise.
    """

    receipts: dict[str, tuple[str, int]] = field(default_factory=dict)
    signs: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Word:
    """What stands out of the enterprise's word on an element's day."""

    element: str
    enterprise: str
    late: LateDeclared
    differing: tuple[DifferingCauses, ...]


class Told:
    """Notes of the days that are being read.

    Args:
        grid: the deployment's.
        registry: the enterprises and how they report.
        until_us: what was received after this instant does not exist yet.
    """

    def __init__(self, grid: Grid, registry: Registry, until_us: int = FOREVER) -> None:
        self._grid = grid
        self._registry = registry
        self._transition = frozenset(
            one.id for one in registry.enterprises.values() if one.feed is Feed.TRANSITION
        )
        self._until_us = until_us
        self._receipts = DeclaredReceipts(grid)
        self._signs = FeedSigns(grid)
        self._moments: dict[date, dict[str, dict[int, str]]] = {}
        self._causes: dict[date, dict[str, set[CauseTold]]] = {}
        self.before = ToldBefore()
        self._into: dict[str, tuple[str, int]] = {}

    def counted(self, event: Decoded) -> None:
        """Take an event that counts; what the Department measured says nothing here."""
        if event["track"] != _DECLARED:
            return
        grid, reporter = self._grid, event["reporter"]
        slot = microseconds(event["time"]) // grid.slot_us
        day = grid.day_of(slot * grid.slot_us)
        sign = reporter in self._transition
        if event["type"] == "btswatch.status.v1":
            said = slot, _CODES[event["data"]["status"]]
            received_ms = microseconds(event["receivedtime"]) // 1000
            self._receipts.note(event["subject"], reporter, day, said, received_ms)
            # Of an element that is another's on the day the core refuses it.
            sign = sign and self._owns(reporter, event["subject"], day)
        if sign:
            self._signs.note(reporter, day, slot)

    def _owns(self, enterprise: str, element: str, day: int) -> bool:
        row = self._registry.on(element, date.fromordinal(day))
        return row is not None and row.enterprise == enterprise

    def noting_causes(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines, of whose causes notes are made as they pass."""
        for line in lines:
            if b'"cause"' in line:
                event = decode_one(line)
                if isinstance(event, dict) and event["type"] == "btswatch.status.v1":
                    self._note_cause(event, parse_any(line)["data"].get("cause"))
            yield line

    def _note_cause(self, event: DecodedStatus, cause: object) -> None:
        at_us, received_us = microseconds(event["time"]), microseconds(event["receivedtime"])
        status = event["data"]["status"]
        if not cause or status == Status.UP.value or not _EARLIEST_US <= at_us < _LATEST_US:
            return
        day = self._grid.day_of(at_us)
        if received_us > min(self._grid.close_us(day), self._until_us):
            return
        named = date.fromordinal(day)
        moments = self._moments.setdefault(named, {}).setdefault(event["subject"], {})
        moments[at_us // 1000] = str(cause)
        # Why a part is lost, or what the core refuses, says nothing of an outage.
        refused = event["track"] == _DECLARED and status == Status.NO_RESPONSE.value
        outage = status != Status.DEGRADED.value and not refused
        if outage and at_us - received_us <= self._grid.conventions.max_future_s * US:
            told = CauseTold(at_us // 1000, str(cause), event["track"], event["reporter"])
            self._causes.setdefault(named, defaultdict(set))[event["subject"]].add(told)

    def first_day(self) -> date | None:
        """The first day of which something declared is noted."""
        day = self._receipts.first_day()
        return date.fromordinal(day) if day is not None else None

    def causes(self, day: date) -> Mapping[str, Mapping[int, str]]:
        """What evidence that counts gave as its cause, by element and moment (ms)."""
        return self._moments.get(day, {})

    def word(self, row: Element, read: ElementDay) -> Word:
        """The enterprise's word on an element's day; days come in order, each once."""
        told = self._causes.get(date.fromordinal(read.day), {}).get(row.id, ())
        late = self._late(row.id, row.enterprise, read)
        return Word(row.id, row.enterprise, late, tuple(differing_causes(read, told)))

    def _late(self, element: str, enterprise: str, read: ElementDay) -> LateDeclared:
        owner, before_ms = self._into.get(element, (enterprise, None))
        receipts = self._receipts.of(element, enterprise, read.day)
        # With a new owner a new word begins.
        found = late_declared(read, receipts, before_ms if owner == enterprise else None)
        if found.received_ms is not None:
            self.before.receipts[element] = enterprise, found.received_ms
        return found

    def feeds(self, day: date) -> list[FeedDay]:
        """The day of each transition feed whose enterprise has an element on it; days come in order, each once.

        A feed that repeats its states owes no heartbeats: where it falls silent, its states lapse.
        """
        owners = {
            row.enterprise
            for element in self._registry.elements
            for row in [self._registry.on(element, day)]
            if row is not None
        }
        found = [
            self._signs.day(
                name,
                self._registry.enterprises[name].heartbeat_s,
                day.toordinal(),
                self.before.signs.get(name),
            )
            for name in sorted(owners & self._transition)
        ]
        self.before.signs = {one.enterprise: one.last_ms for one in found if one.last_ms is not None}
        return found

    def begin(self, day: date) -> None:
        """Go on to a day: what earlier ones told is forgotten, but for what holds over midnight."""
        self._into, self.before.receipts = self.before.receipts, {}
        self._moments = {known: found for known, found in self._moments.items() if known >= day}
        self._causes = {known: found for known, found in self._causes.items() if known >= day}
        self._receipts.drop_before(day.toordinal())
        self._signs.drop_before(day.toordinal())


def reaching_back(grid: Grid, registry: Registry, day: date) -> list[date]:
    """The days before this one whose evidence may have come on it or later, or whose signs may keep a feed alive on it."""
    enterprises = registry.enterprises.values()
    feeds = (days_back(one.heartbeat_s) for one in enterprises if one.feed is Feed.TRANSITION)
    back = max(-(-grid.conventions.lateness_s // 86_400) + 1, *feeds, 0)
    return [day - timedelta(days=offset) for offset in range(back, 0, -1)]
