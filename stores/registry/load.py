"""A directory of CSV files in, one `Registry` out, or everything that is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.registry import Registry
from schemas.registry_rows import FILES
from schemas.time import DEFAULT_ZONE, LocalCalendar
from stores.registry.build import build
from stores.registry.check import check
from stores.registry.problems import Problem, RegistryErrors, Severity, nearest
from stores.registry.sheets import MAX_FILE_BYTES, Sheet, read_csv
from stores.registry.tables import named_in, tables_of


@dataclass(frozen=True)
class Examined:
    """The outcome of one pass; `registry` is None when there are errors."""

    registry: Registry | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps it from loading."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


def load(directory: Path, *, zone: str = DEFAULT_ZONE) -> Registry:
    """The registry in the directory; `zone` says where its dates begin.

    Raises:
        RegistryErrors: with every error of one pass.
    """
    examined = examine(directory, zone=zone)
    if examined.registry is None:
        raise RegistryErrors(examined.errors)
    return examined.registry


def examine(directory: Path, *, zone: str = DEFAULT_ZONE) -> Examined:
    """Like `load`, with warnings and without raising."""
    if not directory.is_dir():
        return Examined(None, (Problem(str(directory), 0, "", "no such directory"),))
    sheets, problems = sheets_in(directory)
    return examine_sheets(sheets, problems, zone=zone)


def examine_sheets(
    sheets: Mapping[str, Sheet], problems: list[Problem] | None = None, *, zone: str = DEFAULT_ZONE
) -> Examined:
    """The same for sheets by file stem, wherever they came from; `problems` were found while reading them."""
    calendar = LocalCalendar(zone)
    tables, in_rows = tables_of(sheets)
    found = sorted({*(problems or ()), *in_rows, *check(tables, named_in(sheets), calendar)}, key=_place)
    if any(problem.severity is Severity.ERROR for problem in found):
        return Examined(None, tuple(found))
    return Examined(build(tables, calendar), tuple(found))


def sheets_in(directory: Path) -> tuple[dict[str, Sheet], list[Problem]]:
    """The CSV files of the directory that are part of a registry, by stem; an absent directory holds none."""
    try:
        present = {path.name for path in directory.iterdir()} if directory.exists() else set()
    except OSError as error:
        return {}, [Problem(str(directory), 0, "", f"can't be read: {error.strerror}")]
    sheets: dict[str, Sheet] = {}
    problems = _stray_files(present)
    for file in FILES:
        path = directory / file.name
        if file.name not in present:
            if file.required:
                problems.append(Problem(file.name, 0, "", f"is missing in {directory}"))
            continue
        sheet, more = read_file(path)
        problems.extend(more)
        if sheet is not None:
            sheets[file.stem] = sheet
    return sheets, problems


def read_file(path: Path) -> tuple[Sheet | None, list[Problem]]:
    """The sheet in a CSV file, None when it can't be read."""
    try:
        with path.open("rb") as stream:
            return read_csv(path.name, stream.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        return None, [Problem(path.name, 0, "", f"can't be read: {error.strerror}")]


def _stray_files(present: Collection[str]) -> list[Problem]:
    """A file whose name nearly is one of ours is an error: read as absent, it would silently empty the registry."""
    known = [file.name for file in FILES]
    absent = [name for name in known if name not in present]
    problems = []
    for name in sorted(present):
        if name.endswith(".csv") and name not in known:
            near = nearest(name, absent)
            severity = Severity.ERROR if near else Severity.WARNING
            message = "is no file of the registry"
            problems.append(Problem(name, 0, "", message, near, severity))
    return problems


def _place(problem: Problem) -> tuple[int, str, int, str, str]:
    order = [file.name for file in FILES]
    rank = order.index(problem.file) if problem.file in order else len(order)
    return rank, problem.file, problem.row, problem.field, problem.message
