"""What the trap receiver needs of others."""

from collections.abc import Collection, Sequence
from typing import Protocol

from stores.journal import Appended, NewEntry


class EventSink(Protocol):
    """Where entries are made durable; `stores.journal.GroupCommit` is one."""

    async def append(self, entries: Sequence[NewEntry], receipt: str | None = None) -> list[Appended]:
        """Return when the entries are on disk."""


class PollNow(Protocol):
    """The poller's bell: what devices said unauthenticated is looked at, not believed."""

    def request(self, device_ids: Collection[str], /) -> object:
        """Poll these devices as soon as possible. Returns at once; a device asked for twice is polled once."""
