"""The numbers that came with evidence, to lines of `link` and `station`: pure, and fast, since there is one for each poll."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from math import inf
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
_INF: Final = inf
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

    def lines(self, value: bytes, refuse: Refuse) -> Iterator[tuple[str, int]]:
        """The lines of a message (a JSON array of archived events), each with its minute in microseconds."""
        for event in self._events(value, refuse):
            metrics = event["data"].get("metrics") if "data" in event else None
            if metrics and event["type"] == "btswatch.status.v1":
                try:
                    yield from self._line(event, metrics)
                except RefusedSeriesError as error:
                    refuse(error.code, error.detail)

    def _events(self, value: bytes, refuse: Refuse) -> Iterator[_Event]:
        try:
            yield from _EVENTS.validate_json(value)
        except ValidationError:
            pass
        else:
            return
        # Something in it is not as it should be: what else it has is taken all the same.
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

    def _line(self, event: _Event, metrics: dict[str, float]) -> Iterator[tuple[str, int]]:
        moment = _moment(event["time"])
        if moment is None:
            raise RefusedSeriesError(Refusal.INVALID.value, f"time {event['time'][:40]}")
        written = [
            f"{name}={value!r}" for name, value in metrics.items() if name in _NAMES and -_INF < value < _INF
        ]
        if len(written) < len(metrics):
            self._skipped(len(metrics) - len(written))
        speed = metrics.get("speed_bps")
        if speed and 0 < speed < _INF:
            for way, name in _USES:
                value = metrics.get(name)
                if value is not None and -_INF < value < _INF:
                    written.append(f"{way}={round(value / speed, 6)!r}")
        if written:
            minute_us = moment - moment % _MINUTE_US
            series = self._series(event["subject"], event["track"], moment)
            yield f"{series} {','.join(written)} {minute_us}", minute_us

    def _series(self, element: str, track: Literal["measured", "declared"], moment_us: int) -> str:
        known = self._steady.get((element, track))
        if known is not None:
            return known
        day = self._calendar.day_of(moment_us // 1000)
        row = self._guard.row(element, day)
        measurement = "link" if row.kind is Kind.LINK else "station"
        series = self._guard.track(measurement, element, day, Track(track))
        if row.valid_from is None and row.valid_to is None:
            # The only row that it has: the day makes no difference.
            self._steady[element, track] = series
        return series


@lru_cache(maxsize=4096)
def _moment(text: str) -> int | None:
    """Microseconds of an archived event's own time; polls of one pulse share it."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else int(moment.timestamp() * 1_000_000)
    except ValueError:
        return None
