"""Polls by the batch: what the regulator's own pollers send is most of all evidence, and it comes in one written form.

Many messages' polls are read column by column, with one step for all of them where `decode` and `Province.apply` take
one for each. Lines in any other form are left to those: here is no second opinion on what counts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Final

import numpy as np

from processors.core.cells import CellArray, IntArray
from processors.core.conventions import QUARTER_US, US
from processors.core.province import Province
from schemas.status import CODE_OF, Code

# Without backslashes, control characters and what is not ASCII (`_plain`), bytes up to the next quote are what they say.
_TEXT: Final = rb'[^"]*+'
_NUMBER: Final = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_METRIC: Final = rb'"' + _TEXT + rb'":' + _NUMBER
_SECOND: Final = rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
# As stores.entries writes a status event; whatever is written otherwise is read by `decode`.
_STATUS: Final = re.compile(
    rb',(\{"specversion":"1\.0","id":"' + _TEXT + rb'","source":"' + _TEXT + rb'","subject":"(' + _TEXT + rb')",'
    rb'"time":"(' + _SECOND + rb'(?:\.[0-9]{6})?+)Z","type":"btswatch\.status\.v1",'
    rb'"data":\{"status":"(up|degraded|no_response|down)"(?:,"cause":"' + _TEXT + rb'")?+'
    rb'(?:,"metrics":\{(?:' + _METRIC + rb"(?:," + _METRIC + rb')*+)?+\})?+(?:,"detail":"' + _TEXT + rb'")?+\},'
    rb'"receivedtime":"(' + _SECOND + rb'\.[0-9]{3})Z","track":"((?:measured|declared)","reporter":"' + _TEXT + rb')"'
    rb'(?:,"origin":"(?:simulated|imported)")?+\})'
)  # fmt: skip
# Between track and reporter, which are read as one: there are a few of them, whatever the number of events.
_WHOSE: Final = b'","reporter":"'
_CODES: Final = {str(status).encode(): int(code) for status, code in CODE_OF.items()}
_EPOCH: Final = date(1970, 1, 1).toordinal()
# Where `YYYY-MM-DDTHH:MM:SS.ffffff` has its digits, and what each counts; floats, which hold such numbers exactly.
_DATE: Final = [0, 1, 2, 3, 5, 6, 8, 9]
_DATE_WORTH: Final = 10.0 ** np.arange(7, -1, -1)
_TIME: Final = [11, 12, 14, 15, 17, 18, 20, 21, 22, 23, 24, 25]
_HOUR_TO_SECOND: Final = [36_000, 3_600, 600, 60, 10, 1]
_TIME_WORTH: Final = np.array(
    [*(one * US for one in _HOUR_TO_SECOND), *(10**n for n in range(5, -1, -1))], dtype=float
)

Written = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
_LINE: Final = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose events they are, and on which track."""

    reporter: str
    measured: bool


@dataclass(frozen=True, slots=True)
class Statuses:
    """Status events, column by column. Times are microseconds since the epoch, as read.

    What many share stands once: `subject` and `sender` are places in `subjects` and `senders`.
    """

    lines: Sequence[bytes]
    subjects: Sequence[str]
    subject: IntArray
    senders: Sequence[Sender]
    sender: IntArray
    time_us: IntArray
    received_us: IntArray
    code: IntArray


@dataclass(frozen=True, slots=True)
class Polls:
    """An element's polls of one day that were taken in.

    Attributes:
        at: their places in the batch, in order of time within what was received in time for one day's close.
        first_us: the earliest's moment, in microseconds since the epoch.
        last_us: the latest's.
        received_us: when the first of them was received.
        alike: whether all say the same.
        telling: places of those that may show: all that don't say "up", and the last.
    """

    element: str
    day: int
    at: IntArray
    first_us: int
    last_us: int
    received_us: int
    alike: bool
    telling: Sequence[int]


def written(array: bytes) -> list[Written] | None:
    """The status events of a JSON array as they stand there; None where there is anything else in it, or nothing."""
    if array[:1] + array[-1:] != b"[]" or not _plain(array):
        return None
    found = _STATUS.findall(b"," + array[1:-1])
    # The matches lie one after another from the beginning to the end exactly when their lengths add up.
    return found if len(array) == sum(map(len, map(_LINE, found))) + len(found) + 1 else None


def statuses(found: Sequence[Written]) -> Statuses | None:
    """Written status events as columns; None where a time among them is none, such as the 30th of February."""
    lines, subjects, times, words, received, senders = zip(*found, strict=True)
    try:
        time_us, received_us = _microseconds(times), _microseconds(received)
    except ValueError:
        return None
    by_subject, by_sender = _numbered(subjects), _numbered(senders)
    return Statuses(
        lines,
        [one.decode() for one in by_subject],
        _column(subjects, by_subject),
        [_sender(one) for one in by_sender],
        _column(senders, by_sender),
        time_us,
        received_us,
        _column(words, _CODES),
    )


def _plain(array: bytes) -> bool:
    """Whether no byte is more or less than the character that it shows."""
    return (
        array.isascii() and b"\\" not in array and int(np.frombuffer(array, dtype=np.uint8).min()) >= ord(" ")
    )


