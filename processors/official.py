"""Official readings: day after day from the archive, each with what the closing before carried over."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from processors.core.conventions import Conventions
from processors.core.element_day import ElementDay
from processors.core.feed_days import FeedDay
from processors.core.life import days_back
from processors.core.province import Province
from processors.core.reading import Carry, ReadingRule
from processors.replay import take_in
from processors.results import inputs_digest
from processors.told import Told, ToldBefore, Word, reaching_back
from schemas.refusal import Refusal
from schemas.registry import Element, Registry
from schemas.status import Feed, Policy
from stores.archive import ArchiveReader, Family

# Everything that is archived may be read; whether it counts is told by when it was received.
_ANY_TIME_MS: Final = 1 << 53
_ALL: Final = tuple(Family)
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
    """

    def __init__(
        self,
        archive: ArchiveReader,
        registry: Registry,
        conventions: Conventions,
        refused: Callable[[bytes, Refusal, str], None],
        as_of_ms: int = _ANY_TIME_MS,
    ) -> None:
        self._archive = archive
        self._registry = registry
        self._conventions = conventions
        self._refused = refused
        self._as_of_ms = as_of_ms
        self._province = Province(registry, conventions)
        self._rules = {name: self._rules_of(rows) for name, rows in registry.elements.items()}
        self._taken: set[date] = set()
        self._told = Told(self._province.grid, registry, as_of_ms * 1000)
        self.events = 0

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
        new = {
            name for name, rules in self._rules.items() if not rules.keys() <= carries.get(name, {}).keys()
        }
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
        for element in sorted(self._rules):
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
        self.events += take_in(self._province, lines, self._as_of_ms, self._refused, self._told.counted)

    def _signs_of_life(self, day: date) -> Iterator[bytes]:
        """What may keep a transition feed alive on the day, of the days before it: it stays alive over midnight."""
        feeds = {
            e.id: days_back(e.heartbeat_s)
            for e in self._registry.enterprises.values()
            if e.feed is Feed.TRANSITION
        }
        for back in range(max(feeds.values(), default=0), 0, -1):
            lines = self._archive.read(day - timedelta(days=back), (Family.EVIDENCE, Family.OTHER))
            yield from _naming(lines, [feed for feed, reach in feeds.items() if reach >= back])

    def _from_the_beginning(self, elements: Collection[str], archived: list[date], day: date) -> Carries:
        heard = sorted({*elements, *self._heard_with(elements)})
        registry = replace(self._registry, elements={name: self._registry.elements[name] for name in heard})
        names = [*heard, *(e.id for e in registry.enterprises.values() if e.feed is Feed.TRANSITION)]
        past = OfficialReadings(
            _Naming(self._archive.root, names), registry, self._conventions, lambda *_: None, self._as_of_ms
        )
        past._take(self._archive.notices(archived[-1]))
        carries: Carries = {}
        current = archived[0]
        while current < day:
            for _ in past.read(current, carries):
                pass
            current += timedelta(days=1)
        return {name: carries[name] for name in elements}

    def _told_before(self, day: date) -> ToldBefore:
        """What the day needs of what was declared before it and came on it or later, and of signs of life."""
        archived = set(self._archive.days())
        days = [one for one in reaching_back(self._province.grid, self._registry, day) if one in archived]
        if not days:
            return ToldBefore()
        names = list(self._registry.elements)
        if len(names) > _NAMED_AT_MOST:
            names = []
        elif names:
            names += (e.id for e in self._registry.enterprises.values() if e.feed is Feed.TRANSITION)
        declared = _Declared(self._archive, names)
        past = OfficialReadings(declared, self._registry, self._conventions, lambda *_: None, self._as_of_ms)
        for one in days:
            past._take(self._archive.read(one, (Family.NOTICES,)))
        carries: Carries = {}
        current = days[0]
        while current < day:
            for _ in past.read(current, carries):
                pass
            past.feeds(current)
            current += timedelta(days=1)
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


class _Naming(ArchiveReader):
    """The archive's lines that name one of some ids."""

    def __init__(self, root: Path, names: Collection[str]) -> None:
        super().__init__(root)
        self._names = names

    def read(self, day: date, families: Collection[Family] = _ALL) -> Iterator[bytes]:
        return _naming(super().read(day, families), self._names)


class _Declared(ArchiveReader):
    """The lines of another archive that are no measurements of the Department's; only those that name some ids, if any."""

    def __init__(self, archive: ArchiveReader, names: Collection[str]) -> None:
        super().__init__(archive.root)
        self._archive = archive
        self._names = names

    def read(self, day: date, families: Collection[Family] = _ALL) -> Iterator[bytes]:
        lines = (line for line in self._archive.read(day, families) if b'"declared"' in line)
        return _naming(lines, self._names) if self._names else lines


def _naming(lines: Iterable[bytes], names: Collection[str]) -> Iterator[bytes]:
    found = re.compile(b"|".join(re.escape(json.dumps(name, ensure_ascii=False).encode()) for name in names))
    return (line for line in lines if found.search(line))


def _fingerprint(rule: ReadingRule) -> str:
    return sha256(repr(rule).encode()).hexdigest()[:16]


def carries_bytes(carries: Mapping[str, Carry]) -> bytes:
    """One element's carries, by the fingerprint of the rule they were made under, for storage."""
    return json.dumps({name: carry.as_dict() for name, carry in carries.items()}, sort_keys=True).encode()


def carries_from(stored: bytes) -> dict[str, Carry]:
    """The carries that `carries_bytes` gave."""
    return {name: Carry.from_dict(values) for name, values in json.loads(stored).items()}
