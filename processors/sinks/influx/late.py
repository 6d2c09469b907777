"""Numbers that come later than the server's tasks look back: the sink downsamples their days itself.

Which days these are is written before the numbers are, so that a sink that is killed in between knows it afterwards.
"""

from datetime import date
from typing import Final

from processors.sinks.influx.lines import fields, line
from processors.sinks.influx.pipe import Pipe, told
from processors.sinks.influx.points import from_text
from schemas.influx import MEASUREMENT, TASKS, Task, bucket_of
from schemas.influx.flux import range_flux
from schemas.settings.influx import InfluxSettings
from schemas.time import LocalCalendar
from stores.influx.reading import PointReader, quoted

# The hourly tasks look back six hours; whole hours, and not to the last minute.
LATE_MS: Final = 5 * 3_600_000
_HOUR_MS: Final = 3_600_000
_QUIET_MS: Final = 20_000
_LONGEST_MS: Final = 600_000


class LateNumbers:
    """The local days that are to be downsampled, by the measurement that the numbers stand in.

    Args:
        reader: over a connection that nobody else uses meanwhile.
        settings: buckets.
        calendar: the local days.
    """

    def __init__(self, reader: PointReader, settings: InfluxSettings, calendar: LocalCalendar) -> None:
        self._reader = reader
        self._settings = settings
        self._calendar = calendar
        self._first_ms: dict[tuple[str, date], int] = {}
        self._last_ms: dict[tuple[str, date], int] = {}
        self._unsure: set[tuple[str, date]] = set()
        self._bucket = bucket_of("pending", settings.prefix)

    def look(self, now_ms: int) -> None:
        """Read what a former process left.

        Raises:
            TargetUnavailableError: InfluxDB can't be read.
        """
        flux = f"""
            from(bucket: {quoted(self._bucket)})
              |> range(start: 0)
              |> filter(fn: (r) => r._measurement == "pending")
              |> keep(columns: ["_time", "source"])"""
        with told():
            for row in self._reader.rows(flux):
                key = row["source"], self._calendar.day_of(from_text(row["_time"]))
                self._first_ms[key] = self._last_ms[key] = now_ms

    def note(self, measurement: str, at_ms: int, now_ms: int, pipe: Pipe) -> None:
        """A number of this moment is about to be written, after what this adds."""
        key = measurement, self._calendar.day_of(at_ms)
        if key not in self._first_ms:
            self._first_ms[key] = now_ms
            self._unsure.add(key)
            values = fields(MEASUREMENT["pending"], {"since_ms": now_ms})
            start_us = self._calendar.start_of(key[1]) * 1000
            pipe.add(self._bucket, line(f"pending,source={measurement}", values, start_us))
            # In another request than the numbers, and before it.
            pipe.flush(self._bucket)
        self._last_ms[key] = now_ms

    def written(self) -> None:
        """What was noted is stored."""
        self._unsure.clear()

    def dropped(self) -> None:
        """What was noted since may not be stored: it will be noted again, with the numbers."""
        for key in self._unsure:
            del self._first_ms[key], self._last_ms[key]
        self._unsure.clear()

    def downsample(self, now_ms: int) -> bool:
        """Do one day for which nothing more comes; False when there is none.

        Raises:
            TargetUnavailableError: InfluxDB did not do it; it is done again.
        """
        for key, first_ms in sorted(self._first_ms.items(), key=lambda item: item[1]):
            if now_ms - self._last_ms[key] >= _QUIET_MS or now_ms - first_ms >= _LONGEST_MS:
                source, day = key
                with told():
                    downsample_day(self._reader, self._settings, self._calendar, source, day, now_ms)
                    start = self._calendar.start_of(day)
                    predicate = f'_measurement="pending" AND source={quoted(source)}'
                    self._reader.delete(self._bucket, start, start + 1, predicate)
                del self._first_ms[key], self._last_ms[key]
                return True
        return False


def downsample_day(
    reader: PointReader,
    settings: InfluxSettings,
    calendar: LocalCalendar,
    source: str,
    day: date,
    now_ms: int,
    *,
    bucket: str | None = None,
) -> None:
    """Make the hours of a local day, as far as they are over, and the day itself if it is.

    `bucket` holds the numbers where it is not the schema's.

    Raises:
        InfluxError: as the server answers.
    """
    start, end = calendar.start_of(day), calendar.end_of(day)
    task = _task_from(source)
    # Whole hours of UTC, also in zones that are half an hour off.
    first = start // _HOUR_MS * _HOUR_MS
    until = min(-(-end // _HOUR_MS), now_ms // _HOUR_MS) * _HOUR_MS
    if task is None or until <= first:
        return
    reader.run(range_flux(task, settings.prefix, calendar.zone, (first, until), bucket))
    longer = _task_from(task.target)
    if longer is not None and end <= now_ms:
        reader.run(range_flux(longer, settings.prefix, calendar.zone, (start, end)))


def _task_from(source: str) -> Task | None:
    return next((one for one in TASKS if one.source == source), None)
