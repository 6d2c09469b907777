"""Polls by the batch: what the regulator's own pollers send is most of all evidence, and it comes in one written form.

A batch is read column by column, with one step for all of its polls where `decode` and `Province.apply` take one for
each. Lines in any other form are left to those: here is no second opinion on what counts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from processors.core.cells import CellArray, IntArray
from processors.core.conventions import QUARTER_US, US
from processors.core.province import Province
from schemas.status import CODE_OF, Code

# Printable ASCII without the two characters that JSON escapes: such bytes are what they stand for.
_TEXT: Final = rb"[ !#-\[\]-~]*"
_NUMBER: Final = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_METRIC: Final = rb'"' + _TEXT + rb'":' + _NUMBER
_SECOND: Final = rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
# As stores.entries writes a status event; whatever is written otherwise is read by `decode`.
_STATUS: Final = re.compile(
    rb',(\{"specversion":"1\.0","id":"' + _TEXT + rb'","source":"' + _TEXT + rb'","subject":"(' + _TEXT + rb')",'
    rb'"time":"(' + _SECOND + rb'(?:\.[0-9]{6})?)Z","type":"btswatch\.status\.v1",'
    rb'"data":\{"status":"(up|degraded|no_response|down)"(?:,"cause":"' + _TEXT + rb'")?'
    rb'(?:,"metrics":\{(?:' + _METRIC + rb"(?:," + _METRIC + rb')*)?\})?(?:,"detail":"' + _TEXT + rb'")?\},'
    rb'"receivedtime":"(' + _SECOND + rb'\.[0-9]{3})Z","track":"(measured|declared)",'
    rb'"reporter":"(' + _TEXT + rb')"(?:,"origin":"(?:simulated|imported)")?\})'
)  # fmt: skip
_CODES: Final = {str(status).encode(): int(code) for status, code in CODE_OF.items()}
_EPOCH: Final = np.datetime64(0, "us")


@dataclass(frozen=True, slots=True)
class Statuses:
    """Status events, column by column. Times are microseconds since the epoch, as read; `measured` says whose they are."""

    lines: Sequence[bytes]
    subjects: Sequence[str]
    reporters: Sequence[str]
    time_us: IntArray
    received_us: IntArray
    code: Sequence[int]
    measured: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Polls:
    """An element's polls of one day that were taken in: their places in the batch, in order of time."""

    element: str
    day: int
    at: Sequence[int]


def statuses(array: bytes) -> Statuses | None:
    """The status events of a JSON array; None where there is anything else in it, or nothing."""
    found = _STATUS.findall(b"," + array[1:-1])
    # The matches lie one after another from the beginning to the end exactly when their lengths add up.
    if len(array) != sum(len(one[0]) for one in found) + len(found) + 1 or array[:1] + array[-1:] != b"[]":
        return None
    try:
        time_us, received_us = (_microseconds([one[n] for one in found]) for n in (2, 4))
    except ValueError:
        return None  # such as the 30th of February
    return Statuses(
        [one[0] for one in found],
        [one[1].decode() for one in found],
        [one[6].decode() for one in found],
        time_us,
        received_us,
        [_CODES[one[3]] for one in found],
        np.array([one[5] == b"measured" for one in found], dtype=np.bool_),
    )


def _microseconds(texts: Sequence[bytes]) -> IntArray:
    moments = np.array([text.decode() for text in texts], dtype="datetime64[us]")
    return (moments - _EPOCH).astype(np.int64)


def take_polls(province: Province, found: Statuses) -> tuple[list[Polls], list[int]]:
    """Take in the measured statuses that count; what was taken by element and day, and the places of all others.

    Those of enterprises' reporters are left too: whoever takes them in looks at their feeds.
    """
    grid, feeds = province.grid, province.registry.enterprises
    pollers = {reporter for reporter in set(found.reporters) if reporter not in feeds}
    read = np.array(
        [
            province.reads(subject) and reporter in pollers
            for subject, reporter in zip(found.subjects, found.reporters, strict=True)
        ],
        dtype=np.bool_,
    )
    day = _days(province, found.time_us)
    tier = _days(province, found.received_us - grid.conventions.lateness_s * US - 1)
    timely = found.time_us - found.received_us <= grid.conventions.max_future_s * US
    taken = read & found.measured & timely & (tier <= day)
    if grid.slots_split_days:
        taken[:] = False  # a slot's day is not its instants' day: one by one
    chosen = np.flatnonzero(taken)
    names: dict[str, int] = {}
    element = np.array(
        [names.setdefault(found.subjects[n], len(names)) for n in chosen.tolist()], dtype=np.int64
    )
    order = np.lexsort((found.time_us[chosen], tier[chosen], day[chosen], element))
    at = chosen[order]
    cells, slot = _cells(found, at, grid.slot_us)
    keys = np.stack((element[order], day[at], tier[at]))
    hours = (slot * grid.seconds // 3600).tolist()
    days, tiers, places = day[at].tolist(), tier[at].tolist(), at.tolist()
    polls: list[Polls] = []
    for first, end in _runs(keys):
        subject = found.subjects[places[first]]
        province.add_measured(subject, days[first], tiers[first], cells[first:end], set(hours[first:end]))
        polls.append(Polls(subject, days[first], places[first:end]))
    return polls, np.flatnonzero(~taken).tolist()


def _days(province: Province, instants: IntArray) -> IntArray:
    quarters, which = np.unique(instants // QUARTER_US, return_inverse=True)
    days = [province.grid.day_of_quarter(quarter) for quarter in quarters.tolist()]
    return np.array(days, dtype=np.int64)[which]


def _cells(found: Statuses, at: IntArray, slot_us: int) -> tuple[CellArray, IntArray]:
    """As `cells.pack` makes them."""
    time_us, code = found.time_us[at], np.array(found.code, dtype=np.int64)[at]
    slot = time_us // slot_us
    answer = slot << 28 | time_us % slot_us // 1000 << 6 | code << 3 | code
    return np.where(code == Code.NO_RESPONSE, slot << 28 | 1, answer).astype(np.uint64), slot


def _runs(keys: IntArray) -> Iterator[tuple[int, int]]:
    if not keys.shape[1]:
        return
    edges = np.flatnonzero((np.diff(keys, axis=1) != 0).any(axis=0)) + 1
    edges_ = edges.tolist()
    yield from zip([0, *edges_], [*edges_, keys.shape[1]], strict=True)
