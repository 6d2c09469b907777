"""A campaign's files, read to counts: every bad row refused with its number, every good one counted once."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from processors.drive_test.area import Area
from processors.drive_test.columns import WrongColumnsError, columns_of
from processors.drive_test.counting import Counting
from processors.drive_test.lines import CampaignFile, Row
from processors.drive_test.sample import Refused, RowFault, Rows
from processors.drive_test.spool import Spool

# Told of every row that does not count: file, number (the header is row 1), why, and what it says.
Refuse = Callable[[Path, int, RowFault, str], None]


@dataclass(slots=True)
class ReadFiles:
    """What became of the rows.

    Attributes:
        rows: below the headers; blank lines are none.
        good: counted.
        refused: how many by why.
        digests: SHA-256 of each file's bytes.
    """

    rows: int = 0
    good: int = 0
    refused: Counter[RowFault] = field(default_factory=Counter)
    digests: list[str] = field(default_factory=list)


def read_files(
    paths: Sequence[Path],
    counting: Counting,
    enterprises: Sequence[str],
    now_ms: int,
    directory: Path,
    refuse: Refuse,
    progress: Callable[[int], None] = lambda _: None,
    area: Area | None = None,
) -> ReadFiles:
    """Count all samples of the files. Memory does not grow with their length; `directory` takes 60 bytes a row.

    Args:
        paths: of one campaign.
        counting: what counts the samples.
        enterprises: the registry's ids, by the samples' index.
        now_ms: samples after it are refused.
        directory: where there is room for what is kept meanwhile.
        refuse: told of every refused row.
        progress: told how many bytes of the files were read.
        area: samples outside are refused; None: anywhere in Viet Nam.

    Raises:
        WrongColumnsError: a file's header can't be used; each line begins with the file.
        OSError: a file can't be read, or there is no room.
    """
    found = ReadFiles()

    def bad(path: Path, row: int, refused: Refused) -> None:
        found.refused[refused.fault] += 1
        refuse(path, row, refused.fault, refused.detail)

    index = {name: at for at, name in enumerate(enterprises)}
    with Spool(directory, sum(path.stat().st_size for path in paths)) as spool:
        done = 0
        for number, path in enumerate(paths):
            file = CampaignFile(path, partial(_further, progress, done))
            try:
                rows = file.rows()
                reader = Rows(columns_of(_header(rows)), index, now_ms, area)
                for row, cells in rows:
                    found.rows += 1
                    sample = cells if isinstance(cells, Refused) else reader.read(cells)
                    if isinstance(sample, Refused):
                        bad(path, row, sample)
                    else:
                        spool.add(number, row, sample)
            except WrongColumnsError as error:
                raise WrongColumnsError(*(f"{path}: {line}" for line in error.lines)) from error
            found.digests.append(file.digest)
            done += path.stat().st_size
        for (number, row), sample, before in spool.samples():
            if before is None:
                found.good += 1
                counting.add(sample)
            else:
                where = f"row {before[1]}" + (f" of {paths[before[0]]}" if before[0] != number else "")
                bad(paths[number], row, Refused(RowFault.DUPLICATE, f"the same as {where}"))
    return found


def _further(progress: Callable[[int], None], before: int, at: int) -> None:
    progress(before + at)


def _header(rows: Iterator[Row]) -> list[str]:
    for _, cells in rows:
        if isinstance(cells, list):
            return cells
    raise WrongColumnsError("the file is empty")
