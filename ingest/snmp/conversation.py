"""Asking one target well: retries, requests cut to what it can answer, walks that end, silence told from its lookalikes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

from ingest.snmp.engine import (
    AgentError,
    Answer,
    AuthenticationFailed,
    CredentialsSuspect,
    Failure,
    Limits,
    Malformed,
    NoAnswer,
    Outcome,
    Rows,
    Stop,
    Target,
    Unreachable,
    Value,
    Varbind,
    VarbindKind,
    WalkOutcome,
)
from ingest.snmp.probe import probe
from ingest.snmp.wire import (
    AgentRefusedError,
    Column,
    CredentialRefusedError,
    GarbledError,
    RefusedError,
    SilenceError,
    TooLargeError,
    Wire,
)
from schemas.credentials import UsmUser

T = TypeVar("T")

# An ICMP error comes within the round trip or not at all.
_ICMP_WAIT_S = 0.25
_LOST_BEFORE_REDUCING = 2


class Conversation:
    """What is kept of one target between requests: its wire and the size of requests that it can answer."""

    def __init__(
        self, target: Target, address: str, wire: Wire, limits: Limits, message_id: Callable[[], int]
    ) -> None:
        self.target = target
        self._address = address
        self.wire = wire
        self.max_varbinds = limits.max_varbinds
        self.repetitions = limits.max_repetitions
        self._limits = limits
        self._message_id = message_id
        self._lock = asyncio.Lock()
        self._tries = 1 + target.retries
        self._lost_large = 0
        self._lost_size = 0
        self._requests = 0
        self._heard = False

    @property
    def reduced_to(self) -> int | None:
        """Varbinds a request may have for this target, None while the limit is everybody's."""
        whole = (
            self.max_varbinds == self._limits.max_varbinds
            and self.repetitions == self._limits.max_repetitions
        )
        return None if whole else min(self.max_varbinds, self.repetitions)

    async def get(self, oids: Sequence[str]) -> Outcome:
        """GET all, in as few requests as the target can answer."""
        async with self._lock:
            started = monotonic()
            self._requests = 0
            got = await self._settle(lambda: self._get_all(oids), started)
            if not isinstance(got, tuple):
                return got
            if got and all(v.kind is VarbindKind.FAILED for v in got):
                return AgentError("genErr")
            return Answer(got, monotonic() - started, self._requests)

    async def walk(self, columns: Sequence[str], max_rows: int, deadline_s: float) -> WalkOutcome:
        """Read the columns, each to its end."""
        async with self._lock:
            started = monotonic()
            self._requests = 0
            self._heard = False
            rows: dict[str, dict[str, Value]] = {}

            async def read() -> Stop | None:
                # Outside the caller's reach, so that a repetition after a renewal starts from nothing.
                rows.clear()
                stopped = None
                for column in columns:
                    stopped = await self._read_column(column, rows, max_rows) or stopped
                return stopped

            try:
                async with asyncio.timeout(deadline_s):
                    stopped = await self._settle(read, started)
            except TimeoutError:
                if not self._heard:
                    return NoAnswer(self._requests, monotonic() - started)
                stopped = Stop.DEADLINE
            if stopped is None or isinstance(stopped, Stop):
                return Rows(rows, monotonic() - started, stopped, self._requests)
            return stopped

    async def _settle(self, job: Callable[[], Awaitable[T]], started: float) -> T | Failure:
        """Run the job; its errors become outcomes, and silence is asked for its reason."""
        try:
            try:
                return await job()
            except SilenceError:
                return await self._after_silence(job, started)
        except RefusedError as error:
            return Unreachable(str(error))
        except CredentialRefusedError as error:
            return AuthenticationFailed(error.report, error.detail)
        except (AgentRefusedError, TooLargeError) as error:
            return AgentError(error.status, error.index)
        except GarbledError as error:
            return Malformed(str(error))

    async def _after_silence(self, job: Callable[[], Awaitable[T]], started: float) -> T | Failure:
        target, usm = self.target, isinstance(self.target.credential, UsmUser)
        if not usm and self.wire.sees_icmp:
            return NoAnswer(self._tries, monotonic() - started)
        wait_s = target.timeout_s if usm else min(target.timeout_s, _ICMP_WAIT_S)
        probed = await probe(self._address, target.port, wait_s, self._message_id())
        if probed.refused:
            raise RefusedError(probed.refused)
        if not usm or probed.engine_id is None:
            return NoAnswer(self._tries, monotonic() - started)
        # The agent is there. Its engine ID may be another than the one that was discovered (a swap, a lost state).
        self.wire.renew()
        try:
            return await job()
        except SilenceError:
            return CredentialsSuspect(2 * self._tries, monotonic() - started)

    async def _get_all(self, oids: Sequence[str]) -> tuple[Varbind, ...]:
        found: list[Varbind] = []
        while len(found) < len(oids):
            found += await self._get_some(oids[len(found) : len(found) + self.max_varbinds])
        return tuple(found)

    async def _get_some(self, oids: Sequence[str]) -> tuple[Varbind, ...]:
        """One request, or more where the target needs them smaller."""
        try:
            return await self._ask(oids)
        except TooLargeError as error:
            if len(oids) == 1:
                if error.status == "tooBig":
                    raise
                return (Varbind(oids[0], VarbindKind.FAILED),)
            half = len(oids) // 2
            found = await self._get_some(oids[:half]) + await self._get_some(oids[half:])
            kinds = {v.kind for v in found}
            # Without a value it was no matter of size: gufo answers alike when all are absent. With one that fails
            # alone it was that one.
            if VarbindKind.VALUE in kinds and VarbindKind.FAILED not in kinds:
                self.max_varbinds = min(self.max_varbinds, half)
            return found

    async def _ask(self, oids: Sequence[str]) -> tuple[Varbind, ...]:
        """With retries. The last try asks for one object only: if that is answered, it was the size that got lost."""
        for attempt in range(1, self._tries + 1):
            small = 1 < attempt == self._tries and len(oids) > 1
            self._requests += 1
            try:
                found = await self.wire.get(oids[:1] if small else oids, self.target.timeout_s)
            except SilenceError:
                continue
            if not small:
                if len(oids) >= self._lost_size:
                    self._lost_large = 0
                return found
            self._large_was_lost(len(oids))
            half = max(1, len(oids) // 2)
            return found + await self._get_some(oids[1 : 1 + half]) + await self._rest(oids[1 + half :])
        raise SilenceError

    async def _rest(self, oids: Sequence[str]) -> tuple[Varbind, ...]:
        return await self._get_some(oids) if oids else ()

    def _large_was_lost(self, size: int) -> None:
        self._lost_large += 1
        self._lost_size = size
        if self._lost_large >= _LOST_BEFORE_REDUCING:
            self._lost_large = 0
            self.max_varbinds = max(1, size // 2)

    async def _read_column(
        self, column: str, rows: dict[str, dict[str, Value]], max_rows: int
    ) -> Stop | None:
        """Read one column into `rows`."""
        start = len(column) + 1
        repetitions = min(self.repetitions, max_rows + 1)
        cursor = self.wire.column(column, repetitions)
        last: tuple[int, ...] = ()
        while True:
            try:
                pairs, ended = await self._read(cursor)
            except TooLargeError:
                if repetitions == 1:
                    raise
                # From the top: a cursor can't change its stride.
                repetitions = self.repetitions = repetitions // 2
                cursor, last = self.wire.column(column, repetitions), ()
                continue
            for oid, value in pairs:
                index = oid[start:]
                order = _order(index)
                if order <= last:
                    return Stop.NOT_INCREASING
                last = order
                cells = rows.get(index)
                if cells is None:
                    if len(rows) >= max_rows:
                        return Stop.MAX_ROWS
                    cells = rows[index] = {}
                cells[column] = value
            if ended or not pairs:
                return None

    async def _read(self, cursor: Column) -> tuple[list[tuple[str, Value]], bool]:
        for _ in range(self._tries):
            self._requests += 1
            try:
                found = await cursor.read(self.target.timeout_s)
            except SilenceError:
                continue
            self._heard = True
            return found
        raise SilenceError

    def close(self) -> None:
        """Give up the wire."""
        self.wire.close()


def _order(index: str) -> tuple[int, ...]:
    """The index as OIDs are ordered."""
    return (int(index),) if index.isdigit() else tuple(map(int, index.split(".")))
