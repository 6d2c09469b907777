"""Names in the archive: what a file holds is told by its name, so that a crash leaves nothing to repair inside files.

DIR/through-000000001200                       everything up to offset 1200 is in the archive
DIR/note-000000001200                          what its writer wants to find again with just that (see Archive.flush)
DIR/2026/11/02/evidence-000000000001-000000001187.ndjson.gz
DIR/2026/11/02/MANIFEST                        sha256sum -c MANIFEST; names the merged files
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

MANIFEST = "MANIFEST"
# What is being written; never read, removed when the archive is opened.
TEMPORARY = ".tmp"


class Family(StrEnum):
    """What is read together."""

    EVIDENCE = "evidence"  # status, heartbeat: the most, one day at a time
    NOTICES = "notices"  # maintenance: few, all of them for each day
    OTHER = "other"  # measurement, report, inspection


FAMILY_OF_TYPE: Mapping[str, Family] = {
    "btswatch.status.v1": Family.EVIDENCE,
    "btswatch.heartbeat.v1": Family.EVIDENCE,
    "btswatch.maintenance.v1": Family.NOTICES,
    "btswatch.measurement.v1": Family.OTHER,
    "btswatch.report.v1": Family.OTHER,
    "btswatch.inspection.v1": Family.OTHER,
}

_SEGMENT = re.compile(r"(evidence|notices|other)-(\d{12,})-(\d{12,})\.ndjson\.gz")
_THROUGH = re.compile(r"through-(\d{12,})")
_NOTE = re.compile(r"note-(\d{12,})")


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of one family and day; `first` and `last` are the journal offsets of its first and last line."""

    path: Path
    family: Family
    first: int
    last: int

    def covers(self, other: "Segment") -> bool:
        """Whether it is a merged file that stands for the other one too."""
        return (
            self.family is other.family
            and self.first <= other.first
            and other.last <= self.last
            and self.path != other.path
        )


def segment_path(day_dir: Path, family: Family, first: int, last: int) -> Path:
    """Where such a segment lies."""
    return day_dir / f"{family.value}-{first:012d}-{last:012d}.ndjson.gz"


def segment_of(path: Path) -> Segment | None:
    """The segment a name tells of, None for any other file."""
    match = _SEGMENT.fullmatch(path.name)
    return Segment(path, Family(match[1]), int(match[2]), int(match[3])) if match else None


def through_path(root: Path, offset: int) -> Path:
    """The marker that says how far the archive reaches."""
    return root / f"through-{offset:012d}"


def through_markers(root: Path) -> dict[int, Path]:
    """All markers by offset; more than one only after a crash of the first flush, then the greatest holds."""
    found = ((path, _THROUGH.fullmatch(path.name)) for path in root.glob("through-*"))
    return {int(match[1]): path for path, match in found if match}


def note_path(root: Path, offset: int) -> Path:
    """The writer's note that counts while the archive reaches up to `offset`."""
    return root / f"note-{offset:012d}"


def notes(root: Path) -> dict[int, Path]:
    """All notes by offset; only the one of the marker that holds counts."""
    found = ((path, _NOTE.fullmatch(path.name)) for path in root.glob("note-*"))
    return {int(match[1]): path for path, match in found if match}


def day_dir(root: Path, day: date) -> Path:
    """Where a local day's segments lie."""
    return root / f"{day.year:04d}" / f"{day.month:02d}" / f"{day.day:02d}"


def day_dirs(root: Path) -> Iterator[tuple[date, Path]]:
    """The days that have a directory, in order."""
    for path in sorted(root.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")):
        year, month, day = path.parts[-3:]
        yield date(int(year), int(month), int(day)), path


def manifest_of(directory: Path) -> dict[str, str]:
    """SHA-256 by file name, as the day's manifest says; empty where it was never merged."""
    try:
        text = (directory / MANIFEST).read_text("ascii")
    except FileNotFoundError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}


def visible_segments(directory: Path, durable_offset: int) -> list[Segment]:
    """A day's segments that count, in journal order: each line once, whatever a crash left behind.

    A segment beyond `durable_offset` belongs to a flush that did not end. A merged file counts from the moment
    the manifest names it; from then on those that it covers do not.
    """
    found = [s for s in map(segment_of, directory.glob("*.ndjson.gz")) if s and s.last <= durable_offset]
    # Read after the names: who sees a merge's parts half deleted also sees the manifest that replaced them.
    manifest = manifest_of(directory)
    merged = [s for s in found if any(s.covers(other) for other in found)]
    standing = [s for s in found if s not in merged or s.path.name in manifest]
    counted = [s for s in standing if not any(other.covers(s) for other in standing)]
    return sorted(counted, key=lambda s: (s.family, s.first))
