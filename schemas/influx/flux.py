"""The downsampling as Flux: as a task of the server, and for a range that was filled late."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from schemas.influx.measurements import BUCKET, MEASUREMENT
from schemas.influx.metrics import DOWNSAMPLED
from schemas.influx.model import Aggregate, Task
from schemas.time import format_ms

_DAY: Final = "1d"
_DAY_MIN: Final = 1440
_YEARS: Final = range(2020, 2038)


def task_name(task: Task, prefix: str) -> str:
    """The task's name on a server."""
    return f"{prefix} {task.target}"


def task_flux(task: Task, prefix: str, zone: str) -> str:
    """The server's task. Only whole windows: a part of one would be written over what is whole."""
    offset = _offset(task, zone)
    return "\n".join(
        [
            *_head(task, zone, offset),
            f'option task = {{name: "{task_name(task, prefix)}", every: {task.every}, offset: {task.offset}}}',
            "",
            f"start = {_truncated(f'date.sub(d: {task.covers}, from: now())', task.window, offset)}",
            f"stop = {_truncated('now()', task.window, offset)}",
            "",
            *_body(task, prefix, offset),
        ]
    )


def range_flux(
    task: Task, prefix: str, zone: str, span_ms: tuple[int, int], source: str | None = None
) -> str:
    """The same for the windows of `[from, to)`, whose edges must be windows' edges; from another bucket than the schema's."""
    offset = _offset(task, zone)
    return "\n".join(
        [
            *_head(task, zone, offset),
            f"start = {format_ms(span_ms[0])}",
            f"stop = {format_ms(span_ms[1])}",
            "",
            *_body(task, prefix, offset, source),
        ]
    )


def _offset(task: Task, zone: str) -> int | None:
    """Minutes by which windows begin before UTC's; None where the zone's own changes and Flux has to look it up.

    Hours are UTC's. With `option location` the server reads every point instead of its own windows: ten times slower.
    """
    if task.window != _DAY:
        return 0
    offsets = {
        datetime(year, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for year in _YEARS for month in (1, 7)
    }
    only = offsets.pop()
    return None if offsets or only is None else int(only.total_seconds()) // 60


def _truncated(moment: str, window: str, offset: int | None) -> str:
    if not offset:
        return f"date.truncate(t: {moment}, unit: {window})"
    shift = f"{offset}m"
    return f"date.sub(d: {shift}, from: date.truncate(t: date.add(d: {shift}, to: {moment}), unit: {window}))"


def _head(task: Task, zone: str, offset: int | None) -> list[str]:
    lines = ['import "date"']
    if any(map(_replaces, task.aggregates)):
        lines.append('import "strings"')
    if offset is None:
        lines += ['import "timezone"', "", f'option location = timezone.location(name: "{zone}")']
    return [*lines, ""]


def _body(task: Task, prefix: str, offset: int | None, bucket: str | None = None) -> list[str]:
    source, target = MEASUREMENT[task.source], MEASUREMENT[task.target]
    # Forward to the next day: with a negative offset the server does not take its own windows for min and max.
    window = f"every: {task.window}, " + (f"offset: {-offset % _DAY_MIN}m, " if offset else "")
    lines = []
    for one in task.aggregates:
        wanted = " or ".join(f'r._field == "{metric.name}{one.suffix}"' for metric in DOWNSAMPLED)
        lines += [
            f'from(bucket: "{bucket or BUCKET[source.bucket].name(prefix)}")',
            "    |> range(start: start, stop: stop)",
            f'    |> filter(fn: (r) => r._measurement == "{source.name}")',
            f"    |> filter(fn: (r) => {wanted})",
            f'    |> aggregateWindow({window}fn: {one.function}, createEmpty: false, timeSrc: "_start")',
            f'    |> set(key: "_measurement", value: "{target.name}")',
            *_renamed(one),
            f'    |> to(bucket: "{BUCKET[target.bucket].name(prefix)}")',
            "",
        ]
    return lines


def _replaces(one: Aggregate) -> bool:
    return bool(one.suffix) and one.suffix != one.into


def _renamed(one: Aggregate) -> list[str]:
    if one.suffix == one.into:
        return []
    name = f'r._field + "{one.into}"'
    if _replaces(one):
        name = f'strings.replaceAll(v: r._field, t: "{one.suffix}", u: "{one.into}")'
    return [f"    |> map(fn: (r) => ({{r with _field: {name}}}))"]