def _numbered(found: Sequence[bytes]) -> dict[bytes, int]:
    return {one: number for number, one in enumerate(dict.fromkeys(found))}


def _column(found: Sequence[bytes], numbers: Mapping[bytes, int]) -> IntArray:
    return np.fromiter(map(numbers.__getitem__, found), np.int64, len(found))


def _sender(written: bytes) -> Sender:
    track, _, reporter = written.partition(_WHOSE)
    return Sender(reporter.decode(), track == b"measured")


def _microseconds(texts: Sequence[bytes]) -> IntArray:
    """Of `YYYY-MM-DDTHH:MM:SS` and what may follow of a fraction.

    Raises:
        ValueError: there is no such day or time of day.
    """
    characters = np.array(texts, dtype="S26").view(np.uint8).reshape(len(texts), 26)
    # Of what is not there the bytes are zero.
    digits = np.maximum(characters, ord("0")) - np.uint8(ord("0"))
    if (digits[:, [11, 14, 17]] * 10 + digits[:, [12, 15, 18]] >= [24, 60, 60]).any():
        raise ValueError("no time of day")
    dates = digits[:, _DATE] @ _DATE_WORTH
    found, which = np.unique(dates.astype(np.int64), return_inverse=True)
    days = [date(one // 10_000, one // 100 % 100, one % 100).toordinal() - _EPOCH for one in found.tolist()]
    moments: IntArray = np.array(days, dtype=np.int64)[which] * (86_400 * US) + (
        digits[:, _TIME] @ _TIME_WORTH
    ).astype(np.int64)
    return moments


def take_polls(province: Province, found: Statuses) -> tuple[list[Polls], IntArray]:
    """Take in the measured statuses that count; what was taken by element and day, and the places of all others."""
    grid = province.grid
    element = found.subject
    day = _days(province, found.time_us)
    tier = _days(province, found.received_us - grid.conventions.lateness_s * US - 1)
    timely = found.time_us - found.received_us <= grid.conventions.max_future_s * US
    # What enterprises' reporters measure is a sign of life too: whoever takes it in looks at their feeds.
    polling = [one.measured and one.reporter not in province.registry.enterprises for one in found.senders]
    taken = timely & (tier <= day) & np.array(polling, dtype=np.bool_)[found.sender]
    taken &= np.array([province.reads(name) for name in found.subjects], dtype=np.bool_)[element]
    if grid.slots_split_days:
        taken[:] = False  # a slot's day is not its instants' day: one by one
    chosen = np.flatnonzero(taken)
    at = chosen[np.lexsort((found.time_us[chosen], tier[chosen], day[chosen], element[chosen]))]
    return list(_added(province, found, at, (element[at], day[at], tier[at]))), np.flatnonzero(~taken)


def _added(
    province: Province, found: Statuses, at: IntArray, keys: tuple[IntArray, IntArray, IntArray]
) -> Iterator[Polls]:
    """Add these places' cells, which lie in order of the keys: element, day, tier."""
    time_us, code, received_us = found.time_us[at], found.code[at], found.received_us[at]
    cells, slot = _cells(time_us, code, province.grid.slot_us)
    hour = slot * province.grid.seconds // 3600
    not_up = code != Code.UP
    starts, ends = _runs(keys)
    if not starts:
        return
    earliest = np.minimum.reduceat(received_us, starts).tolist()
    alike = (np.minimum.reduceat(code, starts) == np.maximum.reduceat(code, starts)).tolist()
    days, tiers = keys[1][starts].tolist(), keys[2][starts].tolist()
    for n, (first, end) in enumerate(zip(starts, ends, strict=True)):
        places = at[first:end]
        element = found.subjects[found.subject[places[0]]]
        hours = set(hour[first:end].tolist())
        province.add_measured(element, days[n], tiers[n], cells[first:end], hours)
        telling = [*places[:-1][not_up[first : end - 1]].tolist(), int(places[-1])]
        yield Polls(
            element,
            days[n],
            places,
            int(time_us[first]),
            int(time_us[end - 1]),
            earliest[n],
            alike[n],
            telling,
        )


def _days(province: Province, instants: IntArray) -> IntArray:
    quarters, which = np.unique(instants // QUARTER_US, return_inverse=True)
    days = [province.grid.day_of_quarter(quarter) for quarter in quarters.tolist()]
    return np.array(days, dtype=np.int64)[which]


def _cells(time_us: IntArray, code: IntArray, slot_us: int) -> tuple[CellArray, IntArray]:
    """As `cells.pack` makes them."""
    slot = time_us // slot_us
    answer = slot << 28 | time_us % slot_us // 1000 << 6 | code << 3 | code
    return np.where(code == Code.NO_RESPONSE, slot << 28 | 1, answer).astype(np.uint64), slot


def _runs(keys: Sequence[IntArray]) -> tuple[list[int], list[int]]:
    """Where runs of equal keys begin and end."""
    size = len(keys[0])
    if not size:
        return [], []
    differs = np.zeros(size - 1, dtype=np.bool_)
    for key in keys:
        differs |= key[1:] != key[:-1]
    edges = (np.flatnonzero(differs) + 1).tolist()
    return [0, *edges], [*edges, size]
