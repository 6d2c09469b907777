"""Official readings: day after day from the archive, each with what the closing before carried over."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from processors.core.conventions import Conventions
from processors.core.decode import Decoded, microseconds
from processors.core.element_day import ElementDay
from processors.core.feed_days import FeedDay
from processors.core.life import days_back
from processors.core.province import Province
from processors.core.reading import Carry, ReadingRule
from processors.core.track import FOREVER
from processors.named_lines import DeclaredLines, NamedLines, naming
from processors.replay import take_in
from processors.results import inputs_digest
from processors.told import Told, ToldBefore, Word, reaching_back
from schemas.refusal import Refusal
from schemas.registry import Element, Registry
from schemas.status import Feed, Policy
from stores.archive import ArchiveReader, Family

# Everything that is archived may be read; whether it counts is told by when it was received.
_ANY_TIME_MS: Final = 1 << 53
# To look for more names in every line is more work than to decode them all.
_NAMED_AT_MOST: Final = 20

Carries = dict[str, dict[str, Carry]]


@dataclass(frozen=True, slots=True)
class OfficialDay:
    """One element's closed day, the digest of what it was read from, and what of the enterprise's word stands out."""

    row: Element
    read: ElementDay
    inputs_digest: str
    word: Word


class OfficialReadings:
    """Reads closed days in order. Memory holds two days of evidence.

    Args:
        archive: what was accepted.
        registry: the rows in force on each day are taken from it.
        conventions: the deployment's constants.
        refused: told of archived lines that the core refuses: (line, code, detail).
        as_of_ms: what was received after it does not exist yet.
        elements: those that are read; None for all of the registry's. Others are signs of life alone.

    Attributes:
        events: how many archived lines were taken in.
        newest_us: where only some elements are read, the last receipt among the events that counted.
        oldest_us: the same of the earliest time among them.
    """

    def __init__(
        self,
        archive: ArchiveReader,
        registry: Registry,
        conventions: Conventions,
        refused: Callable[[bytes, Refusal, str], None],
        as_of_ms: int = _ANY_TIME_MS,
        elements: Collection[str] | None = None,
    ) -> None:
        self._archive = archive
        registry = registry if elements is None else _heard(registry, elements)
        self._registry = registry
        self._conventions = conventions
        self._refused = refused
        self._as_of_ms = as_of_ms
        self._elements = elements
        self._province = Province(registry, conventions, elements=elements)
        self._rules = {name: self._rules_of(rows) for name, rows in registry.elements.items()}
        self._read = sorted(registry.elements if elements is None else elements)
        self._taken: set[date] = set()
        self._told = Told(self._province.grid, registry, as_of_ms * 1000)
        self.events = self.newest_us = 0
        self.oldest_us = FOREVER

    def begin(self, day: date, stored: Mapping[str, bytes], told: ToldBefore | None = None) -> Carries:
        """Make ready to read `day` first; what is carried into it, from what was stored.

        An element whose way of being read is new since then is read again from the archive's beginning. What was told
        before, where it is not given, is read from the archive too.
        """
        archived = self._archive.days()
        if archived:
            self._take(self._archive.notices(archived[-1]))
        self._take(self._signs_of_life(day))
        carries = {name: carries_from(kept) for name, kept in stored.items() if name in self._rules}
        new = {name for name in self._read if not self._rules[name].keys() <= carries.get(name, {}).keys()}
        if new and any(one < day for one in archived):
            carries |= self._from_the_beginning(new, archived, day)
        self._told.before = told or self._told_before(day)
        return carries

    def read(self, day: date, carries: Carries) -> Iterator[OfficialDay]:
        """Every element's day; `carries` are those into it, and afterwards those into the next day."""
        number = day.toordinal()
        self._told.begin(day)
        ahead = max(
            (self._days_ahead(rule) for rules in self._rules.values() for rule in rules.values()), default=1
        )
        for offset in range(ahead + 1):
            self._take_day(day + timedelta(days=offset))
        for element in self._read:
            found = self._read_element(element, number, carries)
            if found is not None:
                yield found
        self._province.drop_before(number + 1)

    def go_on(self, first: date, last: date, carries: Carries) -> Province:
        """The province with the evidence of the days after those that were read, to be read as a live engine does.

        `carries` are those into `first`.
        """
        day = first
        while day <= last:
            self._take_day(day)
            day += timedelta(days=1)
        for element in self._rules:
            row = self._registry.on(element, first)
            carry = (
                None
                if row is None
                else carries.get(element, {}).get(_fingerprint(self._province.rule_of(row)))
            )
            number = first.toordinal()
            start = Carry(at=self._province.grid.span(number)[0])
            self._province.restore_carry(element, number, carry or start)
        return self._province

    def _read_element(self, element: str, day: int, carries: Carries) -> OfficialDay | None:
        province, rules = self._province, self._rules[element]
        into = carries.get(element, {})
        row = self._registry.on(element, date.fromordinal(day))
        following, official = {}, None
        for fingerprint, rule in rules.items():
            carry = into.get(fingerprint)
            province.restore_carry(element, day, carry or Carry(at=province.grid.span(day)[0]))
            if row is not None and province.rule_of(row) == rule:
                read = province.read_day(element, day, province.grid.close_us(day))
                windows = province.notices.windows(row.enterprise, element, province.grid.close_us(day))
                carried = json.dumps(carry.as_dict()).encode() if carry else b""
                digest = inputs_digest(read, carried, windows)
                official = OfficialDay(row, read, digest, self._told.word(row, read))
            following[fingerprint] = province.carry_under(element, day + 1, rule)
        carries[element] = following
        return official

    def _rules_of(self, rows: Iterable[Element]) -> dict[str, ReadingRule]:
        rules = {self._province.rule_of(row) for row in rows}
        return {_fingerprint(rule): rule for rule in rules}

    def _days_ahead(self, rule: ReadingRule) -> int:
        """How many days after its own may confirm a silence at a day's end."""
        return -(-rule.measured.valid_slots * self._conventions.grid_s // 86_400)

    def _take_day(self, day: date) -> None:
        if day not in self._taken:
            self._taken.add(day)
            # Notices were all taken at the beginning; as signs of life they counted then too.
            lines = self._archive.read(day, (Family.EVIDENCE, Family.OTHER))
            self._take(self._told.noting_causes(lines))

    def causes(self, day: date) -> Mapping[str, Mapping[int, str]]:
        """What evidence that counts gave as its cause, by element and moment (ms), of the day that was read last."""
        return self._told.causes(day)

    def feeds(self, day: date) -> list[FeedDay]:
        """The feeds' day, of the day that was read last; asked once."""
        return self._told.feeds(day)

    def _take(self, lines: Iterable[bytes]) -> None:
        counted = self._told.counted if self._elements is None else self._counted
        self.events += take_in(self._province, lines, self._as_of_ms, self._refused, counted)

    def _counted(self, event: Decoded) -> None:
        self.newest_us = max(self.newest_us, microseconds(event["receivedtime"]))
        self.oldest_us = min(self.oldest_us, microseconds(event["time"]))
        self._told.counted(event)

    def _signs_of_life(self, day: date) -> Iterator[bytes]:
        """What may keep a transition feed alive on the day, of the days before it: it stays alive over midnight."""
        feeds = {
            e.id: days_back(e.heartbeat_s)
            for e in self._registry.enterprises.values()
            if e.feed is Feed.TRANSITION
        }
        for back in range(max(feeds.values(), default=0), 0, -1):
            lines = self._archive.read(day - timedelta(days=back), (Family.EVIDENCE, Family.OTHER))
            found = naming([feed for feed, reach in feeds.items() if reach >= back])
            yield from (line for line in lines if found.search(line))

    def _from_the_beginning(self, elements: Collection[str], archived: list[date], day: date) -> Carries:
        heard = sorted({*elements, *self._heard_with(elements)})
        registry = replace(self._registry, elements={name: self._registry.elements[name] for name in heard})
        names = [*heard, *(e.id for e in registry.enterprises.values() if e.feed is Feed.TRANSITION)]
        past = OfficialReadings(
            NamedLines(self._archive.root, names),
            registry,
            self._conventions,
            _unheard,
            self._as_of_ms,
            elements,
        )
        past._take(self._archive.notices(archived[-1]))
        carries: Carries = {}
        current = archived[0]
        while current < day:
            for _ in past.read(current, carries):
                pass
            current += timedelta(days=1)
        self.newest_us = max(self.newest_us, past.newest_us)
        if self._elements is None and past.oldest_us >= self._province.grid.start_us(day.toordinal()):
            # What came late of earlier days is nothing to go on from: with or without it the first day is read alike.
            return {}
        return {name: carries[name] for name in elements}

    def _told_before(self, day: date) -> ToldBefore:
        """What the day needs of what was declared before it and came on it or later, and of signs of life."""
        archived = set(self._archive.days())
        days = [one for one in reaching_back(self._province.grid, self._registry, day) if one in archived]
        if not days:
            return ToldBefore()
        names = list(self._read)
        if len(names) > _NAMED_AT_MOST:
            names = []
        elif names:
            names += (e.id for e in self._registry.enterprises.values() if e.feed is Feed.TRANSITION)
        declared = DeclaredLines(self._archive, names)
        past = OfficialReadings(
            declared, self._registry, self._conventions, _unheard, self._as_of_ms, self._elements
        )
        for one in days:
            past._take(self._archive.read(one, (Family.NOTICES,)))
        carries: Carries = {}
        current = days[0]
        while current < day:
            for _ in past.read(current, carries):
                pass
            past.feeds(current)
            current += timedelta(days=1)
        self.newest_us = max(self.newest_us, past.newest_us)
        return past._told.before

    def _heard_with(self, elements: Collection[str]) -> Iterator[str]:
        """Elements whose status events decide, as signs of life, what is carried over for these.

        That is, when silence of their feed uncovers a measured outage, which makes it a fault's beginning.
        """
        feeds = {
            rule.enterprise
            for name in elements
            for rule in self._rules[name].values()
            if rule.declared.alive_only and rule.policy is Policy.DECLARED_FIRST
        }
        for name, rules in self._rules.items():
            if any(rule.enterprise in feeds for rule in rules.values()):
                yield name


def _heard(registry: Registry, elements: Collection[str]) -> Registry:
    """The registry with these, and those whose events are signs of life of a feed that these depend on."""
    owners = {row.enterprise for name in elements for row in registry.elements[name]}
    silent = {one for one in owners if registry.enterprises[one].feed is Feed.TRANSITION}
    kept = {
        name: rows
        for name, rows in registry.elements.items()
        if name in elements or any(row.enterprise in silent for row in rows)
    }
    return replace(registry, elements=kept)


def _unheard(_line: bytes, _code: Refusal, _detail: str) -> None:
    """Refusals that the closing of their day has told."""


def _fingerprint(rule: ReadingRule) -> str:
    return sha256(repr(rule).encode()).hexdigest()[:16]


def carries_bytes(carries: Mapping[str, Carry]) -> bytes:
    """One element's carries, by the fingerprint of the rule they were made under, for storage."""
    return json.dumps({name: carry.as_dict() for name, carry in carries.items()}, sort_keys=True).encode()


def carries_from(stored: bytes) -> dict[str, Carry]:
    """The carries that `carries_bytes` gave."""
    return {name: Carry.from_dict(values) for name, values in json.loads(stored).items()}
