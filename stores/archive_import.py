"""Whole days of events that never went through the journal, into an archive that is in use.

Their files bear the offset 0: they were there before the journal's first entry, so they count at once and no flush
of the journal's events can meet them. What was imported carries its `origin` in each line.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from stores.archive_files import publish, write_temporary
from stores.archive_names import Family, day_dir, segment_path

_TRIES: Final = 3


def import_day(root: Path, day: date, family: Family, lines: Iterable[bytes]) -> Path:
    """Write a local day's events of a family, in the order of their receipt; done again it replaces them.

    The caller sees to it that each day is closed after this, and that nothing of it comes through the journal.

    Raises:
        OSError: the disk refused; the archive is as it was.
    """
    path = segment_path(day_dir(root, day), family, 0, 0)
    content = list(lines)
    for attempt in range(1, _TRIES + 1):
        temporary = write_temporary(path, content)
        try:
            publish([temporary])
        except FileNotFoundError:
            # The archive was opened at this very moment, and clears away what looks half-written.
            if attempt == _TRIES:
                raise
        else:
            break
    return path
