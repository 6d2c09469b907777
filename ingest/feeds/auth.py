"""Who is calling: `Authorization: Bearer bw_<keyid>_<secret>`.

A verification with argon2id takes some 20 ms; its result is remembered under a keyed hash of the token, so that a sender
pays once. The table of keys is read again every few seconds: a revoked or expired key is refused from then on, whatever
is remembered. Unknown ids are verified against a hash of nothing, so that they take as long as wrong secrets.
"""

import asyncio
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingest.feeds.limits import RateLimits
from ingest.feeds.problems import Code, ProblemError
from stores.keys import HASHER, ApiKey, KeyStoreError, matches

_TOKEN: Final = re.compile(r"bw_([0-9a-z]{1,20})_([0-9A-Za-z_-]{1,100})")
_REMEMBERED: Final = 10_000
# A key made a moment ago is looked up at once, but strangers' guesses don't read the table each time.
_SOONEST_REFRESH_MS: Final = 200
# Verifications run in threads and take a core each: no more than this at once, whoever asks.
_AT_ONCE: Final = 2
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


@dataclass(frozen=True, slots=True)
class _Verified:
    against: str
    good: bool


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
        self._pepper = secrets.token_bytes(32)
        self._nobody = ""
        self._keys: dict[str, ApiKey] = {}
        self._read_at: int | None = None
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._reading = asyncio.Lock()
        self._places = asyncio.Semaphore(_AT_ONCE)

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
        good = await self._verify(token.strip(), parsed[2], key, address)
        if key is None or not good or not key.valid_at(self._now_ms()):
            raise ProblemError(Code.UNAUTHORIZED, REFUSED, close=True)
        return Caller(key.key_id, key.enterprise)

    async def _verify(self, token: str, secret: str, key: ApiKey | None, address: str) -> bool:
        if not self._nobody:
            self._nobody = await asyncio.to_thread(HASHER.hash, secrets.token_hex(32))
        against = self._nobody if key is None else key.hash
        mark = hmac.digest(self._pepper, token.encode(), "sha256")
        known = self._verified.get(mark)
        if known is None or known.against != against:
            self._limits.check_failures(address)
            async with self._places:
                known = _Verified(against, await asyncio.to_thread(matches, against, secret))
            self._verified[mark] = known
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        self._verified.move_to_end(mark)
        if not known.good:
            self._limits.count_failure(address)
        return known.good

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
