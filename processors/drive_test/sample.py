"""One row of a drive-test file: a sample, or why it is refused. Integers only: milliseconds, thousandths of dBm, kbit/s."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from math import floor
from typing import Final, NamedTuple

from processors.drive_test.area import Area
from processors.drive_test.columns import Columns
from schemas.time import to_ms
from stores.registry.places import EAST, NORTH, SOUTH, WEST

TECHNOLOGIES: Final = ("2G", "3G", "4G", "5G")
OUTCOMES: Final = ("ok", "failed", "dropped")
# Thousandths of dBm: below thermal noise, and as strong as no receiver bears.
SIGNAL: Final = (-160_000, 0)
# kbit/s.
SPEED: Final = (0, 20_000_000)
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,12})?", re.ASCII)
_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
# Nothing that is judged here was measured before; what was never set tells 1970 or 1980.
_EARLIEST_MS: Final = to_ms(datetime(2000, 1, 1, tzinfo=UTC))
_SHOWN: Final = 40
# Of a thousandth.
_PLACES: Final = 3


class RowFault(StrEnum):
    """Why a row is refused. Codes are stable."""

    ENCODING = "encoding"
    CELLS = "cells"
    TIME = "time"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_IN_FUTURE = "time_in_future"
    PLACE = "place"
    ENTERPRISE = "enterprise"
    TECHNOLOGY = "technology"
    SIGNAL = "signal"
    SPEED = "speed"
    CALL_OUTCOME = "call_outcome"
    EMPTY = "empty"
    DUPLICATE = "duplicate"


class Sample(NamedTuple):
    """A good row. Indexes are of the registry's enterprises, of `TECHNOLOGIES` and of `OUTCOMES`; None: not measured."""

    time_ms: int
    lat: int
    lon: int
    enterprise: int
    technology: int
    signal: int | None
    download: int | None
    upload: int | None
    outcome: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that does not count."""

    fault: RowFault
    detail: str


class RowError(Exception):
    """Carries the refusal out of a cell."""

    def __init__(self, fault: RowFault, detail: str) -> None:
        super().__init__(detail)
        self.refused = Refused(fault, detail)


class Rows:
    """Reads rows of one file.

    Args:
        columns: of its header.
        enterprises: index by id.
        now_ms: samples after it are refused.
        area: samples outside are refused; None: anywhere in Viet Nam.
    """

    def __init__(
        self, columns: Columns, enterprises: Mapping[str, int], now_ms: int, area: Area | None = None
    ) -> None:
        self._columns = columns
        self._enterprises = enterprises
        self._now_ms = now_ms
        self._area = area

    def read(self, cells: Sequence[str]) -> Sample | Refused:
        """The row's sample, or why it is refused."""
        if len(cells) != self._columns.width:
            return Refused(RowFault.CELLS, f"{len(cells)} cells instead of {self._columns.width}")
        time, lat, lon, enterprise, technology, signal, download, upload, outcome = (
            cells[place].strip() for place in self._columns.places
        )
        try:
            sample = Sample(
                self._time(time),
                *_place(lat, lon, self._area),
                _index(self._enterprises, enterprise, RowFault.ENTERPRISE, "enterprise"),
                _index(_TECHNOLOGIES, technology.upper(), RowFault.TECHNOLOGY, "technology"),
                _measured(signal, RowFault.SIGNAL, "signal_dbm", *SIGNAL, 1_000),
                _measured(download, RowFault.SPEED, "download_mbps", *SPEED, 1_000),
                _measured(upload, RowFault.SPEED, "upload_mbps", *SPEED, 1_000),
                _index(_OUTCOMES, outcome.lower(), RowFault.CALL_OUTCOME, "call_outcome")
                if outcome
                else None,
            )
        except RowError as error:
            return error.refused
        if sample[5:] == _NOTHING:
            return Refused(RowFault.EMPTY, "nothing was measured: no signal, no speed, no call")
        return sample

    def _time(self, text: str) -> int:
        found = _TIME.fullmatch(text)
        try:
            if found is not None and found[1] is not None:
                at = to_ms(datetime.fromisoformat(text))
                if at < _EARLIEST_MS:
                    raise RowError(RowFault.TIME, f"time: {text} is before the year 2000: was the clock set?")
                if at <= self._now_ms:
                    return at
                raise RowError(RowFault.TIME_IN_FUTURE, f"time: {text} is yet to come")
        except (ValueError, OverflowError):
            found = None
        if found is not None:
            raise RowError(
                RowFault.TIME_WITHOUT_ZONE, f"time: {text} has no time zone; write an offset such as +07:00"
            )
        raise RowError(RowFault.TIME, f"time: {_shown(text)}; write such as 2026-09-30T08:00:00+07:00")


_TECHNOLOGIES: Final = {name: at for at, name in enumerate(TECHNOLOGIES)}
_OUTCOMES: Final = {name: at for at, name in enumerate(OUTCOMES)}
_NOTHING: Final = (None,) * 4


def _place(lat: str, lon: str, area: Area | None) -> tuple[int, int]:
    """Millionths of degrees: a tenth of a metre."""
    found = []
    for name, text in (("lat", lat), ("lon", lon)):
        if not _NUMBER.fullmatch(text):
            raise RowError(RowFault.PLACE, f"{name}: {_shown(text)} is no number of degrees")
        found.append(float(text))
    north, east = found
    if not (SOUTH <= north <= NORTH and WEST <= east <= EAST):
        swapped = SOUTH <= east <= NORTH and WEST <= north <= EAST
        raise RowError(
            RowFault.PLACE,
            f"{lat}, {lon} lies outside Viet Nam" + (": lat and lon are swapped" if swapped else ""),
        )
    if area is not None and not area.holds(north, east):
        raise RowError(RowFault.PLACE, f"{lat}, {lon} lies outside {area.name}")
    return round(north * 1_000_000), round(east * 1_000_000)


def _index(known: Mapping[str, int], text: str, fault: RowFault, name: str) -> int:
    found = known.get(text)
    if found is None:
        raise RowError(fault, f"{name}: {_shown(text)}; known are {', '.join(sorted(known))}")
    return found


def _measured(text: str, fault: RowFault, name: str, least: int, most: int, times: int) -> int | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise RowError(fault, f"{name}: {_shown(text)} is no number")
    found = round(float(text) * times)
    if fault is RowFault.SIGNAL and len(text.partition(".")[2]) > _PLACES:
        # Whatever is below the least level by less than that is below it.
        found = floor(Decimal(text) * times)
    if not least <= found <= most:
        raise RowError(fault, f"{name}: {text} is impossible ({least / times:g} to {most / times:g})")
    return found


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
