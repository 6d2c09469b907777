"""Takes CSV and XLSX files into a registry's directory: all of them, checked with what is there already, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.registry_rows import BY_STEM, RegistryFile
from schemas.time import DEFAULT_ZONE
from stores.registry.load import Examined, examine_sheets, read_file, sheets_in
from stores.registry.problems import Problem, nearest
from stores.registry.sheets import Sheet
from stores.registry.write import csv_text, rows_of, write_file
from stores.registry.xlsx import read_xlsx


@dataclass(frozen=True)
class Replaced:
    """A file of the directory that an import replaces, with its rows before (None: it was absent) and after."""

    file: RegistryFile
    before: int | None
    after: int


@dataclass(frozen=True)
class Import:
    """What an import does, once it is examined; nothing is written until `write_import`."""

    directory: Path
    examined: Examined
    replaced: tuple[Replaced, ...]
    zone: str


def examine_import(directory: Path, sources: Sequence[Path], *, zone: str = DEFAULT_ZONE) -> Import:
    """Reads the sources and checks them together with the directory's other files.

    A CSV file must be named like the registry's file that it replaces; an XLSX workbook brings a sheet for each.
    """
    brought, problems = _read(sources)
    present, present_problems = sheets_in(directory)
    replaced_names = {BY_STEM[stem].name for stem in brought}
    problems.extend(problem for problem in present_problems if problem.file not in replaced_names)
    examined = examine_sheets({**present, **brought}, problems, zone=zone)
    replaced = tuple(
        Replaced(BY_STEM[stem], len(present[stem].rows) if stem in present else None, len(sheet.rows))
        for stem, sheet in brought.items()
    )
    return Import(directory, examined, replaced, zone)


def write_import(prepared: Import) -> None:
    """Writes the files that the import replaces.

    Raises:
        ValueError: the import has errors.
    """
    registry = prepared.examined.registry
    if registry is None:
        raise ValueError("an import with errors is not written")
    prepared.directory.mkdir(parents=True, exist_ok=True)
    rows = rows_of(registry, zone=prepared.zone)
    for one in prepared.replaced:
        write_file(prepared.directory / one.file.name, csv_text(one.file, rows.get(one.file, [])).encode())


def _read(sources: Sequence[Path]) -> tuple[dict[str, Sheet], list[Problem]]:
    brought: dict[str, Sheet] = {}
    problems: list[Problem] = []
    for source in sources:
        sheets, more = _read_source(source)
        problems.extend(more)
        for stem, sheet in sheets.items():
            if stem in brought:
                problems.append(
                    Problem(sheet.file, 0, "", f"brings {stem} a second time, after {brought[stem].file}")
                )
            brought[stem] = sheet
    return brought, problems


def _read_source(source: Path) -> tuple[dict[str, Sheet], list[Problem]]:
    if source.suffix.casefold() in {".xlsx", ".xlsm"}:
        return read_xlsx(source)
    if source.suffix.casefold() != ".csv":
        return {}, [Problem(source.name, 0, "", "is neither .csv nor .xlsx")]
    if source.stem not in BY_STEM:
        names = [file.name for file in BY_STEM.values()]
        message = f"must be named like the file that it replaces: {', '.join(names)}"
        return {}, [Problem(source.name, 0, "", message, nearest(source.name, names))]
    sheet, problems = read_file(source)
    return ({source.stem: sheet} if sheet is not None else {}), problems
