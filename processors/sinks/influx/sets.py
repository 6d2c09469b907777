"""Replacing a local day's whole set of changes: late evidence also takes some away."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Final

from processors.sinks.influx.points import from_text
from schemas.influx import bucket_of
from schemas.settings.influx import InfluxSettings
from schemas.time import LocalCalendar, format_ms
from stores.influx.reading import PointReader, quoted

# Naming more elements than this costs more than reading all of the day.
_NAMED: Final = 50


class StateSets:
    """What stands of the measurement `state`, and what of it has to go.

    A set that only grew is written over what stands there; only what is gone is deleted, point by point, so that a
    reader never sees a day without its changes.
    """

    def __init__(self, reader: PointReader, settings: InfluxSettings, calendar: LocalCalendar) -> None:
        self._reader = reader
        self._bucket = bucket_of("state", settings.prefix)
        self._calendar = calendar

    def replace(self, day: date, sets: Mapping[str, Collection[int]]) -> int:
        """Delete what stands on the day and is not in the elements' new sets of moments (ms); how many points.

        Raises:
            InfluxError: as the server answers.
        """
        gone = [
            (element, at_ms)
            for element, at_ms in self._standing(day, sets.keys())
            if element in sets and at_ms not in sets[element]
        ]
        for element, at_ms in gone:
            predicate = f'_measurement="state" AND element={quoted(element)}'
            self._reader.delete(self._bucket, at_ms, at_ms + 1, predicate)
        return len(gone)

    def _standing(self, day: date, elements: Collection[str]) -> Iterator[tuple[str, int]]:
        """The changes that stand there; not the points that only say how the day begins."""
        named = ""
        if len(elements) <= _NAMED:
            either = " or ".join(f"r.element == {quoted(one)}" for one in sorted(elements))
            named = f"|> filter(fn: (r) => {either})"
        start, end = self._calendar.start_of(day), self._calendar.end_of(day)
        flux = f"""
            from(bucket: {quoted(self._bucket)})
              |> range(start: {format_ms(start)}, stop: {format_ms(end)})
              |> filter(fn: (r) => r._measurement == "state")
              |> filter(fn: (r) => r._field == "state" or r._field == "day_start")
              {named}
              |> keep(columns: ["_time", "_field", "element"])"""
        starts: set[tuple[str, int]] = set()
        points: set[tuple[str, int]] = set()
        for row in self._reader.rows(flux):
            found = starts if row["_field"] == "day_start" else points
            found.add((row["element"], from_text(row["_time"])))
        yield from sorted(points - starts)
