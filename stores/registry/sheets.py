"""Tables of text cells, whatever file they came from: CSV here, XLSX in `stores.registry.xlsx`."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stores.registry.problems import Problem

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_CELL_CHARS = 10_000


@dataclass(frozen=True)
class Sheet:
    """A header and its rows of cells, each with its number as a spreadsheet counts (the header is 1)."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_csv(file: str, content: bytes) -> tuple[Sheet | None, list[Problem]]:
    """The sheet in a CSV file's bytes: UTF-8, with or without a byte order mark; None when it can't be read at all.

    Row numbers are lines of the file, so that an editor finds them also below a cell of several lines.
    """
    if len(content) > MAX_FILE_BYTES:
        return None, [Problem(file, 0, "", f"is larger than {MAX_FILE_BYTES // 2**20} MB")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, [Problem(file, line, "", f"is not UTF-8 (byte {error.start}): save it as CSV UTF-8")]
    try:
        return sheet_of(file, _numbered(text))
    except csv.Error as error:
        return None, [Problem(file, 0, "", f"is not readable as CSV: {error}")]


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    for cells in reader:
        yield start, cells
        start = reader.line_num + 1


def sheet_of(file: str, numbered: Iterable[tuple[int, list[str]]]) -> tuple[Sheet | None, list[Problem]]:
    """A sheet from numbered rows: blank ones left out, cells stripped, the first one the header."""
    filled = (
        (number, tuple(cell.strip() for cell in cells))
        for number, cells in numbered
        if any(cell.strip() for cell in cells)
    )
    first = next(filled, None)
    if first is None:
        return None, [Problem(file, 0, "", "is empty: the header line is missing")]
    header = first[1]
    while header and not header[-1]:
        header = header[:-1]
    return Sheet(file, header, tuple(filled)), []
