"""Taking old days out of the archive: whole days, each at once, and how much the days hold."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from stores.archive_files import ArchiveWriteError, sha256_of, sync_directory
from stores.archive_names import Family, day_dir, manifest_of, visible_segments
from stores.archive_reader import ArchiveReader

_GONE: Final = ".gone"


@dataclass(frozen=True, slots=True)
class DayFiles:
    """A local day's files: bytes on disk by family, and the SHA-256 of each file by its name."""

    day: date
    bytes: dict[str, int]
    digests: dict[str, str]

    @property
    def size(self) -> int:
        """All bytes."""
        return sum(self.bytes.values())


def files_of(archive: ArchiveReader, day: date, *, digests: bool = True) -> DayFiles:
    """What the archive has of the day; digests are those of the manifest, or computed where it was never merged."""
    directory = day_dir(archive.root, day)
    manifest = manifest_of(directory) if digests else {}
    sizes = dict.fromkeys((family.value for family in Family), 0)
    found = {}
    for segment in visible_segments(directory, archive.durable_offset()):
        sizes[segment.family.value] += segment.path.stat().st_size
        if digests:
            found[segment.path.name] = manifest.get(segment.path.name) or sha256_of(segment.path)
    return DayFiles(day, sizes, found)


def remove_day(root: Path, day: date) -> None:
    """Take the day away: at once out of readers' sight, then from the disk. Doing it again is harmless.

    Raises:
        ArchiveWriteError: the disk refused; the day is there whole, or gone from sight.
    """
    directory = day_dir(root, day)
    gone = directory.with_name(directory.name + _GONE)
    try:
        if directory.exists():
            if gone.exists():
                # Events came for the day after a removal that was interrupted.
                shutil.rmtree(gone)
            directory.rename(gone)
            sync_directory(gone.parent)
        if gone.exists():
            shutil.rmtree(gone)
    except OSError as error:
        raise ArchiveWriteError(root, error) from error


def half_gone(root: Path) -> Iterator[date]:
    """Days that were taken out of sight and are on the disk yet, since a removal was interrupted."""
    for path in sorted(root.glob(f"[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]{_GONE}")):
        year, month, day = path.parts[-3:]
        yield date(int(year), int(month), int(day.removesuffix(_GONE)))
