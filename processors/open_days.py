"""Days that are not closed yet, read from the archive as a live engine reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from processors.core.conventions import Conventions
from processors.core.decode import decode, microseconds
from processors.engine.latest import Latest
from processors.engine.live import LiveReadings, Pace
from processors.official import Carries, OfficialReadings
from schemas.registry import Registry
from schemas.status import Reading
from stores.archive import ArchiveReader, Family
from stores.ledger.figures import DayFigure
from stores.ledger.history import Transition

_AT_ONCE: Final = 2_000
_ELEMENTS: Final = 400
# Everything is read once: when to read it again matters to an engine that stays.
_ONCE: Final = Pace(1 << 60, 1 << 60)


@dataclass(frozen=True, slots=True)
class Found:
    """What open days are worth as of the newest archived receipt."""

    figures: Mapping[tuple[str, date], DayFigure]
    transitions: Mapping[tuple[str, date], list[Transition]]


class OpenDays:
    """Goes on where the official readings end.

    Args:
        archive: where evidence is read from.
        registry: with all dated rows.
        conventions: the deployment's constants.
        readings: begun, and read up to the day before the first open one.
        carries: what they carry into it.
        ends: what each element read at the end of the day before it.
    """

    def __init__(
        self,
        archive: ArchiveReader,
        registry: Registry,
        conventions: Conventions,
        readings: OfficialReadings,
        carries: Carries,
        ends: Mapping[str, Reading],
    ) -> None:
        self._archive = archive
        self._registry = registry
        self._conventions = conventions
        self._readings = readings
        self._carries = carries
        self._ends = ends

    def read(self, first: date, last: date, now_ms: int) -> Found:
        """Read the local days `first` to `last` as of the newest receipt before `now_ms` that is archived."""
        province = self._readings.go_on(first, last, self._carries)
        latest = Latest({})
        through_us = self._take_evidence(latest, first, last, now_ms * 1000)
        number = first.toordinal()
        ends = {(element, number - 1): end for element, end in self._ends.items()}
        live = LiveReadings(province, latest, number, ends, {})
        live.sweep(number)
        while live.behind:
            live.read(through_us, _ONCE, _ELEMENTS)
        return Found(live.results.figures, live.results.transitions)

    def _take_evidence(self, latest: Latest, first: date, last: date, now_us: int) -> int:
        """Tell what was said last, and why; when the newest of it was received."""
        newest = 0
        day = first
        while day <= last:
            lines: list[bytes] = []
            for line in self._archive.read(day, (Family.EVIDENCE,)):
                lines.append(line)
                if len(lines) == _AT_ONCE:
                    newest = max(newest, _take(latest, lines))
                    lines = []
            newest = max(newest, _take(latest, lines))
            day += timedelta(days=1)
        return min(newest, now_us) if newest else now_us


def _take(latest: Latest, lines: list[bytes]) -> int:
    newest = 0
    for line, event in zip(lines, decode(lines), strict=True):
        if not isinstance(event, dict):
            continue
        newest = max(newest, microseconds(event["receivedtime"]))
        if event["type"] == "btswatch.status.v1":
            latest.take(event, microseconds(event["time"]) // 1000, line)
    return newest
