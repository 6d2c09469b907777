"""Announced work: which notices stand, and the windows they open (spec section 4)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from processors.core.conventions import US, Conventions
from processors.core.decode import parse_any


@dataclass(frozen=True, slots=True, order=True)
class Announcement:
    """One announcement as received; order decides which of several counts. Instants in microseconds."""

    received: int
    canonical: str
    elements: tuple[str, ...] = field(compare=False)
    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(slots=True)
class Notice:
    """The first announcement and the first withdrawal by received time, accepted or not."""

    announced: Announcement | None = None
    withdrawn: int | None = None

    def window(self, conventions: Conventions, cutoff: int) -> tuple[int, int] | None:
        """The window `[start, end)` that stands by what was received up to the cutoff, None if none does."""
        plan = self.announced
        if plan is None or plan.received > cutoff:
            return None
        if plan.start - plan.received < conventions.min_notice_s * US:
            return None
        if not 0 < plan.end - plan.start <= conventions.max_window_s * US:
            return None
        end = plan.end
        if self.withdrawn is not None and self.withdrawn <= cutoff:
            end = min(end, self.withdrawn)
        return (plan.start, end) if end > plan.start else None


class NoticeBook:
    """All notices by (enterprise, notice). Only the receiver's time counts, so any order of arrival gives the same book."""

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions
        self._notices: dict[tuple[str, str], Notice] = {}
        self._of_element: dict[tuple[str, str], set[str]] = {}

    def announce(self, enterprise: str, notice: str, announcement: Announcement) -> None:
        """Take an announcement in; an earlier one replaces what stood."""
        entry = self._notices.setdefault((enterprise, notice), Notice())
        if entry.announced is None or announcement < entry.announced:
            entry.announced = announcement
            for element in announcement.elements:
                self._of_element.setdefault((enterprise, element), set()).add(notice)

    def withdraw(self, enterprise: str, notice: str, received: int) -> None:
        """Take a withdrawal in; the earliest counts."""
        entry = self._notices.setdefault((enterprise, notice), Notice())
        if entry.withdrawn is None or received < entry.withdrawn:
            entry.withdrawn = received

    def windows(self, enterprise: str, element: str, cutoff: int) -> list[tuple[int, int]]:
        """The element's united windows in time order: those that overlap or adjoin are one."""
        names = self._of_element.get((enterprise, element))
        if not names:
            return []
        standing = (
            entry.window(self._conventions, cutoff)
            for entry in (self._notices[enterprise, name] for name in names)
            if entry.announced is not None and element in entry.announced.elements
        )
        return unite(window for window in standing if window is not None)

    def __iter__(self) -> Iterator[tuple[tuple[str, str], Notice]]:
        return iter(self._notices.items())


def unite(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half-open intervals with those that overlap or adjoin made one."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def canonical_json(line: bytes) -> str:
    """Keys sorted, separators `,` and `:`, ASCII-escaped."""
    return json.dumps(parse_any(line), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
