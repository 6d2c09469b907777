"""The conversations of one engine: opened on first use, kept, forgotten."""

import asyncio
import ipaddress
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from ingest.snmp.conversation import Conversation
from ingest.snmp.engine import (
    EngineState,
    Failure,
    Limits,
    Malformed,
    Outcome,
    Target,
    Unreachable,
    WalkOutcome,
)
from ingest.snmp.wire import GarbledError, RefusedError, Wire


class Conversations(ABC):
    """What both engines share.

    Args:
        message_id: Numbers for the requests that are not the library's own.
        limits: How large requests are until a device shows that it needs less.
    """

    def __init__(self, message_id: Callable[[], int], limits: Limits | None = None) -> None:
        self._message_id = message_id
        self._limits = limits or Limits()
        self._open_ones: dict[str, Conversation] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._calls: set[asyncio.Task[object]] = set()

    @abstractmethod
    async def _open(self, target: Target, address: str) -> Wire:
        """A wire to the target, whose host is resolved.

        Raises:
            RefusedError: the local stack refuses.
            GarbledError: the engine can't do what the target needs.
        """

    async def start(self, targets: Sequence[Target] = ()) -> None:
        """Nothing is opened before the first request."""
        del targets

    async def stop(self) -> None:
        """Cancel the calls in flight and close every wire."""
        calls = [call for call in self._calls if call is not asyncio.current_task()]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for target_id in list(self._open_ones):
            self.forget(target_id)

    async def get(self, target: Target, oids: Sequence[str]) -> Outcome:
        """See `SnmpEngine.get`."""
        conversation = await self._conversation(target)
        if not isinstance(conversation, Conversation):
            return conversation
        with _Registered(self._calls):
            return await conversation.get(oids)

    async def walk(
        self, target: Target, columns: Sequence[str], *, max_rows: int, deadline_s: float
    ) -> WalkOutcome:
        """See `SnmpEngine.walk`."""
        conversation = await self._conversation(target)
        if not isinstance(conversation, Conversation):
            return conversation
        with _Registered(self._calls):
            return await conversation.walk(columns, max_rows, deadline_s)

    def forget(self, target_id: str) -> None:
        """See `SnmpEngine.forget`."""
        conversation = self._open_ones.pop(target_id, None)
        if conversation is not None:
            conversation.close()
        opening = self._opening.get(target_id)
        if opening is not None and not opening.locked():
            del self._opening[target_id]

    def state(self) -> EngineState:
        """See `SnmpEngine.state`."""
        reduced = {name: size for name, c in self._open_ones.items() if (size := c.reduced_to)}
        return EngineState(len(self._open_ones), reduced)

    async def _conversation(self, target: Target) -> Conversation | Failure:
        known = self._open_ones.get(target.id)
        if known is not None and known.target == target:
            return known
        async with self._opening.setdefault(target.id, asyncio.Lock()):
            known = self._open_ones.get(target.id)
            if known is not None and known.target == target:
                return known
            if known is not None:
                # Only then: what `start` prepared stays prepared.
                self.forget(target.id)
            try:
                address = await resolve(target)
                wire = await self._open(target, address)
            except (OSError, RefusedError) as error:
                return Unreachable(f"{target.host}:{target.port}: {error}")
            except GarbledError as error:
                return Malformed(str(error))
            found = Conversation(target, address, wire, self._limits, self._message_id)
            self._open_ones[target.id] = found
            return found


async def resolve(target: Target) -> str:
    """The target's IP address.

    Raises:
        OSError: its name is not known.
    """
    try:
        return str(ipaddress.ip_address(target.host))
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
        return str(found[0][4][0])


class _Registered:
    """Keeps the running call where `stop` finds it."""

    def __init__(self, calls: set[asyncio.Task[object]]) -> None:
        self._calls = calls
        self._task = asyncio.current_task()

    def __enter__(self) -> None:
        if self._task is not None:
            self._calls.add(self._task)

    def __exit__(self, *exc_info: object) -> None:
        if self._task is not None:
            self._calls.discard(self._task)
