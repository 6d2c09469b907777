"""Whether the gateway can take events now, and if not, why."""

import asyncio
from typing import Final, Protocol

from pydantic import BaseModel, Field

from ingest.feeds.auth import KeyReader
from ingest.feeds.intake import JournalWriter
from stores.journal import JournalError
from stores.keys import KeyStoreError

_PATIENCE_S: Final = 3.0


class Readiness(BaseModel):
    """The answer of /readyz."""

    ready: bool
    reasons: list[str] = Field(description="empty when ready")


class _Used(Protocol):
    max_bytes: int

    def used_bytes(self) -> int: ...


async def unready(writer: JournalWriter, journal: _Used, keys: KeyReader) -> list[str]:
    """The reasons against; each names what to look at."""
    reasons: list[str] = []
    try:
        async with asyncio.timeout(_PATIENCE_S):
            # An empty transaction takes the write lock and goes the way of every event.
            await writer.write(lambda _transaction: None, 0)
            used = await asyncio.to_thread(journal.used_bytes)
        if used >= journal.max_bytes:
            reasons.append(f"the journal is full: {used} of {journal.max_bytes} bytes")
    except TimeoutError:
        reasons.append(f"the journal did not answer within {_PATIENCE_S:g} s")
    except JournalError as error:
        reasons.append(str(error))
    try:
        await asyncio.to_thread(keys.all_keys)
    except KeyStoreError as error:
        reasons.append(f"keys can't be read: {error}")
    return reasons
