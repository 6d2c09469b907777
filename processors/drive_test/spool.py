"""Good rows on disk until the whole campaign is read: so that repetitions are found, and memory stays bounded.

A row goes to one of many files by the digest of its content; equal rows meet in one file, which fits into memory.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Final, Self

from processors.drive_test.sample import Sample

MOST_PARTITIONS: Final = 256
# Of input for each: some ten thousand rows.
_PARTITION_BYTES: Final = 4 << 20
_CONTENT: Final = Struct("<qiiHBiiib")
_RECORD: Final = Struct(f"<16sHI{_CONTENT.size}s")
_ABSENT: Final = -(1 << 31)
Place = tuple[int, int]


class Spool:
    """Takes rows in order, gives them back by content.

    Args:
        directory: where there is room. The files have no names: nothing is left behind, however the process ends.
        input_bytes: how much text the rows come from: decides on how many files they are spread.
    """

    def __init__(self, directory: Path, input_bytes: int) -> None:
        self._directory = directory
        self._partitions = min(MOST_PARTITIONS, 1 + input_bytes // _PARTITION_BYTES)
        self._files: list[IO[bytes]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._files = [
            self._stack.enter_context(TemporaryFile(dir=self._directory))  # noqa: SIM115 - the stack closes it
            for _ in range(self._partitions)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, file: int, row: int, sample: Sample) -> None:
        """Keep a good row."""
        content = _CONTENT.pack(
            sample.time_ms,
            sample.lat,
            sample.lon,
            sample.enterprise,
            sample.technology,
            _ABSENT if sample.signal is None else sample.signal,
            _ABSENT if sample.download is None else sample.download,
            _ABSENT if sample.upload is None else sample.upload,
            -1 if sample.outcome is None else sample.outcome,
        )
        digest = blake2b(content, digest_size=16).digest()
        self._files[digest[0] % self._partitions].write(_RECORD.pack(digest, file, row, content))

    def samples(self) -> Iterator[tuple[Place, Sample, Place | None]]:
        """Every row: its file and number, its sample, and where the same stood before; None for the first."""
        for file in self._files:
            file.seek(0)
            first: dict[bytes, Place] = {}
            for digest, at, row, content in _RECORD.iter_unpack(file.read()):
                place = at, row
                before = first.setdefault(digest, place)
                yield place, _sample(content), None if before is place else before


def _sample(content: bytes) -> Sample:
    time_ms, lat, lon, enterprise, technology, signal, download, upload, outcome = _CONTENT.unpack(content)
    return Sample(
        time_ms,
        lat,
        lon,
        enterprise,
        technology,
        None if signal == _ABSENT else signal,
        None if download == _ABSENT else download,
        None if upload == _ABSENT else upload,
        None if outcome == -1 else outcome,
    )
