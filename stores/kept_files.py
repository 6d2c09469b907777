"""Files of others that figures rest on, kept as they came, by the digest of their bytes."""

import gzip
import os
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Final

from stores.archive_files import make_directories, sync_directory

_BLOCK: Final = 1 << 20


class FileChangedError(Exception):
    """The file's bytes are not those that were read before."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} changed while it was read")
        self.path = path


def keep_file(path: Path, directory: Path, digest: str) -> Path:
    """Keep a file compressed as DIRECTORY/DIGEST.gz; where that is, once it is on disk.

    Args:
        path: the file.
        directory: made where it is absent.
        digest: SHA-256 (hexadecimal) of the bytes that it must have.

    Raises:
        FileChangedError: it has others.
        OSError: it can't be read, or there is no room.
    """
    kept = directory / f"{digest}.gz"
    if kept.exists():
        return kept
    make_directories(directory)
    temporary = directory / f"{digest}.gz.tmp"
    seen = sha256()
    try:
        with path.open("rb") as source, temporary.open("wb") as raw:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=1, mtime=0) as packed:
                while block := source.read(_BLOCK):
                    seen.update(block)
                    packed.write(block)
            raw.flush()
            os.fsync(raw.fileno())
        if seen.hexdigest() != digest:
            raise FileChangedError(path)
        temporary.rename(kept)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(directory)
    return kept


def is_whole(kept: Path, digest: str) -> bool:
    """Whether it is there and unpacks to the bytes of that SHA-256."""
    seen = sha256()
    try:
        with gzip.open(kept) as stream:
            while block := stream.read(_BLOCK):
                seen.update(block)
    except (OSError, EOFError, zlib.error):
        return False
    return seen.hexdigest() == digest
