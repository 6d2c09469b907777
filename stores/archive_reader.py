"""Reading the archive: a day's lines as a stream, from any process, also while it is written and merged."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stores.archive_files import ArchiveDamagedError, read_lines, sha256_of
from stores.archive_names import (
    Family,
    day_dir,
    day_dirs,
    manifest_of,
    note_path,
    through_markers,
    visible_segments,
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a day's files found.

    Attributes:
        day: the local day.
        files: how many files were read through.
        lines: how many lines they hold.
        merged: whether every file stands in the manifest with its SHA-256.
        problems: one sentence each; empty when all is well.
    """

    day: date
    files: int
    lines: int
    merged: bool
    problems: tuple[str, ...]


class ArchiveReader:
    """The archive in the directory `root`; nothing has to be opened for reading."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def is_one(self) -> bool:
        """Whether the directory is an archive at all."""
        return bool(through_markers(self.root))

    def durable_offset(self) -> int:
        """The journal offset up to which everything is in files; 0 for an archive that is new."""
        return max(through_markers(self.root), default=0)

    def note(self) -> str | None:
        """What its writer noted with the last flush; None where it noted nothing."""
        while True:
            durable = self.durable_offset()
            try:
                return note_path(self.root, durable).read_text("utf-8")
            except FileNotFoundError:
                # Flushed meanwhile: another note counts now.
                if durable == self.durable_offset():
                    return None

    def days(self) -> list[date]:
        """The local days that have files, in order."""
        durable = self.durable_offset()
        return [day for day, directory in day_dirs(self.root) if visible_segments(directory, durable)]

    def read(self, day: date, families: Collection[Family] = tuple(Family)) -> Iterator[bytes]:
        """The day's archived events as JSON lines, family by family, each in journal order.

        Raises:
            ArchiveDamagedError: a file does not read back.
        """
        for family in Family:
            if family in families:
                yield from self._family(day, family)

    def notices(self, up_to: date) -> Iterator[bytes]:
        """All maintenance notices whose own time lies on `up_to` or on an earlier day."""
        for day in self.days():
            if day <= up_to:
                yield from self.read(day, (Family.NOTICES,))

    def verify(self, day: date) -> Verification:
        """Read all of the day's files through and compare them with the manifest."""
        while True:
            try:
                return self._verify(day)
            except FileNotFoundError:
                # Merged meanwhile: what stands there now is to be verified.
                continue

    def _verify(self, day: date) -> Verification:
        directory = day_dir(self.root, day)
        manifest = manifest_of(directory)
        segments = visible_segments(directory, self.durable_offset())
        names = {segment.path.name for segment in segments}
        problems = [f"{name}: named by the manifest, but missing" for name in sorted(set(manifest) - names)]
        lines = 0
        for segment in segments:
            try:
                lines += sum(1 for _ in read_lines(segment.path))
            except ArchiveDamagedError as error:
                problems.append(f"{segment.path.name}: {error.detail}")
            expected = manifest.get(segment.path.name)
            if expected is not None and sha256_of(segment.path) != expected:
                problems.append(f"{segment.path.name}: not the bytes that the manifest names")
        return Verification(day, len(segments), lines, set(manifest) == names, tuple(problems))

    def _family(self, day: date, family: Family) -> Iterator[bytes]:
        directory = day_dir(self.root, day)
        done = 0
        while True:
            segments = [s for s in visible_segments(directory, self.durable_offset()) if s.family is family]
            position = 0
            try:
                for segment in segments:
                    for line in read_lines(segment.path):
                        position += 1
                        if position > done:
                            done = position
                            yield line
            except FileNotFoundError:
                # Merged meanwhile: the same lines in the same order stand in another file now.
                continue
            return
