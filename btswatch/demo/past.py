"""The province's past as the product would have archived it: polls every five minutes, and what enterprises said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from btswatch.demo.declarations import Notice, Said, Sender, served
from btswatch.demo.lines import Line, declared_line, measured_line
from btswatch.demo.script import Course, Script
from schemas.registry import Element, Kind
from schemas.status import Status

POLL_EVERY_MS: Final = 300_000
# Said so often by periodic feeds in the past; well within what a declaration is valid for.
PERIOD_S: Final = 900


@dataclass(frozen=True, slots=True)
class Past:
    """Makes the lines of an interval of the past.

    Attributes:
        senders: the enterprises.
        poller: reporter of what was measured.
        open_from: start (ms) of the first day that is still open. The live engine hears of nothing before it and the
            closing before it needs nothing behind it: everything says at that moment how it is, no notice of an earlier
            day reaches beyond it, and no silence that it would take to confirm one begins just before it.
        until: when life began (ms): nothing is made up from then on, neither observed nor received.
    """

    script: Script
    senders: Mapping[str, Sender]
    poller: str
    open_from: int
    until: int

    def lines(self, from_ms: int, to_ms: int) -> list[Line]:
        """All events whose own time lies in the interval, in the order of their receipt."""
        to_ms = min(to_ms, self.until)
        if from_ms >= to_ms:
            return []
        courses = self.script.courses(from_ms, to_ms)
        found = [*self._measured(from_ms, to_ms, courses)]
        for sender in self.senders.values():
            said = sender.says(from_ms, to_ms, courses, whole=True)
            found += [declared_line(sender, one) for one in said if one.sent < self.until and self._told(one)]
        return sorted(found, key=lambda line: line.received)

    def _told(self, said: Said) -> bool:
        return not isinstance(said, Notice) or said.at >= self.open_from or said.end <= self.open_from

    def _measured(self, from_ms: int, to_ms: int, courses: Mapping[str, Course]) -> Iterator[Line]:
        for row in self.script.rows.values():
            if row.agent is not None:
                first = (from_ms,) if from_ms == self.open_from else ()
                rounds = (*first, *_rounds(row.id, from_ms, to_ms))
                yield from self._polls(row, row.agent, courses[row.id], rounds)

    def _polls(self, row: Element, agent: str, course: Course, rounds: Sequence[int]) -> Iterator[Line]:
        answered = True
        for at in rounds:
            if not served(row, at):
                continue
            state = course.at(at)
            # A link is seen at the router that feeds it: that one can be asked.
            silent = state.silent and row.kind is Kind.STATION
            unconfirmed = silent and answered and at < self.open_from <= at + POLL_EVERY_MS
            if not unconfirmed:
                yield measured_line(self.poller, agent, row.id, at, state, silent=silent)
            answered = not silent and state.status is not Status.DOWN


def _rounds(element: str, from_ms: int, to_ms: int) -> range:
    """The element's own times: polls are spread over the five minutes."""
    splay = crc32(element.encode()) % (POLL_EVERY_MS // 1000) * 1000
    return range(-(-(from_ms - splay) // POLL_EVERY_MS) * POLL_EVERY_MS + splay, to_ms, POLL_EVERY_MS)
