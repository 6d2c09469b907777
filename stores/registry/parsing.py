"""From a sheet to typed rows: columns checked against the row model, every bad cell located."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from schemas.base import Contract
from schemas.registry_rows import RegistryFile
from stores.registry.problems import Problem, nearest
from stores.registry.sheets import Sheet

RowT = TypeVar("RowT", bound=Contract)
_SHOWN = 60


@dataclass(frozen=True)
class Located(Generic[RowT]):
    """A typed row and where it stands; `bad` names the cells that it had to be read without."""

    file: str
    row: int
    value: RowT
    bad: frozenset[str] = frozenset()

    def problem(self, field: str, message: str, near: str | None = None) -> Problem:
        """A problem of this row."""
        return Problem(self.file, self.row, field, message, near)


def parse(sheet: Sheet, file: RegistryFile) -> tuple[list[Located[Any]], list[Problem]]:
    """The rows as the file's row model, and a problem for each thing wrong in them.

    A row with bad cells stays, as far as it can be told apart, without those cells: so the checks between rows find in
    the same pass what else is wrong with it. With any problem no registry is built of them.
    """
    problems = _header_problems(sheet, file)
    known = set(file.columns)
    missing = {problem.field for problem in problems if problem.row == 0}
    rows: list[Located[Any]] = []
    for number, cells in sheet.rows:
        if len(cells) > len(sheet.header) and any(cells[len(sheet.header) :]):
            message = (
                f"has {len(cells)} cells, the header only {len(sheet.header)}: quote cells that hold a comma"
            )
            problems.append(Problem(sheet.file, number, "", message))
            continue
        named = {
            name: cell for name, cell in zip(sheet.header, cells, strict=False) if cell and name in known
        }
        try:
            rows.append(Located(sheet.file, number, file.model.model_validate(named)))
        except ValidationError as error:
            bad = {
                str(details["loc"][0]): details
                for details in error.errors(include_url=False)
                if details["loc"]
            }
            problems.extend(
                _cell_problem(sheet.file, number, file, details, named)
                for field, details in bad.items()
                if field not in missing
            )
            if file.required_columns[0] not in bad:
                rows.append(Located(sheet.file, number, _without(file, named, bad), frozenset(bad)))
    return rows, problems


def _without(file: RegistryFile, named: Mapping[str, str], bad: Container[str]) -> Contract:
    """The row without its bad cells; required ones among them are None."""
    good = {name: cell for name, cell in named.items() if name not in bad}
    values: dict[str, Any] = {}
    for name, cell in good.items():
        field = file.model.model_fields[name]
        annotation: Any = Annotated[field.annotation, field]
        values[name] = TypeAdapter(annotation).validate_python(cell)
    return file.model.model_construct(**{**dict.fromkeys(file.required_columns), **values})


def _header_problems(sheet: Sheet, file: RegistryFile) -> list[Problem]:
    problems = []
    for name in dict.fromkeys(sheet.header):
        if name not in file.columns:
            absent = [column for column in file.columns if column not in sheet.header]
            near = nearest(name, absent) or nearest(name, file.columns)
            message = f"unknown column {name!r}" if name else "a column without a name"
            problems.append(Problem(sheet.file, 1, name, message, near))
        elif sheet.header.count(name) > 1:
            problems.append(Problem(sheet.file, 1, name, "column given twice"))
    problems.extend(
        Problem(sheet.file, 0, name, "required column is missing")
        for name in file.required_columns
        if name not in sheet.header
    )
    return problems


def _cell_problem(
    sheet: str, number: int, file: RegistryFile, details: ErrorDetails, named: Mapping[str, str]
) -> Problem:
    field = str(details["loc"][0]) if details["loc"] else ""
    if details["type"] == "missing":
        return Problem(sheet, number, field, "must not be empty")
    given = details["input"] if isinstance(details["input"], str) else named.get(field, "")
    shown = given if len(given) <= _SHOWN else given[:_SHOWN] + "…"
    if details["type"] == "string_pattern_mismatch":
        message = "has characters that are not allowed here"
    else:
        message = details["msg"].replace("Input should", "should").replace("String should", "should")
    near = nearest(given, _choices(file, field)) if details["type"] == "enum" else None
    return Problem(sheet, number, field, f"{shown!r} {message}", near)


def _choices(file: RegistryFile, field: str) -> list[str]:
    annotation: Any = file.model.model_fields[field].annotation
    options = getattr(annotation, "__args__", ()) or (annotation,)
    return [
        choice.value
        for option in options
        if isinstance(option, type) and issubclass(option, StrEnum)
        for choice in option
    ]
