"""What one transaction of the journal can do. All of it becomes durable together, or none of it."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from stores.journal_entry import Action, Appended, NewEntry, Outcome, Refused
from stores.journal_errors import JournalFullError
from stores.journal_limits import ListLimits

# Below SQLite's oldest limit of 999 variables.
_KEYS_A_QUERY = 500

SELECT_REFUSED = "SELECT at_ms, reporter, entrance, code, detail, body, truncated, number, tries FROM refused"


class JournalTransaction:
    """An open transaction, handed to the jobs of `Journal.write`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, max_bytes: int, lists: ListLimits) -> None:
        self._connection = connection
        self._path = path
        self._max_bytes = max_bytes
        self._lists = lists
        self._last = last_offset(connection)
        self.appended: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def append(self, entries: Sequence[NewEntry], receipt: str | None = None) -> list[Appended]:
        """Store those whose identity is new; an answer for each, in order.

        Raises:
            JournalFullError: the journal would pass its bound.
        """
        keys = [identity_key(entry) if entry.identified else b"" for entry in entries]
        known = self._known(keys)
        answers: list[Appended] = []
        rows: list[tuple[int, str, str, int, bytes]] = []
        identities: list[tuple[int, bytes, bytes, int, str | None]] = []
        for entry, key in zip(entries, keys, strict=True):
            if key in known:
                answers.append(self._repeated(entry, *known[key]))
                continue
            self._last += 1
            rows.append((self._last, entry.kind, entry.reporter, entry.received_ms, entry.body))
            if key:
                identities.append((self._last, key, entry.digest, entry.received_ms, receipt))
                known[key] = (self._last, entry.digest, receipt)
            self.appended[entry.kind] += 1
            answers.append(Appended(Outcome.ACCEPTED, self._last, receipt))
        if rows:
            self._connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
            self._connection.executemany("INSERT INTO identity VALUES (?, ?, ?, ?, ?)", identities)
            used = used_bytes(self._connection)
            if used > self._max_bytes:
                raise JournalFullError(self._path, used, self._max_bytes)
        return answers

    def save_receipt(
        self, receipt: str, reporter: str, at_ms: int, body: bytes, open_until_ms: int | None = None
    ) -> None:
        """Keep what a sender was answered with. A receipt that exists stays as it is.

        With `open_until_ms` the answer is not given yet: until then `settle_receipt` may put another content in its
        place, and it is not among `receipts`.
        """
        self._connection.execute(
            "INSERT OR IGNORE INTO receipt(id, reporter, at_ms, body, open_until_ms) VALUES (?, ?, ?, ?, ?)",
            (receipt, reporter, at_ms, body, open_until_ms),
        )
        self._evict("receipt", self._lists.receipts, self._lists.receipts_bytes)

    def settle_receipt(self, receipt: str, body: bytes) -> bool:
        """Its content for good; False where it is open no more, and stays as it is."""
        done = self._connection.execute(
            "UPDATE receipt SET body = ?, open_until_ms = NULL WHERE id = ? AND open_until_ms IS NOT NULL",
            (body, receipt),
        ).rowcount
        return done > 0

    def close_receipts(self, now_ms: int) -> int:
        """Leave those that are open past their time as they are, for good; how many."""
        return self._connection.execute(
            "UPDATE receipt SET open_until_ms = NULL WHERE open_until_ms <= ?", (now_ms,)
        ).rowcount

    def refuse(self, refused: Sequence[Refused]) -> None:
        """Keep what was turned away. The oldest go when there are too many."""
        longest = self._lists.refused_body_bytes
        self._connection.executemany(
            "INSERT INTO refused(at_ms, reporter, entrance, code, detail, body, truncated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (r.at_ms, r.reporter, r.entrance, r.code, r.detail, r.body[:longest],
                 r.truncated or len(r.body) > longest)
                for r in refused
            ),
        )  # fmt: skip
        self._evict("refused", self._lists.refused, self._lists.refused_bytes)

    def drop_refused(self, numbers: Sequence[int]) -> int:
        """Take them off the list (dealt with, or replayed); how many were there."""
        gone = self._connection.executemany("DELETE FROM refused WHERE number = ?", ((n,) for n in numbers))
        return gone.rowcount

    def refused_one(self, number: int) -> Refused | None:
        """The refused thing of this number, while it is on the list."""
        row = self._connection.execute(f"{SELECT_REFUSED} WHERE number = ?", (number,)).fetchone()
        return refused_of(row) if row else None

    def refuse_again(self, number: int, code: str, detail: str) -> None:
        """It was put back and refused again: it stays where it is, with the newest reason."""
        self._connection.execute(
            "UPDATE refused SET code = ?, detail = ?, tries = tries + 1 WHERE number = ?",
            (code, detail, number),
        )

    def settle(self, number: int, action: Action, settled_ms: int, actor: str, note: str) -> bool:
        """Take it off the list and remember who did so and why; False where it is on the list no more."""
        done = self._connection.execute(
            "INSERT INTO settled SELECT number, at_ms, reporter, entrance, code, detail, ?, ?, ?, ?"
            " FROM refused WHERE number = ?",
            (action, settled_ms, actor, note, number),
        ).rowcount
        self.drop_refused([number])
        self._connection.execute(
            "DELETE FROM settled WHERE number <= (SELECT max(number) FROM settled) - ?",
            (self._lists.refused,),
        )
        return done > 0

    def number(self, new: int) -> int:
        """The number that tells this journal's offsets from another's; `new` (above 0) where it has none yet."""
        known = int(self._connection.execute("PRAGMA application_id").fetchone()[0])
        if known:
            return known
        self._connection.execute(f"PRAGMA application_id = {new:d}")
        return new

    def commit(self, consumer: str, offset: int) -> None:
        """Note that the consumer has dealt with everything up to and including `offset`.

        Raises:
            ValueError: `offset` lies behind the journal's end (another journal's position?).
        """
        if not 0 <= offset <= self._last:
            raise ValueError(f"position {offset} of {consumer} is not in 0..{self._last}")
        self._connection.execute(
            "INSERT INTO position VALUES (?, ?) ON CONFLICT(consumer) DO UPDATE SET offset = excluded.offset",
            (consumer, offset),
        )

    def register(self, consumer: str) -> None:
        """Make a consumer known, from 0 on, so that nothing it has not read is trimmed."""
        self._connection.execute("INSERT OR IGNORE INTO position VALUES (?, 0)", (consumer,))

    def forget_consumer(self, consumer: str) -> None:
        """Stop keeping entries for a consumer that is gone for good."""
        self._connection.execute("DELETE FROM position WHERE consumer = ?", (consumer,))

    def trim(self, keep_after_ms: int, at_most: int) -> int:
        """Delete up to `at_most` of the oldest entries received before `keep_after_ms`; how many.

        Never one that a registered consumer has not dealt with; without a consumer, none.
        """
        return self._connection.execute(
            "DELETE FROM entry WHERE offset IN (SELECT offset FROM entry ORDER BY offset LIMIT ?)"
            " AND received_ms < ? AND offset <= (SELECT min(offset) FROM position)",
            (at_most, keep_after_ms),
        ).rowcount

    def forget_identities(self, before_ms: int, at_most: int) -> int:
        """Forget up to `at_most` of the oldest identities received before `before_ms`; how many."""
        return self._connection.execute(
            "DELETE FROM identity WHERE offset IN (SELECT offset FROM identity ORDER BY offset LIMIT ?)"
            " AND received_ms < ?",
            (at_most, before_ms),
        ).rowcount

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, bytes, str | None]]:
        known: dict[bytes, tuple[int, bytes, str | None]] = {}
        for chunk in _chunks(iter({key for key in keys if key})):
            marks = ",".join("?" * len(chunk))
            query = f"SELECT key, offset, digest, receipt FROM identity WHERE key IN ({marks})"  # noqa: S608 - only question marks
            known.update(
                (key, (at, digest, receipt))
                for key, at, digest, receipt in self._connection.execute(query, chunk)
            )
        return known

    def _repeated(self, entry: NewEntry, offset: int, digest: bytes, receipt: str | None) -> Appended:
        outcome = Outcome.DUPLICATE if digest == entry.digest else Outcome.CONFLICT
        self.repeated[outcome.value] += 1
        return Appended(outcome, offset, receipt)

    def _evict(self, name: str, most: int, most_bytes: int) -> None:
        """Delete the oldest of the list until it keeps its bounds, and count them."""
        oldest = {
            "receipt": "DELETE FROM receipt WHERE number = (SELECT min(number) FROM receipt)",
            "refused": "DELETE FROM refused WHERE number = (SELECT min(number) FROM refused)",
        }[name]
        tally = "SELECT count, bytes FROM tally WHERE list = ?"
        while True:
            count, size = self._connection.execute(tally, (name,)).fetchone()
            if count <= most and (size <= most_bytes or count == 0):
                return
            self._connection.execute(oldest)
            self._connection.execute("UPDATE tally SET dropped = dropped + 1 WHERE list = ?", (name,))
            self.dropped[name] += 1


def refused_of(row: tuple[Any, ...]) -> Refused:
    """A row of SELECT_REFUSED."""
    at_ms, reporter, entrance, code, detail, body, truncated, number, tries = row
    return Refused(at_ms, reporter, entrance, code, detail, body, bool(truncated), number, tries)


def identity_key(entry: NewEntry) -> bytes:
    """(reporter, source, id) in 16 bytes. None of the three can hold a NUL, which so parts them."""
    return blake2b(f"{entry.reporter}\0{entry.source}\0{entry.id}".encode(), digest_size=16).digest()


def last_offset(connection: sqlite3.Connection) -> int:
    """The offset of the last entry ever appended, 0 before the first."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
    return int(row[0]) if row else 0


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the database holds; pages that trimming gave back are not counted, they are used again."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _chunks(keys: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(islice(keys, _KEYS_A_QUERY)):
        yield chunk
