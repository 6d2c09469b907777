"""Reading a request's body within bounds of size and time, and cutting it into chunks of events."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from ingest.feeds.framing import BLANK, CutError, Frame, LineCutter, cut_json
from ingest.feeds.problems import Code, ProblemError
from schemas.settings.gateway import GatewaySettings

JSON_TYPES: Final = ("application/cloudevents+json", "application/cloudevents-batch+json", "application/json")
LINE_TYPES: Final = ("application/x-ndjson",)
CHUNK_EVENTS: Final = 1_000
CHUNK_BYTES: Final = 1 << 20
_GZIP: Final = 31
_INFLATED_AT_ONCE: Final = 1 << 18
# Above this, cutting a hostile body could hold up the loop that the pollers share.
_CUT_IN_THREAD: Final = 1 << 17

Chunk = list[Frame]


async def chunks(request: Request, settings: GatewaySettings) -> AsyncIterator[Chunk]:
    """The body's events in chunks, each small enough for one append; memory is bounded by one batch.

    Raises:
        ProblemError: type or encoding unknown, too large, too slow, cut off, or no JSON.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in LINE_TYPES:
        bound, deadline = settings.max_stream_bytes, settings.stream_timeout_s
        cut = _from_lines(_pieces(request, bound, settings.idle_timeout_s, deadline), settings)
        limit = settings.max_stream_events
    elif media_type in JSON_TYPES:
        bound, deadline = settings.max_body_bytes, settings.body_timeout_s
        cut = _from_json(_pieces(request, bound, settings.idle_timeout_s, deadline), settings)
        limit = settings.max_batch_events
    else:
        raise ProblemError(
            Code.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Type must be one of {', '.join((*JSON_TYPES, *LINE_TYPES))}",
            close=True,
        )
    number = 0
    async for chunk in cut:
        number += len(chunk)
        if number > limit:
            raise ProblemError(Code.TOO_LARGE, f"a request may have at most {limit} events", close=True)
        yield chunk


async def _from_json(pieces: AsyncIterator[bytes], settings: GatewaySettings) -> AsyncIterator[Chunk]:
    body = b"".join([piece async for piece in pieces])
    try:
        if len(body) > _CUT_IN_THREAD:
            frames = await asyncio.to_thread(lambda: list(cut_json(body, settings.max_event_bytes)))
        else:
            frames = list(cut_json(body, settings.max_event_bytes))
        if body.lstrip(BLANK).startswith(b"{"):
            # One event alone has no neighbours: if it is no JSON, neither is the request.
            _expect_json(frames[0])
    except CutError as error:
        raise ProblemError(Code.MALFORMED, str(error), kept=body) from error
    if len(frames) > settings.max_batch_events:
        raise ProblemError(Code.TOO_LARGE, f"a batch may have at most {settings.max_batch_events} events")
    for start in range(0, len(frames), CHUNK_EVENTS):
        yield frames[start : start + CHUNK_EVENTS]


def _expect_json(frame: Frame) -> None:
    if frame.oversized:
        return
    try:
        from_json(frame.raw)
    except ValueError as error:
        raise CutError(f"the body is no JSON: {error}") from error


async def _from_lines(pieces: AsyncIterator[bytes], settings: GatewaySettings) -> AsyncIterator[Chunk]:
    cutter = LineCutter(settings.max_event_bytes)
    chunk: Chunk = []
    size = 0
    async for piece in pieces:
        for frame in cutter.feed(piece):
            chunk.append(frame)
            size += len(frame.raw)
            if len(chunk) >= CHUNK_EVENTS or size >= CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
    chunk.extend(cutter.end())
    if chunk:
        yield chunk


async def _pieces(request: Request, bound: int, idle_s: float, deadline_s: float) -> AsyncIterator[bytes]:
    """The body, decompressed, as it comes; no more than `bound` bytes of it."""
    too_large = ProblemError(
        Code.TOO_LARGE, f"a body of this type may have at most {bound} bytes", close=True
    )
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > bound:
        raise too_large
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"gzip", "identity"}:
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding must be gzip or absent", close=True)
    inflater = _Inflater() if encoding == "gzip" else None
    size = 0
    async for raw in _timed(request, idle_s, deadline_s):
        for piece in inflater.feed(raw) if inflater else (raw,):
            size += len(piece)
            if size > bound:
                raise too_large
            yield piece
    if inflater:
        inflater.end()


async def _timed(request: Request, idle_s: float, deadline_s: float) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + deadline_s
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + idle_s)):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise ProblemError(
                Code.BODY_TIMEOUT,
                f"no pause above {idle_s:g} s, the whole within {deadline_s:g} s",
                close=True,
            ) from error
        except ClientDisconnect as error:
            raise ProblemError(Code.BODY_CUT, "the connection ended inside the body", close=True) from error
        yield piece


class _Inflater:
    """gzip, some hundred kilobytes at a time: a small body may hide a huge one."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP)

    def feed(self, raw: bytes) -> Iterator[bytes]:
        while raw:
            if self._zlib.eof:
                raise ProblemError(Code.MALFORMED, "something follows the end of the gzip data", close=True)
            try:
                piece = self._zlib.decompress(raw, _INFLATED_AT_ONCE)
            except zlib.error as error:
                raise ProblemError(Code.MALFORMED, "the body is no gzip data", close=True) from error
            yield piece
            raw = self._zlib.unconsumed_tail or self._zlib.unused_data

    def end(self) -> None:
        if not self._zlib.eof:
            raise ProblemError(Code.MALFORMED, "the gzip data is truncated")
