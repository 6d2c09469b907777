"""Writes ready line protocol synchronously, and finds the lines that the server won't have.

A 400 refuses all lines of a request for one that is malformed; after a 422 the server has stored all but some. Both are
halved until the lines at fault stand alone: writing a line twice changes nothing, since a point is its series and time.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.cluster_metrics import INFLUX_LINES, INFLUX_REQUESTS
from schemas.settings.influx import InfluxSettings
from stores.influx.connection import InfluxConnection
from stores.influx.errors import InfluxBadLinesError, InfluxError, InfluxRefusedError, InfluxTooLargeError

# When so many lines are refused one by one and not one is taken, it is not the lines.
_HOPELESS: Final = 20


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that the server won't have, and why."""

    number: int
    line: str
    reason: str

    @property
    def expired(self) -> bool:
        """It is only older than the bucket keeps points."""
        return "retention" in self.reason.lower()


class LineWriter:
    """Writes lines over one connection.

    Args:
        connection: used by nobody else meanwhile.
        settings: how much goes into a request.
    """

    def __init__(self, connection: InfluxConnection, settings: InfluxSettings) -> None:
        self._connection = connection
        self._settings = settings

    def write(self, bucket: str, lines: Sequence[str]) -> list[RejectedLine]:
        """Write lines (times in microseconds) in their order; those that the server won't have.

        Raises:
            InfluxUnavailableError: not all may be stored; the same again is harmless.
            InfluxRefusedError: it takes none of ours.
        """
        rejected: list[RejectedLine] = []
        for first, part in self._requests(lines):
            found = _Halving(bucket, self, part, first).run()
            rejected += found
            INFLUX_LINES.counter().labels(bucket, "written").inc(len(part) - len(found))
            INFLUX_LINES.counter().labels(bucket, "rejected").inc(len(found))
        return rejected

    def post(self, bucket: str, lines: Iterable[str]) -> None:
        """One request.

        Raises:
            InfluxError: as the server answers.
        """
        body = "\n".join(lines).encode()
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self._settings.gzip:
            body = _gzip(body)
            headers["Content-Encoding"] = "gzip"
        query = {"org": self._settings.org, "bucket": bucket, "precision": "us"}
        try:
            self._connection.post("/api/v2/write", query, body, headers)
        except InfluxError as error:
            INFLUX_REQUESTS.counter().labels(type(error).__name__).inc()
            raise
        INFLUX_REQUESTS.counter().labels("ok").inc()

    def _requests(self, lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
        """The lines in parts of one request, each with the number of its first line."""
        most, most_bytes = self._settings.batch_lines, self._settings.batch_bytes
        if 0 < len(lines) <= most and sum(map(len, lines)) + len(lines) <= most_bytes:
            yield 0, lines
            return
        first, size = 0, 0
        for number, line in enumerate(lines):
            size += len(line) + 1
            if number > first and (number - first >= most or size > most_bytes):
                yield first, lines[first:number]
                first, size = number, len(line) + 1
        if first < len(lines):
            yield first, lines[first:]


class _Halving:
    """One request's lines until all are stored or known as refused."""

    def __init__(self, bucket: str, writer: LineWriter, lines: Sequence[str], first: int) -> None:
        self._bucket = bucket
        self._writer = writer
        self._lines = lines
        self._first = first
        self._taken = False
        self._rejected: list[RejectedLine] = []

    def run(self) -> list[RejectedLine]:
        # A stack, not recursion, and the left half first: lines keep their order.
        waiting = [(0, len(self._lines))]
        while waiting:
            start, end = waiting.pop()
            try:
                self._writer.post(self._bucket, self._lines[start:end])
                self._taken = True
            except (InfluxBadLinesError, InfluxTooLargeError) as error:
                if end - start > 1:
                    middle = (start + end) // 2
                    waiting += [(middle, end), (start, middle)]
                else:
                    self._reject(start, error)
        return self._rejected

    def _reject(self, number: int, error: InfluxError) -> None:
        one = RejectedLine(self._first + number, self._lines[number], error.reason)
        self._rejected.append(one)
        if not self._taken and not one.expired and len(self._rejected) >= _HOPELESS:
            raise InfluxRefusedError(f"none of {len(self._lines)} lines is taken: {error.reason}") from error


def _gzip(body: bytes) -> bytes:
    """Level 1: the lines are much alike, and the processor is what is scarce."""
    made = zlib.compressobj(1, zlib.DEFLATED, 31)
    return made.compress(body) + made.flush()
