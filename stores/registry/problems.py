"""What is wrong with a registry: located, all of it at once, with the nearest valid value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps the registry from loading; a warning is something to look at."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend.

    Attributes:
        file: file or sheet.
        row: as a spreadsheet counts, the header being 1; 0 is about the file as a whole.
        field: column; empty is about the row as a whole.
        message: what is wrong and what to do.
        nearest: the nearest valid value, where there is a likely one.
        severity: see `Severity`.
    """

    file: str
    row: int
    field: str
    message: str
    nearest: str | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = self.file + (f":{self.row}" if self.row else "") + (f": {self.field}" if self.field else "")
        mark = "warning: " if self.severity is Severity.WARNING else ""
        hint = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{place}: {mark}{self.message}{hint}"


class RegistryErrors(Exception):  # noqa: N818 - it carries many, and its users say so
    """A registry that can't be used; `problems` has every error found in one pass, in order of file and row."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0] if self.problems else "no problem given"
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first}{more}")


def nearest(value: str, valid: Iterable[str]) -> str | None:
    """The valid value most like the given one, None when none is much like it."""
    choices: Sequence[str] = sorted(valid)
    close = get_close_matches(value, choices, n=1, cutoff=0.6)
    if close:
        return close[0]
    folded = {choice.casefold(): choice for choice in choices}
    again = get_close_matches(value.casefold(), sorted(folded), n=1, cutoff=0.6)
    return folded[again[0]] if again else None
