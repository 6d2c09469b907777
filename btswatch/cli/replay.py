"""`btswatch replay`: figures from archived events, offline."""

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from btswatch.cli.exits import CommandError, Exit
from btswatch.event_lines import EventFileError, event_lines
from processors.core.conventions import Conventions
from processors.core.figures import NO_TIME
from processors.core.periods import NotOnBoundaryError, PeriodKind, check_boundary
from processors.core.province import Province
from processors.replay import PeriodFigure, Question, Scope, figures, take_in
from schemas.refusal import Refusal
from schemas.registry import Kind, Registry
from schemas.time import DEFAULT_ZONE, LocalCalendar, known_zone, parse_rfc3339, to_ms

# One day within 1970 and 3000, so that every zone has a date for what lies between.
_EARLIEST_MS = to_ms(parse_rfc3339("1970-01-02T00:00:00Z"))
_END_MS = to_ms(parse_rfc3339("2999-12-31T00:00:00Z"))

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Format(StrEnum):
    """How the figures are printed."""

    JSON = "json"
    CSV = "csv"
    TABLE = "table"


@app.command("replay")
def replay(
    registry: Annotated[Path, typer.Option(help="Directory of the registry's CSV files")],
    events: Annotated[
        list[Path],
        typer.Option(help="NDJSON files of archived events, also .gz, or a directory of them; repeatable"),
    ],
    from_: Annotated[str, typer.Option("--from", help="Start, on a period's boundary (RFC 3339)")],
    to: Annotated[str, typer.Option(help="End, on a period's boundary (RFC 3339)")],
    now: Annotated[str, typer.Option(help="As of when (RFC 3339); later receipts do not exist yet")],
    period: Annotated[PeriodKind, typer.Option(help="Length of the periods")],
    scope: Annotated[Scope, typer.Option(help="What a figure is about")] = Scope.ELEMENT,
    kind: Annotated[Kind, typer.Option(help="Stations or links")] = Kind.STATION,
    grid_seconds: Annotated[int, typer.Option(help="Slot length in seconds; divides 3600")] = 10,
    zone: Annotated[str, typer.Option(help="Time zone of the calendar")] = DEFAULT_ZONE,
    format_: Annotated[Format, typer.Option("--format", help="json, csv or table")] = Format.TABLE,
    declared: Annotated[
        bool,
        typer.Option(
            "--declared",
            help="Print instead, as JSON, what was declared late and which causes differ, by element and day",
        ),
    ] = False,
    more_events: Annotated[
        list[Path] | None, typer.Argument(help="Further files or directories", show_default=False)
    ] = None,
) -> None:
    """Run the core over archived events and print the period figures.

    Example: btswatch replay --registry registry --events data/archive --from 2026-11-02T00:00:00+07:00
    --to 2026-11-03T00:00:00+07:00 --now 2026-11-09T00:00:00+07:00 --period day
    """
    question = Question(
        _instant(from_, "--from"), _instant(to, "--to"), _instant(now, "--now"), period, scope, kind
    )
    if question.start >= question.end:
        raise CommandError(Exit.MISUSE, f"--from {from_} is not before --to {to}")
    _check_zone_and_boundaries(question, zone)
    try:
        conventions = Conventions(grid_s=grid_seconds, zone=zone)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, f"--grid-seconds: {error}") from error
    province = Province(_registry(registry, zone), conventions)
    refusals: Counter[Refusal] = Counter()
    first: dict[Refusal, str] = {}

    def refuse(line: bytes, code: Refusal, detail: str) -> None:
        refusals[code] += 1
        first.setdefault(code, _showable(f"{detail}: {line[:120].decode(errors='replace')}"))

    lines = event_lines([*events, *(more_events or [])], refuse)
    found: list[dict[str, Any]] = []
    try:
        if declared:
            found = _words(province, lines, question, refuse)
        else:
            take_in(province, lines, question.now, refuse)
    except EventFileError as error:
        raise CommandError(Exit.MISUSE, str(error)) from error
    for code, number in sorted(refusals.items()):
        typer.echo(f"btswatch: refused {number} as {code}; first: {first[code]}", err=True)
    printed = (
        _PRINTERS[format_](list(figures(province, question)), zone) if not declared else _canonical(found)
    )
    sys.stdout.write(printed)


