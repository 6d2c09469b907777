"""Reading the journal: in order from an offset, by any number of processes beside the writers."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.metrics import JOURNAL_BYTES
from stores.journal_entry import KeptReceipt, Kind, Refused, Settled, Stored
from stores.journal_errors import JournalUnavailableError, typed
from stores.journal_transaction import SELECT_REFUSED, last_offset, refused_of, used_bytes

# Enough for one step of a reader; keeps memory bounded when bodies are large.
READ_BYTES = 8 << 20

_READ: Mapping[frozenset[Kind], str] = {
    # Literals, so that the partial index on traps is used: they are few among many events.
    frozenset({"event", "trap"}): "",
    frozenset({"event"}): "AND kind = 'event'",
    frozenset({"trap"}): "AND kind = 'trap'",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """How much a bounded list holds, and how many of its oldest it has dropped since it exists."""

    count: int
    bytes: int
    dropped: int


class JournalReader:
    """The reading half of a journal; threads share it."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._reader: sqlite3.Connection | None = None
        self._reading = threading.Lock()

    def read(
        self, after: int, limit: int, kinds: Sequence[Kind] | None = None, most_bytes: int = READ_BYTES
    ) -> list[Stored]:
        """Up to `limit` entries behind offset `after`, in order; fewer where their bodies come to `most_bytes`.

        Empty means: none (of these kinds) up to what `last_offset` said before the call.
        """
        where = _READ[frozenset(kinds) if kinds else frozenset({"event", "trap"})]
        query = (
            f"SELECT offset, kind, reporter, received_ms, body FROM entry WHERE offset > ? {where}"  # noqa: S608 - constants
            " ORDER BY offset LIMIT ?"
        )
        found: list[Stored] = []
        size = 0
        with self._read() as connection, closing(connection.execute(query, (after, limit))) as rows:
            for row in rows:
                found.append(Stored(*row))
                size += len(row[4])
                if size >= most_bytes:
                    break
        return found

    def last_offset(self) -> int:
        """The offset of the last entry ever appended, 0 before the first."""
        with self._read() as connection:
            return last_offset(connection)

    def first_offset(self) -> int | None:
        """The offset of the oldest entry that is still here."""
        with self._read() as connection:
            return connection.execute("SELECT min(offset) FROM entry").fetchone()[0]  # type: ignore[no-any-return] # INTEGER or NULL

    def position(self, consumer: str) -> int:
        """Up to where the consumer has dealt with entries; 0 for one that is not known."""
        return self.consumers().get(consumer, 0)

    def consumers(self) -> dict[str, int]:
        """The registered consumers' positions."""
        with self._read() as connection:
            return dict(connection.execute("SELECT consumer, offset FROM position"))

    def receipt(self, receipt: str, reporter: str) -> bytes | None:
        """What the reporter was answered with; None also where the receipt is another's."""
        query = "SELECT body FROM receipt WHERE id = ? AND reporter = ?"
        with self._read() as connection:
            row = connection.execute(query, (receipt, reporter)).fetchone()
        return row[0] if row else None

    def receipts(self, after: int, limit: int) -> list[KeptReceipt]:
        """Receipts whose number is above `after`, in order, up to the first whose content may still change.

        The oldest were evicted where the list was full.
        """
        query = (
            "SELECT number, id, reporter, at_ms, body FROM receipt WHERE number > ? AND number <"
            " (SELECT coalesce(min(number), 9223372036854775807) FROM receipt WHERE open_until_ms IS NOT NULL)"
            " ORDER BY number LIMIT ?"
        )
        with self._read() as connection:
            return [KeptReceipt(*row) for row in connection.execute(query, (after, limit))]

    def refused(self, after: int = 0, limit: int = 1000) -> list[Refused]:
        """Refused events whose number is above `after`, oldest first."""
        query = f"{SELECT_REFUSED} WHERE number > ? ORDER BY number LIMIT ?"
        with self._read() as connection:
            return [refused_of(row) for row in connection.execute(query, (after, limit))]

    def settled(self, after: int = 0, limit: int = 1000) -> list[Settled]:
        """What was replayed or dropped, with numbers above `after`, oldest first. As many are kept as refused ones."""
        query = (
            "SELECT number, at_ms, reporter, entrance, code, detail, action, settled_ms, actor, note"
            " FROM settled WHERE number > ? ORDER BY number LIMIT ?"
        )
        with self._read() as connection:
            return [Settled(*row) for row in connection.execute(query, (after, limit))]

    def tallies(self) -> dict[str, Tally]:
        """What the lists `receipt` and `refused` hold."""
        with self._read() as connection:
            rows = connection.execute("SELECT list, count, bytes, dropped FROM tally").fetchall()
        return {name: Tally(*rest) for name, *rest in rows}

    def used_bytes(self) -> int:
        """What the database holds of `max_bytes`; also sets the gauge."""
        with self._read() as connection:
            used = used_bytes(connection)
        JOURNAL_BYTES.gauge().set(used)
        return used

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._reading:
            try:
                yield opened(self._reader, self.path)
            except sqlite3.Error as error:
                raise typed(error, self.path, self.max_bytes) from error


def opened(connection: sqlite3.Connection | None, path: Path) -> sqlite3.Connection:
    """The connection, or the reason why there is none."""
    if connection is None:
        raise JournalUnavailableError(path, "is not open")
    return connection
