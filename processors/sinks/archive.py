"""The archive sink: every event of the topic `evidence` into the archive exactly once, and how far it is complete.

Lines get numbers of the archive's own, in the order in which they are read. Where reading goes on, and what tells
repetitions, is the note of the same flush that makes the lines count (`Progress`): killed anywhere, both are as if
nothing had been since then.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from processors.sinks.archive_progress import ForeignNoteError, Progress
from processors.sinks.dead_letters import DeadLetters
from processors.sinks.evidence_message import (
    MalformedMessageError,
    Unreadable,
    control_of,
    forwarder_of,
    kind_of,
    lines_of,
)
from processors.sinks.port import Message, TargetRefusedError, TargetUnavailableError
from schemas.cluster_metrics import ARCHIVE_LOST, ARCHIVE_REPEATED, ARCHIVE_THROUGH
from schemas.settings.archive import ArchiveSettings
from schemas.time import to_ms
from stores.archive import Archive, ArchiveBusyError, ArchiveError, ArchiveMarkerError

TOPIC: Final = "evidence"
MALFORMED: Final = "malformed"
# Copies stand on every partition; from this one they are taken.
_COPIES_FROM: Final = 0


class ArchiveSink:
    """Writes evidence to an archive.

    Args:
        archive: opened and closed here; one process at a time has it.
        settings: when to write files.
        partitions: of the topic; the archive is complete when it has read all of them so far.
        floors: what an embedded engine archived before, as the journal offset by the forwarder of that journal;
            asked only where the archive was never written by this sink.
        dead_letters: for what can't be filed.
    """

    def __init__(
        self,
        archive: Archive,
        settings: ArchiveSettings,
        partitions: int,
        floors: Callable[[], Mapping[str, int]],
        dead_letters: DeadLetters,
    ) -> None:
        self._archive = archive
        self._settings = settings
        self._partitions = partitions
        self._floors = floors
        self._dead_letters = dead_letters
        self._log = structlog.get_logger().bind(sink="archive")
        self._progress = Progress()
        self._durable: dict[tuple[str, int], int] = {}
        self._number = 0
        self._flush_at = 0.0
        self._moved = False

    def open(self) -> None:
        """Take the archive, and go on where its note says."""
        try:
            self._archive.open()
            note = self._archive.note()
            self._progress = Progress.of_note(note) if note else Progress(floors=dict(self._floors()))
        except ArchiveBusyError as error:
            raise TargetRefusedError(
                f"{error}: one archive sink is enough, it reads all partitions"
            ) from error
        except ArchiveMarkerError as error:
            raise TargetRefusedError(str(error)) from error
        except ForeignNoteError as error:
            self._archive.close()
            raise TargetRefusedError(f"archive {self._archive.root}: its note: {error}") from error
        except OSError as error:
            raise TargetUnavailableError(f"archive {self._archive.root}: {error}") from error
        self._progress.partitions = self._partitions
        self._number = self._archive.durable_offset()
        self._flushed()

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Of what is in files."""
        return self._durable

    def lost(self, topic: str, partition: int, first: int, available: int) -> None:
        """Evidence is missing: nothing here can bring it back, so it is told, and the rest goes on."""
        ARCHIVE_LOST.counter().inc(available - first)
        self._log.error(
            "evidence is missing in the archive: the days that it belongs to are incomplete",
            topic=topic,
            partition=partition,
            messages=available - first,
        )

    def write(self, messages: Sequence[Message]) -> None:
        """Take the messages in; they are durable with a later flush, and `positions` tells which are."""
        # First: once one is taken nothing may fail, or it would come again and pass for a repetition.
        if self._archive.pending.bytes >= self._settings.flush_bytes:
            self._flush()
        for message in messages:
            try:
                self._take(message)
            except MalformedMessageError as error:
                self._dead_letters.send(message, MALFORMED, str(error))
        # Before the positions: the next flush would take for done what nobody has yet. Lines that come again are known.
        self._dead_letters.flush()
        for message in messages:
            self._progress.positions[message.partition] = message.offset + 1
            self._moved = True

    def idle(self, now_ms: int) -> None:  # noqa: ARG002 - the port's signature
        """Write files when it is time."""
        if self._moved and time.monotonic() >= self._flush_at:
            self._flush()

    def close(self) -> None:
        """Write what is pending, and give the archive up."""
        try:
            if self._moved:
                self._flush()
        finally:
            self._archive.close()

    def _take(self, message: Message) -> None:
        kind, forwarder = kind_of(message), forwarder_of(message)
        if kind == "control":
            what, through = control_of(message)
            if what == "tick" and isinstance(through, datetime):
                self._progress.ticked(forwarder, message.partition, to_ms(through))
            return
        if kind == "life" or (kind == "copy" and message.partition != _COPIES_FROM):
            return
        key = (message.key or b"").decode("ascii", "replace")
        before_ms = self._progress.before_ms.get(forwarder)
        for line in lines_of(message):
            if isinstance(line, Unreadable):
                self._dead_letters.send(message, MALFORMED, line.detail, body=line.body)
            elif not self._progress.is_new(forwarder, key, line.offset, line.received_ms):
                ARCHIVE_REPEATED.counter().inc()
            else:
                self._number += 1
                self._archive.append([(self._number, line.time_ms, line.type, line.body)])
        if self._progress.before_ms.get(forwarder) != before_ms:
            self._log.warning(
                "a journal came back from a backup: its offsets are given again", forwarder=forwarder
            )

    def _flush(self) -> None:
        # A number more than the last line's: the note of a flush without lines needs one of its own.
        through = max(self._number, self._archive.durable_offset() + 1)
        try:
            self._number = self._archive.flush(through, self._progress.note())
        except ArchiveError as error:
            raise TargetUnavailableError(str(error)) from error
        self._flushed()

    def _flushed(self) -> None:
        self._moved = False
        self._flush_at = time.monotonic() + self._settings.flush_s
        self._durable = {(TOPIC, number): at for number, at in self._progress.positions.items()}
        for name, through_ms in self._progress.forwarders_through(()).items():
            ARCHIVE_THROUGH.gauge().labels(name).set(through_ms / 1000)
