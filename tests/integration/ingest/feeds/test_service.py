import asyncio
import contextlib
import signal

import pytest

from ingest.feeds.service import GatewayBindError, GatewayService


async def _hello(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class _Asked:
    """A request that was sent; `answer` reads to the end of the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> bytes:
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""
        finally:
            self._writer.close()
            with contextlib.suppress(ConnectionResetError):
                await self._writer.wait_closed()


async def _ask(port: int) -> _Asked:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await writer.drain()
    return _Asked(reader, writer)


async def test_a_taken_port_is_a_typed_error():
    first = GatewayService(_hello, host="127.0.0.1", port=0)
    await first.start()
    try:
        with pytest.raises(GatewayBindError) as caught:
            await GatewayService(_hello, host="127.0.0.1", port=first.port).start()
        assert caught.value.port == first.port
    finally:
        assert await first.stop(5)


async def test_signals_stay_with_the_process():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    service = GatewayService(_hello, host="127.0.0.1", port=0)
    await service.start()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert await service.stop(5)


async def test_stopping_finishes_the_request_under_way_and_takes_no_further_one():
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        entered.set()
        await leave.wait()
        await _hello(scope, receive, send)

    service = GatewayService(slow, host="127.0.0.1", port=0)
    await service.start()
    asked = await _ask(service.port)
    await entered.wait()
    stopping = asyncio.create_task(service.stop(5))
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.close()
            await writer.wait_closed()
        except OSError:
            break
    leave.set()
    assert (await asked.answer()).startswith(b"HTTP/1.1 200")
    assert await stopping


async def test_stopping_cuts_off_what_does_not_end_in_time():
    entered = asyncio.Event()

    async def endless(scope, receive, send):
        entered.set()
        await asyncio.Event().wait()

    service = GatewayService(endless, host="127.0.0.1", port=0)
    await service.start()
    asked = await _ask(service.port)
    await entered.wait()
    assert not await service.stop(0.3)
    assert await asked.answer() == b""


async def test_without_any_time_to_stop_the_port_is_given_up_all_the_same():
    service = GatewayService(_hello, host="127.0.0.1", port=0)
    await service.start()
    port = service.port
    assert not await service.stop(0.0)
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)
    again = GatewayService(_hello, host="127.0.0.1", port=port)
    await again.start()
    assert await again.stop(5)


async def test_it_can_be_started_again_after_a_stop():
    service = GatewayService(_hello, host="127.0.0.1", port=0)
    for _ in range(2):
        await service.start()
        assert (await (await _ask(service.port)).answer()).startswith(b"HTTP/1.1 200")
        assert await service.stop(5)
