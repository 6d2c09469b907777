"""Enterprises' API keys: who may report as whom. The secret itself is never stored, only its SHA-256.

A token is `bw_<keyid>_<secret>`; the secret is 256 random bits, shown once. Nobody guesses those, so a slow hash, made
for passwords, would only slow the gateway down. Several processes read the file; the command line writes it. Every
change leaves a line in the audit table, by whom and when.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

KEY_ID_BYTES: Final = 5
SECRET_BYTES: Final = 32
LONGEST_NOTE: Final = 200

_METADATA: Final = sa.MetaData()
_KEYS: Final = sa.Table(
    "api_keys",
    _METADATA,
    sa.Column("key_id", sa.String(20), primary_key=True),
    sa.Column("enterprise", sa.String(200), nullable=False),
    sa.Column("hash", sa.String(200), nullable=False),
    sa.Column("last4", sa.String(4), nullable=False),
    sa.Column("note", sa.String(LONGEST_NOTE), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
)
_AUDIT: Final = sa.Table(
    "api_key_audit",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("key_id", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(LONGEST_NOTE), nullable=False),
)


class KeyStoreError(Exception):
    """The file of keys can't be read or written."""


class UnknownKeyError(Exception):
    """No key has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no key has the id {key_id!r}")
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored. Instants are milliseconds; `expires_ms` and `revoked_ms` are None where they don't apply."""

    key_id: str
    enterprise: str
    hash: str
    last4: str
    note: str
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None

    def valid_at(self, now_ms: int) -> bool:
        """Whether it opens the gateway at that moment."""
        return (self.revoked_ms is None or now_ms < self.revoked_ms) and (
            self.expires_ms is None or now_ms < self.expires_ms
        )


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to which key."""

    at_ms: int
    actor: str
    action: str
    key_id: str
    reason: str


class RevokedKeyError(Exception):
    """The key is refused already: nothing follows it."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key {key_id} is revoked already: make a new one")
        self.key_id = key_id


class KeyStore:
    """The table of keys in one SQLite file that only its owner can read.

    Args:
        path: the file; it is made with mode 0600.
        entropy: random bytes.
    """

    def __init__(self, path: Path, *, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._path = path
        self._entropy = entropy
        self._engine: sa.Engine | None = None

    def open(self) -> None:
        """Make the file where it is absent, and connect.

        Raises:
            KeyStoreError: the file can't be made or is no database of keys.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise KeyStoreError(f"{self._path}: {error.strerror}") from error
        engine = sa.create_engine(f"sqlite:///{self._path}")
        sa.event.listen(engine, "connect", _prepare)
        self._engine = engine
        with self._transaction() as connection:
            _METADATA.create_all(connection)

    def close(self) -> None:
        """Give back the connections. Closing twice is harmless."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def create(
        self, enterprise: str, *, actor: str, now_ms: int, expires_ms: int | None = None, note: str = ""
    ) -> tuple[ApiKey, str]:
        """A new key and its token. The token can't be had again."""
        key, token = self._made(enterprise, now_ms, expires_ms, note)
        with self._transaction() as connection:
            _insert(connection, key)
            _record(connection, AuditLine(now_ms, actor, "create", key.key_id, note))
        return key, token

    def rotate(self, key_id: str, *, actor: str, now_ms: int, until_ms: int) -> tuple[ApiKey, str]:
        """A key that follows another one, for the same enterprise, with the same note and end; and its token.

        The former one is refused from `until_ms` on, so that a sender can change over without a gap.

        Raises:
            UnknownKeyError: no key has this id.
            RevokedKeyError: it was revoked before.
        """
        with self._transaction() as connection:
            former = _known(connection, key_id)
            if former.revoked_ms is not None:
                raise RevokedKeyError(key_id)
            key, token = self._made(former.enterprise, now_ms, former.expires_ms, former.note)
            _insert(connection, key)
            connection.execute(_KEYS.update().where(_KEYS.c.key_id == key_id).values(revoked_ms=until_ms))
            _record(connection, AuditLine(now_ms, actor, "create", key.key_id, f"follows {key_id}"))
            _record(connection, AuditLine(now_ms, actor, "rotate", key_id, f"followed by {key.key_id}"))
        return key, token

    def revoke(self, key_id: str, *, actor: str, now_ms: int, reason: str = "") -> ApiKey:
        """The key, refused from now on. Revoking twice keeps the earlier moment.

        Raises:
            UnknownKeyError: no key has this id.
        """
        with self._transaction() as connection:
            key = _known(connection, key_id)
            if key.revoked_ms is None or now_ms < key.revoked_ms:
                key = replace(key, revoked_ms=now_ms)
                connection.execute(_KEYS.update().where(_KEYS.c.key_id == key_id).values(revoked_ms=now_ms))
                _record(connection, AuditLine(now_ms, actor, "revoke", key_id, reason))
        return key

    def all_keys(self) -> list[ApiKey]:
        """All keys, also revoked and expired ones, by time of creation."""
        with self._transaction() as connection:
            return [_key(row) for row in connection.execute(_KEYS.select().order_by(_KEYS.c.created_ms))]

    def audit(self) -> list[AuditLine]:
        """Who did what, in order."""
        with self._transaction() as connection:
            rows = connection.execute(_AUDIT.select().order_by(_AUDIT.c.number))
            return [AuditLine(row.at_ms, row.actor, row.action, row.key_id, row.reason) for row in rows]

    def _made(self, enterprise: str, now_ms: int, expires_ms: int | None, note: str) -> tuple[ApiKey, str]:
        key_id, secret = self._entropy(KEY_ID_BYTES).hex(), self._entropy(SECRET_BYTES).hex()
        note = note[:LONGEST_NOTE]
        key = ApiKey(key_id, enterprise, hash_of(secret), secret[-4:], note, now_ms, expires_ms, None)
        return key, f"bw_{key_id}_{secret}"

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        if self._engine is None:
            raise KeyStoreError(f"{self._path} is not open")
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            raise KeyStoreError(f"{self._path}: {error.orig}") from error


def hash_of(secret: str) -> str:
    """What is stored of a secret: its SHA-256 with the name of the function before it, so that it can change one day."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"


def matches(key_hash: str, secret: str) -> bool:
    """Whether the secret belongs to the hash. How long it takes tells nothing of where they differ."""
    return hmac.compare_digest(key_hash.encode(), hash_of(secret).encode())


def _key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented access by name


def _known(connection: sa.Connection, key_id: str) -> ApiKey:
    row = connection.execute(_KEYS.select().where(_KEYS.c.key_id == key_id)).one_or_none()
    if row is None:
        raise UnknownKeyError(key_id)
    return _key(row)


def _insert(connection: sa.Connection, key: ApiKey) -> None:
    connection.execute(_KEYS.insert().values({c.name: getattr(key, c.name) for c in _KEYS.columns}))


def _record(connection: sa.Connection, line: AuditLine) -> None:
    connection.execute(
        _AUDIT.insert().values(
            at_ms=line.at_ms,
            actor=line.actor[:200],
            action=line.action,
            key_id=line.key_id,
            reason=line.reason[:LONGEST_NOTE],
        )
    )


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
