"""With which day official figures begin."""

from datetime import date

from processors.core.conventions import Grid
from processors.core.decode import decode_one, microseconds
from stores.archive import ArchiveReader


def first_heard(archive: ArchiveReader, grid: Grid) -> date | None:
    """The first archived day of which something was received before its close: late evidence alone makes no day official."""
    for day in archive.days():
        close_us = grid.close_us(day.toordinal())
        for line in archive.read(day):
            event = decode_one(line)
            if isinstance(event, dict) and microseconds(event["receivedtime"]) <= close_us:
                return day
    return None
