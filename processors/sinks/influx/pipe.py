"""Lines on their way: while one request is with the server the next is being made. Memory holds three of them at most."""

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from processors.sinks.port import Message, TargetRefusedError, TargetUnavailableError
from schemas.settings.influx import InfluxSettings
from stores.influx.errors import InfluxError, InfluxUnavailableError
from stores.influx.writer import LineWriter, RejectedLine

_UNDER_WAY: Final = 2
# The first request after a pause has so much less, so that the server has something to do early on.
_FIRST: Final = 5


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that the server won't have, and the message that it came from (None: from no message)."""

    line: RejectedLine
    message: Message | None


@dataclass(slots=True)
class _Chunk:
    lines: list[str] = field(default_factory=list)
    messages: list[Message | None] = field(default_factory=list)


class Pipe:
    """Takes lines for any bucket, in order, and has them written by a thread of its own.

    Args:
        writer: used by that thread alone.
        settings: how much goes into a request.
    """

    def __init__(self, writer: LineWriter, settings: InfluxSettings) -> None:
        self._writer = writer
        self._most = settings.batch_lines
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="influx")
        self._chunks: dict[str, _Chunk] = {}
        self._under_way: deque[tuple[_Chunk, Future[list[RejectedLine]]]] = deque()
        self._rejected: list[Rejected] = []
        self._failed = False
        self._first = True

    def add(self, bucket: str, line: str, message: Message | None = None) -> None:
        """One line more.

        Raises:
            TargetUnavailableError: an earlier line could not be written.
        """
        self.add_all(bucket, (line,), message)

    def add_all(self, bucket: str, lines: Collection[str], message: Message | None = None) -> None:
        """Several lines of one message.

        Raises:
            TargetUnavailableError: an earlier line could not be written.
        """
        chunk = self._chunks.get(bucket)
        if chunk is None:
            chunk = self._chunks[bucket] = _Chunk()
        chunk.lines.extend(lines)
        chunk.messages.extend((message,) * len(lines))
        if len(chunk.lines) >= (self._most // _FIRST if self._first else self._most):
            self._send(bucket)

    def flush(self, bucket: str) -> None:
        """Send what waits for a bucket: what is added after it is written after it.

        Raises:
            TargetUnavailableError: an earlier line could not be written.
        """
        if bucket in self._chunks:
            self._send(bucket)

    def finish(self) -> list[Rejected]:
        """Wait until all is stored; what the server won't have.

        Raises:
            TargetUnavailableError: not all may be stored.
        """
        for bucket in list(self._chunks):
            self.flush(bucket)
        while self._under_way:
            self._wait()
        self._first = True
        rejected, self._rejected = self._rejected, []
        return rejected

    def drop(self) -> None:
        """Forget what was not written: it comes again."""
        self._chunks.clear()
        while self._under_way:
            _, future = self._under_way.popleft()
            if not future.cancel():
                future.exception()
        self._rejected.clear()
        self._failed = False
        self._first = True

    def close(self) -> None:
        """End the thread."""
        self.drop()
        self._thread.shutdown()

    def _send(self, bucket: str) -> None:
        chunk = self._chunks.pop(bucket)
        self._first = False
        while len(self._under_way) >= _UNDER_WAY:
            self._wait()
        self._under_way.append((chunk, self._thread.submit(self._write, bucket, chunk.lines)))

    def _write(self, bucket: str, lines: list[str]) -> list[RejectedLine]:
        if self._failed:
            # A server that asked to be let alone is, although this was on its way already.
            raise InfluxUnavailableError("not tried: what came before it failed")
        try:
            return self._writer.write(bucket, lines)
        except BaseException:
            self._failed = True
            raise

    def _wait(self) -> None:
        chunk, future = self._under_way.popleft()
        with told():
            found = future.result()
        self._rejected += [Rejected(one, chunk.messages[one.number]) for one in found]


@contextmanager
def told() -> Iterator[None]:
    """What the server says, in the words of a sink's target."""
    try:
        yield
    except InfluxUnavailableError as error:
        raise TargetUnavailableError(error.reason, error.retry_after_s) from error
    except InfluxError as error:
        raise TargetRefusedError(error.reason) from error
