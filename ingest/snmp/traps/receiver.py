"""The trap port: every datagram goes to the journal as it came, before anything else is done with it."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ingest.snmp.traps.admission import Admission
from ingest.snmp.traps.informs import Informs
from ingest.snmp.traps.ports import EventSink
from ingest.snmp.traps.udp import granted_bytes, kernel_drops, open_socket
from schemas.metrics import (
    TRAPS_ANSWERED,
    TRAPS_BUFFER_BYTES,
    TRAPS_KERNEL_DROPPED,
    TRAPS_RECEIVED,
    TRAPS_WRITES_FAILED,
)
from schemas.settings.traps import TrapSettings
from stores.entries import trap_entry
from stores.journal import JournalError, NewEntry

_DRAIN = 256
# At the end, however fast they come.
_LAST_DRAIN = 65_536
_LARGEST = 65_535
# What a waiting datagram costs beside its bytes.
_OVERHEAD = 400


@dataclass(frozen=True, slots=True)
class _Waiting:
    entry: NewEntry
    address: tuple[object, ...]


class TrapReceiver:
    """One socket, one loop. While the journal can't keep up, datagrams wait in memory up to a bound, then in the kernel.

    `admission` says whose datagrams are kept; `journaled` is called when there are new traps in the journal.
    """

    def __init__(
        self,
        settings: TrapSettings,
        sink: EventSink,
        informs: Informs,
        admission: Admission,
        now_ms: Callable[[], int],
        journaled: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._informs = informs
        self._admission = admission
        self._now_ms = now_ms
        self._journaled = journaled
        self._socket: socket.socket | None = None
        self._buffer = bytearray(_LARGEST)
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._reading = False
        self._stopping = False
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._dropped = 0

    @property
    def port(self) -> int:
        """The bound UDP port."""
        if self._socket is None:
            raise RuntimeError("the trap receiver is not started")
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Bind and listen.

        Raises:
            OSError: the address can't be bound.
        """
        settings = self._settings
        self._stopping = False
        self._socket = open_socket(settings.host, settings.port, settings.receive_buffer_bytes)
        granted = granted_bytes(self._socket)
        TRAPS_BUFFER_BYTES.gauge().set(granted)
        log = structlog.get_logger()
        if granted < settings.receive_buffer_bytes:
            log.warning(
                "trap buffer is smaller than set: raise net.core.rmem_max",
                granted=granted,
                wanted=settings.receive_buffer_bytes,
            )
        log.info("traps listening", host=settings.host, port=self.port, buffer=granted)
        self._listen(self._socket)
        self._tasks = [
            asyncio.create_task(self._write(self._socket), name="traps-write"),
            asyncio.create_task(self._watch_drops(self._socket), name="traps-drops"),
        ]

    async def stop(self, deadline_s: float) -> bool:
        """Take what the kernel still holds, write it, close; False where that took longer than `deadline_s`."""
        if self._socket is None:
            return True
        if self._reading:
            self._drain(self._socket, _LAST_DRAIN)
        self._deafen(self._socket)
        self._stopping = True
        self._something.set()
        writer, drops = self._tasks
        drops.cancel()
        done, _ = await asyncio.wait({writer}, timeout=deadline_s)
        writer.cancel()
        await asyncio.gather(writer, drops, return_exceptions=True)
        self.count_drops()
        self._socket.close()
        self._socket = None
        return bool(done)

    def count_drops(self) -> int:
        """Bring the counter of kernel drops up to date; how many there were since the start."""
        if self._socket is not None and (dropped := kernel_drops(self._socket)) is not None:
            TRAPS_KERNEL_DROPPED.counter().inc(dropped - self._dropped)
            self._dropped = dropped
        return self._dropped

    def _listen(self, opened: socket.socket) -> None:
        if not self._reading:
            asyncio.get_running_loop().add_reader(opened.fileno(), self._drain, opened, _DRAIN)
            self._reading = True

    def _deafen(self, opened: socket.socket) -> None:
        if self._reading:
            asyncio.get_running_loop().remove_reader(opened.fileno())
            self._reading = False

    def _drain(self, opened: socket.socket, at_most: int) -> None:
        received_ms = self._now_ms()
        view = memoryview(self._buffer)
        taken = 0
        while taken < at_most:
            try:
                size, address = opened.recvfrom_into(self._buffer)
            except BlockingIOError:
                break
            except OSError as error:
                # An ICMP error for an answer of ours: the socket goes on.
                structlog.get_logger().info("trap socket error", error=str(error))
                continue
            taken += 1
            if not self._admission.admits(str(address[0])):
                continue
            entry = trap_entry(
                bytes(view[:size]), received_ms=received_ms, sender=f"{address[0]}:{address[1]}"
            )
            self._waiting.append(_Waiting(entry, address))
            self._waiting_bytes += size + _OVERHEAD
        if self._waiting:
            self._something.set()
        if self._waiting_bytes > self._settings.max_pending_bytes:
            self._deafen(opened)

    async def _write(self, opened: socket.socket) -> None:
        while not (self._stopping and not self._waiting):
            await self._something.wait()
            self._something.clear()
            batch, self._waiting = self._waiting, []
            if batch:
                await self._journal([each.entry for each in batch])
                self._journaled()
                TRAPS_RECEIVED.counter().inc(len(batch))
                for each in batch:
                    self._answer(opened, each)
                self._waiting_bytes -= sum(len(each.entry.body) + _OVERHEAD for each in batch)
                if not self._stopping:
                    self._listen(opened)

    async def _journal(self, entries: list[NewEntry]) -> None:
        while True:
            try:
                await self._sink.append(entries)
            except JournalError as error:
                # A trap's sender can't be put off: the batch waits, then the kernel's buffer fills.
                TRAPS_WRITES_FAILED.counter().labels(type(error).__name__).inc()
                structlog.get_logger().warning(
                    "traps can't be written", waiting=len(entries), error=str(error)
                )
                await asyncio.sleep(self._settings.retry_s)
            else:
                return

    def _answer(self, opened: socket.socket, waiting: _Waiting) -> None:
        answer = self._informs.answer(waiting.entry.body)
        if answer is None:
            return
        try:
            opened.sendto(answer, waiting.address)
        except OSError as error:
            # Not acknowledged: the sender repeats it.
            structlog.get_logger().info(
                "inform can't be answered", to=waiting.entry.reporter, error=str(error)
            )
        else:
            TRAPS_ANSWERED.counter().inc()

    async def _watch_drops(self, opened: socket.socket) -> None:
        while opened is self._socket:
            before = self._dropped
            if self.count_drops() > before:
                structlog.get_logger().warning("kernel dropped traps", dropped=self._dropped - before)
            await asyncio.sleep(self._settings.drops_interval_s)
