"""One file per family of a day, from the parts that flushes left: what was there before counts until the manifest says otherwise."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from stores.archive_files import (
    ArchiveDamagedError,
    ArchiveWriteError,
    publish,
    read_lines,
    sha256_of,
    write_temporary,
    write_text,
)
from stores.archive_names import (
    MANIFEST,
    Family,
    Segment,
    day_dir,
    manifest_of,
    segment_path,
    visible_segments,
)


class GivenUpError(Exception):
    """A merge was told to stop."""


def merge_day(root: Path, day: date, durable: int, stopping: Callable[[], bool]) -> bool:
    """Merge what counts of the day up to the durable offset; False where it is merged already.

    Raises:
        ArchiveDamagedError: a file does not read back; nothing is changed.
        GivenUpError: `stopping` said so; nothing is changed.
        ArchiveWriteError: the disk refused; nothing is changed.
    """
    directory = day_dir(root, day)
    manifest = manifest_of(directory)
    segments = visible_segments(directory, durable)
    names = {segment.path.name for segment in segments}
    # A new manifest would forget that they were ever there.
    if lost := sorted(manifest.keys() - names):
        raise ArchiveDamagedError(directory / lost[0], "named by the manifest, but missing")
    if names == manifest.keys():
        return False
    for segment in segments:
        expected = manifest.get(segment.path.name)
        if expected is not None and sha256_of(segment.path) != expected:
            raise ArchiveDamagedError(segment.path, "not the bytes that the manifest names")
    try:
        merged = [
            _merged(directory, parts, manifest, stopping)
            for family in Family
            if (parts := [segment for segment in segments if segment.family is family])
        ]
        # From this name on the merged files count and their parts do not.
        text = "".join(f"{sha256_of(path)}  {path.name}\n" for path in merged)
        write_text(directory / MANIFEST, text)
    except OSError as error:
        raise ArchiveWriteError(root, error) from error
    for segment in segments:
        if segment.path not in merged:
            segment.path.unlink(missing_ok=True)
    return True


def _merged(
    directory: Path, parts: Sequence[Segment], manifest: Mapping[str, str], stopping: Callable[[], bool]
) -> Path:
    if len(parts) == 1:
        if parts[0].path.name not in manifest:
            # Its digest is to be vouched for from now on.
            deque(_lines_of(parts, stopping), maxlen=0)
        return parts[0].path
    path = segment_path(directory, parts[0].family, parts[0].first, parts[-1].last)
    publish([write_temporary(path, _lines_of(parts, stopping))])
    return path


def _lines_of(parts: Sequence[Segment], stopping: Callable[[], bool]) -> Iterator[bytes]:
    for part in parts:
        for line in read_lines(part.path):
            if stopping():
                raise GivenUpError
            yield line
