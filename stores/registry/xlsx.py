"""The registry as one XLSX workbook with a sheet for each file, in and out.

A workbook comes from outside: it is refused before parsing when it would unpack to more than it should.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from schemas.registry_rows import BY_STEM, FILES, RegistryFile
from stores.registry.problems import Problem, nearest
from stores.registry.sheets import MAX_FILE_BYTES, Sheet, sheet_of
from stores.registry.write import write_file

MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
MAX_RATIO: Final = 200
MAX_PARTS: Final = 2_000
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 200
_PROLOGUE_BYTES: Final = 4_096


def read_xlsx(path: Path) -> tuple[dict[str, Sheet], list[Problem]]:
    """The sheets that are named like a registry file, by stem; one of another name is a problem.

    A workbook with a single sheet may have any sheet name when its file is named like a registry file.
    Row numbers are the workbook's own. Formulas count by the value last saved with them.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        return {}, [Problem(path.name, 0, "", f"can't be read: {error.strerror}")]
    refusal = _refusal(content)
    if refusal:
        return {}, [Problem(path.name, 0, "", refusal)]
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - the library raises anything on a damaged workbook
        return {}, [Problem(path.name, 0, "", f"is not a readable XLSX workbook: {error}")]
    try:
        return _sheets(path, workbook)
    finally:
        workbook.close()


def write_xlsx(path: Path, tables: Mapping[RegistryFile, Iterable[tuple[str, ...]]]) -> None:
    """One sheet for each file, every cell text: leading zeros stay, and nothing runs as a formula."""
    workbook = Workbook(write_only=True)
    for file, rows in tables.items():
        sheet = workbook.create_sheet(file.stem)
        sheet.freeze_panes = "A2"
        for row in (file.columns, *rows):
            sheet.append([_text_cell(sheet, cell) for cell in row])
    # Made whole first: a place that can't be written would leave the library with its streams open.
    content = io.BytesIO()
    workbook.save(content)
    write_file(path, content.getvalue())


def _text_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _refusal(content: bytes) -> str | None:
    """Why the archive is not even opened, None when it may be."""
    if len(content) > MAX_FILE_BYTES:
        return f"is larger than {MAX_FILE_BYTES // 2**20} MB"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * len(content):
                return (
                    f"would unpack to {unpacked} bytes in {len(parts)} parts: refused as a decompression bomb"
                )
            for part in parts:
                if not part.filename.endswith((".xml", ".rels")):
                    continue
                with archive.open(part) as stream:
                    if b"<!DOCTYPE" in stream.read(_PROLOGUE_BYTES):
                        return f"{part.filename} declares a document type: refused"
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        return f"is not an XLSX workbook: {error}"
    return None


def _sheets(path: Path, workbook: Any) -> tuple[dict[str, Sheet], list[Problem]]:
    sheets: dict[str, Sheet] = {}
    problems: list[Problem] = []
    alone = len(workbook.worksheets) == 1
    for worksheet in workbook.worksheets:
        stem = worksheet.title.strip().casefold()
        if stem not in BY_STEM and alone and path.stem in BY_STEM:
            stem = path.stem
        place = f"{path.name}[{worksheet.title}]"
        if stem not in BY_STEM:
            near = nearest(stem, [file.stem for file in FILES])
            problems.append(Problem(place, 0, "", "sheet is named like no file of the registry", near))
            continue
        try:
            sheet, more = sheet_of(place, _numbered(worksheet))
        except Exception as error:  # noqa: BLE001 - as above: a damaged sheet is a problem like any other
            sheet, more = None, [Problem(place, 0, "", f"can't be read: {error}")]
        problems.extend(more)
        if sheet is not None:
            sheets[stem] = sheet
    return sheets, problems


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    pass


def _numbered(worksheet: Any) -> Iterator[tuple[int, list[str]]]:
    # What the file claims as its dimensions may be wrong or missing: rows are read until they end.
    worksheet.reset_dimensions()
    for number, cells in enumerate(worksheet.iter_rows(values_only=True), start=1):
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            raise _TooLarge(f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns")
        yield number, [_text(value) for value in cells]


def _text(value: object) -> str:
    """A typed cell as the text that the CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        # XLSX has no zones. Midnight is how it stores a date; anything else stays without an offset and is refused.
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
