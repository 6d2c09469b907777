"""The registry written down again: the same content loads to the same digest."""

import csv
import io
import os
from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.registry import Element, Kind, Registry
from schemas.registry_rows import FILES, RegistryFile
from schemas.time import DEFAULT_ZONE, LocalCalendar, from_ms

Rows = list[tuple[str, ...]]


def rows_of(registry: Registry, *, zone: str = DEFAULT_ZONE) -> dict[RegistryFile, Rows]:
    """Each file's rows of text cells in the order of its columns; optional files only where they hold something."""
    elements = [row for rows in registry.elements.values() for row in rows]
    values: dict[str, Iterable[Any]] = {
        "enterprises": registry.enterprises.values(),
        "units": [row for rows in registry.units.values() for row in rows],
        "stations": [row for row in elements if row.kind is Kind.STATION],
        "links": [row for row in elements if row.kind is Kind.LINK],
        "declared_levels": registry.declared_levels,
        "agency": registry.agency,
        "succession": registry.successions,
    }
    calendar = LocalCalendar(zone)
    rows = {file: [_cells(value, file, calendar) for value in values[file.stem]] for file in FILES}
    return {file: found for file, found in rows.items() if found or file.stem not in {"agency", "succession"}}


def csv_text(file: RegistryFile, rows: Iterable[tuple[str, ...]]) -> str:
    """The CSV file: a header and the rows, one line each."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(file.columns)
    writer.writerows(rows)
    return out.getvalue()


def write(registry: Registry, directory: Path, *, zone: str = DEFAULT_ZONE) -> list[Path]:
    """Writes the registry's CSV files into the directory (made if absent), each one whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    return [
        write_file(directory / file.name, csv_text(file, rows).encode())
        for file, rows in rows_of(registry, zone=zone).items()
    ]


def write_file(path: Path, content: bytes) -> Path:
    """Replaces a file in one step, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    return path


def _cells(value: Any, file: RegistryFile, calendar: LocalCalendar) -> tuple[str, ...]:
    return tuple(
        _moment(getattr(value, column), calendar)
        if isinstance(value, Element) and column in {"commissioned", "decommissioned"}
        else _cell(getattr(value, column))
        for column in file.columns
    )


def _moment(ms: int | None, calendar: LocalCalendar) -> str:
    """A date where the instant starts a local day, else RFC 3339 in the zone's offset."""
    if ms is None:
        return ""
    day = calendar.day_of(ms)
    if calendar.start_of(day) == ms:
        return day.isoformat()
    local: datetime = from_ms(ms).astimezone(ZoneInfo(calendar.zone))
    return local.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ";".join(_cell(part) for part in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # 54.0 and 54 are one value; the shorter one is what a person would write.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
