"""The rows of a drive-test file as cells, each with its number; never more than one line in memory."""

import csv
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from processors.drive_test.columns import WrongColumnsError
from processors.drive_test.sample import Refused, RowFault

LONGEST: Final = 4_096
_MARK: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
Row = tuple[int, list[str] | Refused]


class CampaignFile:
    """One file, read once from its beginning to its end.

    Attributes:
        digest: SHA-256 of its bytes, once it was read to its end.
    """

    def __init__(self, path: Path, progress: Callable[[int], None] = lambda _: None) -> None:
        self.path = path
        self.digest = ""
        self._progress = progress

    def rows(self) -> Iterator[Row]:
        """The header's cells as row 1, then each row that is not blank: its number in the file, and its cells.

        A row is one line: a cell can't hold a line break.

        Raises:
            WrongColumnsError: the file is empty or not in UTF-8 from the start.
            OSError: it can't be read.
        """
        digest = sha256()
        with self.path.open("rb") as stream:
            for number, line in enumerate(_lines(stream, digest.update), 1):
                if number == 1:
                    yield 1, _header(line)
                elif stripped := line.strip(b"\r\n"):
                    yield number, _cells(stripped)
                if not number & 0xFFFF:
                    self._progress(stream.tell())
            self._progress(stream.tell())
        self.digest = digest.hexdigest()


def _lines(stream: IO[bytes], seen: Callable[[bytes], object]) -> Iterator[bytes]:
    """Lines, of a too long one its beginning."""
    while line := stream.readline(LONGEST + 1):
        seen(line)
        rest = line
        while not rest.endswith(b"\n") and (rest := stream.readline(LONGEST)):
            seen(rest)
        yield line


def _header(line: bytes) -> list[str]:
    if line.startswith(_WIDE):
        raise WrongColumnsError("the file is in UTF-16: save it as UTF-8")
    found = _cells(line.removeprefix(_MARK).strip(b"\r\n"))
    if isinstance(found, Refused):
        raise WrongColumnsError(f"header: {found.detail}")
    return found


def _cells(line: bytes) -> list[str] | Refused:
    if len(line) > LONGEST:
        return Refused(RowFault.CELLS, f"a line of more than {LONGEST} bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Refused(
            RowFault.ENCODING, f"byte 0x{line[error.start]:02x} at place {error.start + 1} is no UTF-8"
        )
    if "\0" in text:
        return Refused(RowFault.ENCODING, "a NUL byte: save the file as UTF-8")
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        return Refused(RowFault.CELLS, f"quotes: {error}")
