"""Who is calling: `Authorization: Bearer bw_<keyid>_<secret>`.

The table of keys is read again every few seconds: a revoked key is refused from then on, an expired one at once.
Missing, unknown, wrong, expired and revoked keys get the same answer.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingest.feeds.limits import RateLimits
from ingest.feeds.problems import Code, ProblemError
from stores.keys import ApiKey, KeyStoreError, hash_of, matches

_TOKEN: Final = re.compile(r"bw_([0-9a-z]{1,20})_([0-9A-Za-z_-]{1,100})")
# A key made a moment ago is looked up at once, but strangers' guesses don't read the table each time.
_SOONEST_REFRESH_MS: Final = 200
# Unknown ids are compared with it, so that they take as long as wrong secrets.
_NOBODY: Final = hash_of("")
REFUSED: Final = "no valid key: it is missing, unknown, wrong, expired or revoked"


class KeyReader(Protocol):
    """Where keys come from; `stores.keys.KeyStore` is one."""

    def all_keys(self) -> Sequence[ApiKey]:
        """All keys."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The enterprise that a key speaks for."""

    key_id: str
    enterprise: str


class Authenticator:
    """Turns an Authorization header into a caller.

    Args:
        reader: the table of keys.
        limits: bounds failed attempts per address.
        now_ms: the clock, for expiry.
        refresh_ms: the table is read again when what is known of it is older.
    """

    def __init__(
        self, reader: KeyReader, limits: RateLimits, *, now_ms: Callable[[], int], refresh_ms: int
    ) -> None:
        self._reader = reader
        self._limits = limits
        self._now_ms = now_ms
        self._refresh_ms = refresh_ms
        self._keys: dict[str, ApiKey] = {}
        self._read_at: int | None = None
        self._reading = asyncio.Lock()

    async def caller(self, authorization: str | None, address: str) -> Caller:
        """Who calls.

        Raises:
            ProblemError: no valid key, too many failures from this address, or the keys can't be read.
        """
        scheme, _, token = (authorization or "").partition(" ")
        parsed = _TOKEN.fullmatch(token.strip()) if scheme.lower() == "bearer" else None
        if parsed is None:
            raise ProblemError(Code.UNAUTHORIZED, REFUSED, close=True)
        key = await self._key(parsed[1])
        right = matches(_NOBODY if key is None else key.hash, parsed[2])
        if key is None or not right or not key.valid_at(self._now_ms()):
            # Good keys never come here: a stranger behind the same proxy does not lock them out.
            self._limits.count_failure(address)
            raise ProblemError(Code.UNAUTHORIZED, REFUSED, close=True)
        return Caller(key.key_id, key.enterprise)

    async def _key(self, key_id: str) -> ApiKey | None:
        await self._refresh(self._refresh_ms)
        if key_id not in self._keys:
            await self._refresh(min(_SOONEST_REFRESH_MS, self._refresh_ms))
        return self._keys.get(key_id)

    async def _refresh(self, older_than_ms: int) -> None:
        if self._fresh(older_than_ms):
            return
        async with self._reading:
            if self._fresh(older_than_ms):
                return
            started = self._now_ms()
            try:
                keys = await asyncio.to_thread(self._reader.all_keys)
            except KeyStoreError as error:
                raise ProblemError(
                    Code.KEYS_UNAVAILABLE, "the table of keys can't be read", retry_after_s=5, close=True
                ) from error
            self._keys = {key.key_id: key for key in keys}
            self._read_at = started

    def _fresh(self, older_than_ms: int) -> bool:
        # A clock set back must not keep an old table in force.
        return self._read_at is not None and 0 <= self._now_ms() - self._read_at <= older_than_ms