def _words(
    province: Province,
    lines: Iterator[bytes],
    question: Question,
    refuse: Callable[[bytes, Refusal, str], None],
) -> list[dict[str, Any]]:
    """What stands out of the enterprises' word on the local days of the question's interval."""
    from processors.replaying_word import as_dict, words

    zone = province.conventions.zone
    calendar = LocalCalendar(zone)
    first, end = calendar.day_of(question.start), calendar.day_of(question.end - 1) + timedelta(days=1)
    found = words(province, lines, first, end, question.now, refuse)
    return [as_dict(day, word, zone) for day, word in found if word.late.late_s or word.differing]


def _check_zone_and_boundaries(question: Question, zone: str) -> None:
    """Before hours of reading, not after them."""
    try:
        known_zone(zone)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, f"--zone: {error}") from error
    for option, instant in (("--from", question.start), ("--to", question.end)):
        try:
            check_boundary(instant, question.period, zone)
        except NotOnBoundaryError as error:
            raise CommandError(Exit.MISUSE, f"{option}: {error}") from error


def _instant(text: str, option: str) -> int:
    try:
        instant = to_ms(parse_rfc3339(text))
    except (ValueError, OverflowError) as error:
        raise CommandError(
            Exit.MISUSE, f"{option} {text}: {error}; write such as 2026-11-02T00:00:00+07:00"
        ) from error
    if not _EARLIEST_MS <= instant < _END_MS:
        raise CommandError(Exit.MISUSE, f"{option} {text}: give a moment between 1970 and 2999")
    return instant


def _showable(text: str) -> str:
    """Without what would move the cursor of the terminal that it is shown on."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _registry(directory: Path, zone: str) -> Registry:
    from stores.registry.load import load
    from stores.registry.problems import RegistryErrors

    try:
        return load(directory, zone=zone)
    except RegistryErrors as errors:
        raise CommandError(Exit.MISUSE, *map(str, errors.problems)) from errors


def _json(rows: list[PeriodFigure], zone: str) -> str:
    return _canonical([row.as_dict(zone) for row in rows])


def _canonical(objects: list[dict[str, Any]]) -> str:
    return json.dumps(objects, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n"


def _flat(row: PeriodFigure, zone: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.as_dict(zone).items():
        if key == "reconciliation":
            flat |= {f"{m}_{d}_s": seconds for m, inner in value.items() for d, seconds in inner.items()}
        elif key == "seconds":
            flat |= {f"{name}_s": seconds for name, seconds in value.items()}
        elif isinstance(value, dict):
            flat |= value
        else:
            flat[key] = value
    return flat


def _csv(rows: list[PeriodFigure], zone: str) -> str:
    text = io.StringIO()
    columns = list(_flat(PeriodFigure(Scope.ELEMENT, "", PeriodKind.DAY, 0, 0, NO_TIME, final=False), zone))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(row, zone) for row in rows)
    return text.getvalue()


def _table(rows: list[PeriodFigure], zone: str) -> str:
    heads = (
        "id",
        "from",
        "A",
        "A_min",
        "A_max",
        "coverage",
        "down_s",
        "planned_s",
        "count",
        "longest_s",
        "state",
    )
    cells = [[_shown(_flat(row, zone)[head]) for head in heads] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    lines = (
        " ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in [heads, *cells]
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6f}" if isinstance(value, float) else str(value)


_PRINTERS = {Format.JSON: _json, Format.CSV: _csv, Format.TABLE: _table}
