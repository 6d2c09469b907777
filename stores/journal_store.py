"""The journal's database: SQLite in WAL mode, each write one transaction that is on disk when it returns."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import structlog

from schemas.metrics import (
    JOURNAL_APPENDED,
    JOURNAL_COMMIT_SECONDS,
    JOURNAL_DROPPED,
    JOURNAL_FAILED,
    JOURNAL_REPEATED,
)
from stores.doorbell import Doorbell
from stores.journal_entry import Appended, NewEntry, Refused
from stores.journal_errors import JournalError, OriginRefusedError, typed
from stores.journal_limits import DEFAULT_IDENTITY_MS, DEFAULT_MAX_BYTES, ListLimits
from stores.journal_reader import JournalReader, opened
from stores.journal_schema import connect, migrate
from stores.journal_transaction import JournalTransaction

T = TypeVar("T")
Job = Callable[[JournalTransaction], T]

# A step of retention holds the write lock for some milliseconds only.
_STEP = 2_000


class Journal(JournalReader):
    """The journal at `path`, shared by threads and, each with its own object, by processes.

    Methods block for a disk write at most: asyncio callers go through `GroupCommit`.

    Args:
        path: the database file.
        max_bytes: bound of the whole database; an append that would pass it is refused.
        identity_ms: how long at least an identity is remembered.
        lists: bounds of receipts and refused events.
        production: whether entries with an origin (simulated, imported) are refused.
        bells: rung after each commit that appended something.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        identity_ms: int = DEFAULT_IDENTITY_MS,
        lists: ListLimits | None = None,
        production: bool = False,
        bells: Sequence[Doorbell] = (),
    ) -> None:
        super().__init__(path, max_bytes)
        self.identity_ms = identity_ms
        self.lists = lists or ListLimits()
        self.production = production
        self._bells = tuple(bells)
        self._writer: sqlite3.Connection | None = None
        self._writing = threading.Lock()

    def open(self) -> None:
        """Open the file, and create it where it is new.

        Raises:
            JournalVersionError: a newer btswatch wrote it.
            JournalFullError: no room to create it.
            JournalUnavailableError: it is no journal, or can't be read.
        """
        if self._writer is not None:
            return
        try:
            writer = connect(self.path)
            try:
                migrate(writer, self.path)
                self._reader = connect(self.path, query_only=True)
            except BaseException:
                writer.close()
                raise
        except sqlite3.Error as error:
            raise typed(error, self.path, self.max_bytes) from error
        self._writer = writer

    def close(self) -> None:
        """Close the file, after a write that is under way."""
        with self._writing, self._reading:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, entries: Sequence[NewEntry], receipt: str | None = None) -> list[Appended]:
        """Make the entries durable in one transaction; an answer for each, in order.

        Raises:
            OriginRefusedError: simulated or imported entries in production.
            JournalFullError: no room; nothing was stored.
            JournalError: any other fault; nothing was stored.
        """
        self.check(entries)
        return self._one(lambda transaction: transaction.append(entries, receipt))

    def check(self, entries: Sequence[NewEntry]) -> None:
        """Whether entries of this origin may be stored here at all.

        Raises:
            OriginRefusedError: simulated or imported entries in production.
        """
        if not self.production:
            return
        for entry in entries:
            if entry.origin is not None:
                raise OriginRefusedError(self.path, entry.origin, entry.reporter, entry.id)

    def write(self, jobs: Sequence[Job[T]]) -> list[T]:
        """Run the jobs in one transaction; what each returned. Any error takes all of them back.

        Raises:
            JournalFullError: no room.
            JournalError: any other fault of the database.
            Exception: whatever a job raises.
        """
        started = time.perf_counter()
        try:
            with self._transaction() as transaction:
                results = [job(transaction) for job in jobs]
        except JournalError as error:
            JOURNAL_FAILED.counter().labels(type(error).__name__).inc()
            raise
        JOURNAL_COMMIT_SECONDS.histogram().observe(time.perf_counter() - started)
        self._count(transaction)
        if transaction.appended:
            for bell in self._bells:
                self._ring(bell)
        return results

    def _one(self, job: Job[T]) -> T:
        return self.write([job])[0]

    @contextmanager
    def _transaction(self) -> Iterator[JournalTransaction]:
        with self._writing:
            connection = opened(self._writer, self.path)
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield JournalTransaction(connection, self.path, self.max_bytes, self.lists)
                    connection.execute("COMMIT")
                except BaseException:
                    # A full disk makes SQLite roll back by itself.
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise typed(error, self.path, self.max_bytes) from error

    def _count(self, transaction: JournalTransaction) -> None:
        for kind, count in transaction.appended.items():
            JOURNAL_APPENDED.counter().labels(kind).inc(count)
        for outcome, count in transaction.repeated.items():
            JOURNAL_REPEATED.counter().labels(outcome).inc(count)
        for name, count in transaction.dropped.items():
            JOURNAL_DROPPED.counter().labels(name).inc(count)

    def _ring(self, bell: Doorbell) -> None:
        try:
            bell.ring()
        except OSError as error:
            # The entries are durable; the waiter finds them at its timeout.
            structlog.get_logger().warning("doorbell can't be rung", bell=str(bell.path), error=str(error))

    def save_receipt(self, receipt: str, reporter: str, at_ms: int, body: bytes) -> None:
        """Keep what a sender was answered with."""
        self._one(lambda transaction: transaction.save_receipt(receipt, reporter, at_ms, body))

    def close_receipts(self, now_ms: int) -> int:
        """Leave receipts that are open past their time as they are, for good; how many."""
        return self._one(lambda transaction: transaction.close_receipts(now_ms))

    def refuse(self, *refused: Refused) -> None:
        """Keep what was turned away, for replay."""
        self._one(lambda transaction: transaction.refuse(refused))

    def drop_refused(self, numbers: Sequence[int]) -> int:
        """Take refused events off the list; how many were there."""
        return self._one(lambda transaction: transaction.drop_refused(numbers))

    def commit(self, consumer: str, offset: int) -> None:
        """Note that the consumer has dealt with everything up to and including `offset`."""
        self._one(lambda transaction: transaction.commit(consumer, offset))

    def number(self, new: int) -> int:
        """The number that tells this journal's offsets from another's, kept in the file.

        Args:
            new: taken where it has none yet; 1 to 2^31 - 1, at random.
        """
        return self._one(lambda transaction: transaction.number(new))

    def register(self, consumer: str) -> None:
        """Make a consumer known, so that nothing it has not read is trimmed."""
        self._one(lambda transaction: transaction.register(consumer))

    def forget_consumer(self, consumer: str) -> None:
        """Stop keeping entries for a consumer that is gone for good."""
        self._one(lambda transaction: transaction.forget_consumer(consumer))

    def trim(self, keep_after_ms: int) -> int:
        """Delete entries received before `keep_after_ms`, in small steps; how many.

        Never one that the slowest registered consumer has not dealt with; without a consumer, none.
        """
        return self._in_steps(lambda transaction: transaction.trim(keep_after_ms, _STEP))

    def forget_identities(self, now_ms: int) -> int:
        """Forget identities older than `identity_ms`, in small steps; how many."""
        before_ms = now_ms - self.identity_ms
        return self._in_steps(lambda transaction: transaction.forget_identities(before_ms, _STEP))

    def _in_steps(self, step: Job[int]) -> int:
        total = 0
        while gone := self._one(step):
            total += gone
        return total


def new_number() -> int:
    """A number for a journal that has none yet, see `Journal.number`."""
    return 1 + secrets.randbelow(2**31 - 1)
