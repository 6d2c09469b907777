"""Writing and reading the archive's files. A file appears under its name complete and on disk, or not at all."""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from hashlib import file_digest
from pathlib import Path

from stores.archive_names import TEMPORARY


class ArchiveError(Exception):
    """The archive can't do what was asked; what it held before is as it was."""


class ArchiveBusyError(ArchiveError):
    """Another process writes this archive."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"archive {root}: another process writes to it")
        self.root = root


class ArchiveWriteError(ArchiveError):
    """The disk refused. The lines stay pending: flush again when there is room."""

    def __init__(self, root: Path, error: OSError) -> None:
        super().__init__(f"archive {root}: {error.strerror or error}")
        self.root = root
        self.errno = error.errno


class ArchiveMarkerError(ArchiveError):
    """The marker does not reach what is in the archive: as it stands, evidence would be taken for an unfinished flush."""

    def __init__(self, root: Path, path: Path, durable: int | None) -> None:
        reaches = "has lost its marker through-*" if durable is None else f"its marker reaches {durable} only"
        super().__init__(
            f"archive {root}: {reaches}, and {path.relative_to(root)} is there: an incomplete copy? Nothing was"
            " touched: copy it again whole, while nothing writes it"
        )
        self.root = root
        self.path = path
        self.durable = durable


class ArchiveDamagedError(ArchiveError):
    """A file does not read back as it was written."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"archive file {path}: {detail}")
        self.path = path
        self.detail = detail


def write_temporary(path: Path, lines: Iterable[bytes]) -> Path:
    """Write the lines, compressed and synced, beside `path`; `publish` gives the file its name."""
    make_directories(path.parent)
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open("wb") as raw:
            # No name and time in the header: the same lines make the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
                packed.writelines(line + b"\n" for line in lines)
            raw.flush()
            os.fsync(raw.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def write_text(path: Path, text: str) -> None:
    """Replace a small text file as a whole."""
    temporary = path.with_name(path.name + TEMPORARY)
    with temporary.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    publish([temporary])


def publish(temporaries: Iterable[Path]) -> None:
    """Give the files their names, durably."""
    directories = set()
    for temporary in temporaries:
        temporary.replace(temporary.with_name(temporary.name.removesuffix(TEMPORARY)))
        directories.add(temporary.parent)
    for directory in directories:
        sync_directory(directory)


def make_directories(directory: Path) -> None:
    """Like mkdir -p, so that the new directories survive a power cut too."""
    if directory.is_dir():
        return
    make_directories(directory.parent)
    directory.mkdir(exist_ok=True)
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in the directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_lines(path: Path) -> Iterator[bytes]:
    """The file's lines without their newlines, one at a time.

    Raises:
        ArchiveDamagedError: it is no complete gzip file.
        FileNotFoundError: it is gone (merged meanwhile).
    """
    with gzip.open(path, "rb") as packed:
        lines = iter(packed)
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise ArchiveDamagedError(path, str(error)) from error
            yield line.rstrip(b"\n")


def sha256_of(path: Path) -> str:
    """The digest of the file's bytes, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
