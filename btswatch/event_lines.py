"""Archived events from wherever they lie: NDJSON files, plain or compressed, directories of them, an archive."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from schemas.refusal import Refusal
from stores.archive import ArchiveError, ArchiveReader

# Far above any event; a longer line is no event, and is never held in memory.
LONGEST_LINE: Final = 4 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SHOWN: Final = 200

Refused = Callable[[bytes, Refusal, str], None]


class EventFileError(Exception):
    """A file or directory that can't be read; the message begins with its path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def event_lines(paths: Sequence[Path], refused: Refused, longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """The lines that are not blank, in order, without what surrounds them.

    Args:
        paths: files, directories of files, archives.
        refused: told of each line above `longest` bytes: its beginning, code, detail.
        longest: bytes that a line may have.

    Raises:
        EventFileError: something can't be read, or is broken.
    """
    for path in paths:
        try:
            yield from (
                _of_directory(path, refused, longest) if path.is_dir() else _of_file(path, refused, longest)
            )
        except EOFError as error:
            raise EventFileError(path, "is cut short: it was not written to its end") from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise EventFileError(path, f"is broken: {error}") from error
        except (OSError, ArchiveError) as error:
            raise EventFileError(path, getattr(error, "strerror", None) or str(error)) from error


def _of_directory(directory: Path, refused: Refused, longest: int) -> Iterator[bytes]:
    archive = ArchiveReader(directory)
    if archive.is_one():
        # It knows which of its files count, also while days are written and merged.
        for day in archive.days():
            yield from archive.read(day)
        return
    files = sorted([*directory.rglob("*.ndjson.gz"), *directory.rglob("*.ndjson")])
    if not files:
        raise EventFileError(directory, "holds no *.ndjson or *.ndjson.gz file, nor does any directory in it")
    yield from event_lines(files, refused, longest)


def _of_file(path: Path, refused: Refused, longest: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        packed = path.suffix == ".gz" or stream.peek(len(_GZIP)).startswith(_GZIP)
        # An empty file is no event, compressed or not.
        if not packed or not stream.peek(1):
            yield from _lines(stream, refused, longest)
            return
        with gzip.GzipFile(fileobj=stream) as unpacked, io.BufferedReader(unpacked) as buffered:
            yield from _lines(buffered, refused, longest)


def _lines(stream: IO[bytes], refused: Refused, longest: int) -> Iterator[bytes]:
    line = stream.readline(longest + 1).removeprefix(_BYTE_ORDER_MARK)
    while line:
        if len(line) > longest:
            refused(line[:_SHOWN], Refusal.TOO_LARGE, f"a line of more than {longest} bytes")
            while line and not line.endswith(b"\n"):
                line = stream.readline(longest)
        elif stripped := line.strip():
            yield stripped
        line = stream.readline(longest + 1)
