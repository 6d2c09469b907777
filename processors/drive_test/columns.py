"""The header line of a drive-test file: which column stands where."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

COLUMNS: Final = (
    "time",
    "lat",
    "lon",
    "enterprise",
    "technology",
    "signal_dbm",
    "download_mbps",
    "upload_mbps",
    "call_outcome",
)


class WrongColumnsError(Exception):
    """The file can't be read as samples; each line says what is wrong with its header."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column stands, in the order of `COLUMNS`, and how many cells a row has."""

    places: tuple[int, ...]
    width: int


def columns_of(header: Sequence[str]) -> Columns:
    """The columns of a header line.

    Raises:
        WrongColumnsError: columns are missing, unknown or there twice.
    """
    names = [name.strip().lower() for name in header]
    for sign, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and sign in names[0]:
            raise WrongColumnsError(f"cells are separated by {word}: save the file with commas")
    if not set(names) & set(COLUMNS):
        raise WrongColumnsError(f"the first line names no column; it has to be {','.join(COLUMNS)}")
    problems = []
    for name in sorted(set(names) - set(COLUMNS)):
        near = get_close_matches(name, COLUMNS, n=1)
        problems.append(f"unknown column {name[:60]!r}" + (f"; did you mean {near[0]}?" if near else ""))
    problems += [f"column {name} is missing" for name in COLUMNS if name not in names]
    problems += [
        f"column {name} is there {count} times" for name, count in Counter(names).items() if count > 1
    ]
    if problems:
        raise WrongColumnsError(*problems, f"the columns are {','.join(COLUMNS)}")
    return Columns(tuple(names.index(name) for name in COLUMNS), len(names))
