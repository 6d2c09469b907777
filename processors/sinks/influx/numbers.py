"""The numbers that came with evidence, to lines of `link` and `station`: pure, and fast, since there is one for each poll."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from math import inf, isfinite
from typing import Final, Literal, NotRequired

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from schemas.influx.metrics import METRICS
from schemas.refusal import Refusal
from schemas.registry import Kind
from schemas.status import Track
from schemas.time import LocalCalendar

KIND: Final = b"evidence"
"""The header `kind` of messages that carry events of one shard."""
_NAMES: Final = frozenset(one.name for one in METRICS)
_MINUTE_US: Final = 60_000_000
# Senders name the numbers: what is remembered of them is bounded.
_SHAPES: Final = 256
_USES: Final = (("in_use", "in_bps"), ("out_use", "out_bps"))
_LEAN: Final = ConfigDict(extra="ignore")


@with_config(_LEAN)
class _Data(TypedDict):
    metrics: NotRequired[dict[str, float] | None]


@with_config(_LEAN)
class _Event(TypedDict):
    type: str
    subject: str
    time: str
    track: Literal["measured", "declared"]
    data: NotRequired[_Data]


_EVENTS: Final = TypeAdapter(list[_Event])
_ONE: Final = TypeAdapter(_Event)
_ANY: Final = TypeAdapter(list[object])
Refuse = Callable[[str, str], None]
"""Told of what can't be taken: a dead letter's code and its detail."""


class Numbers:
    """Makes lines from evidence.

    Args:
        guard: which series may exist.
        calendar: the local days, by which the registry's rows are in force.
        skipped: told of numbers that the schema does not have, by how many.
    """

    def __init__(self, guard: SeriesGuard, calendar: LocalCalendar, skipped: Callable[[int], None]) -> None:
        self._guard = guard
        self._calendar = calendar
        self._skipped = skipped
        self._steady: dict[tuple[str, str], str] = {}
        self._shapes: dict[tuple[str, ...], str] = {}

    def lines(self, value: bytes, refuse: Refuse) -> tuple[list[str], list[int]]:
        """The lines of a message (a JSON array of archived events), and each one's minute in microseconds."""
        lines: list[str] = []
        minutes: list[int] = []
        steady = self._steady
        for event in self._events(value, refuse):
            metrics = event["data"].get("metrics") if "data" in event else None
            if metrics and event["type"] == "btswatch.status.v1":
                try:
                    moment, minute_us = _moment(event["time"])
                    written = self._fields(metrics)
                    if written:
                        subject, track = event["subject"], event["track"]
                        series = steady.get((subject, track)) or self._series(subject, track, moment)
                        lines.append(f"{series} {written} {minute_us}")
                        minutes.append(minute_us)
                except RefusedSeriesError as error:
                    refuse(error.code, error.detail)
        return lines, minutes

    def _events(self, value: bytes, refuse: Refuse) -> Iterable[_Event]:
        try:
            return _EVENTS.validate_json(value)
        except ValidationError:
            # Something in it is not as it should be: what else it has is taken all the same.
            return self._good_ones(value, refuse)

    def _good_ones(self, value: bytes, refuse: Refuse) -> Iterator[_Event]:
        try:
            found = _ANY.validate_json(value)
        except ValidationError:
            refuse(Refusal.MALFORMED.value, "not a JSON array of events")
            return
        for one in found:
            try:
                yield _ONE.validate_python(one)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                refuse(Refusal.INVALID.value, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")

    def _fields(self, metrics: dict[str, float]) -> str:
        """The fields of a line; empty where nothing can be written."""
        values = tuple(metrics.values())
        # One that is no number makes the sum none; so does a sum too great, which the longer way sorts out.
        shape = self._shapes.get(tuple(metrics)) if isfinite(sum(values)) else None
        written = self._known_ones(metrics) if shape is None else shape % values
        speed = metrics.get("speed_bps")
        if speed and 0 < speed < inf:
            for way, name in _USES:
                value = metrics.get(name)
                if value is not None and isfinite(value):
                    written += f",{way}={value / speed:.6f}"
        return written

    def _known_ones(self, metrics: dict[str, float]) -> str:
        kept = [(name, value) for name, value in metrics.items() if name in _NAMES and isfinite(value)]
        if len(kept) < len(metrics):
            self._skipped(len(metrics) - len(kept))
        elif len(self._shapes) < _SHAPES:
            self._shapes[tuple(metrics)] = ",".join(f"{name}=%r" for name in metrics)
        return ",".join(f"{name}={value!r}" for name, value in kept)

    def _series(self, element: str, track: Literal["measured", "declared"], moment_us: int) -> str:
        day = self._calendar.day_of(moment_us // 1000)
        row = self._guard.row(element, day)
        measurement = "link" if row.kind is Kind.LINK else "station"
        series = self._guard.track(measurement, element, day, Track(track))
        if row.valid_from is None and row.valid_to is None:
            # The only row that it has: the day makes no difference.
            self._steady[element, track] = series
        return series


@lru_cache(maxsize=4096)
def _moment(text: str) -> tuple[int, int]:
    """Microseconds of an archived event's own time, and of its minute; polls of one pulse share it.

    Raises:
        RefusedSeriesError: it is no time with a zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RefusedSeriesError(Refusal.INVALID.value, f"time {text[:40]}")
    at_us = int(moment.timestamp() * 1_000_000)
    return at_us, at_us - at_us % _MINUTE_US
