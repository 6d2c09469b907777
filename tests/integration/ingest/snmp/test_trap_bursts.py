"""How many traps the port takes at once, and that what is lost is counted."""

import asyncio
import contextlib
import socket
import time

import pytest
import structlog

from ingest.snmp.ber import Binding, Tag
from ingest.snmp.message import CommunityMessage, Pdu, PduType, encode_community
from ingest.snmp.traps.admission import Admission
from ingest.snmp.traps.informs import Informs
from ingest.snmp.traps.receiver import TrapReceiver
from ingest.snmp.traps.udp import granted_bytes, kernel_drops, open_socket
from schemas.metrics import TRAPS_LIMITED
from schemas.settings.traps import TrapSettings
from stores.journal import Appended, JournalFullError, Outcome
from tests.snmp_agents.trap_service import LINK, device, running

MIB = 1 << 20
EVERYONE = Admission(lambda _address: True, 1, 1, time.monotonic)
LINK_DOWN = (
    Binding("1.3.6.1.2.1.1.3.0", Tag.TIMETICKS, 100),
    Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.OBJECT_IDENTIFIER, "1.3.6.1.6.3.1.1.5.3"),
    Binding("1.3.6.1.2.1.2.2.1.1.7", Tag.INTEGER, 7),
    Binding("1.3.6.1.2.1.2.2.1.7.7", Tag.INTEGER, 1),
    Binding("1.3.6.1.2.1.2.2.1.8.7", Tag.INTEGER, 2),
)


def now_ms():
    return time.time_ns() // 1_000_000


def trap(number):
    return encode_community(CommunityMessage(1, b"seen", Pdu(PduType.TRAP, number, 0, 0, LINK_DOWN)))


def burst(port, count):
    """All at once: the loop of the receiver does not run meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        for number in range(count):
            sender.send(trap(number))


@pytest.fixture
def large_buffer(absent):
    with contextlib.closing(open_socket("127.0.0.1", 0, 8 * MIB)) as probe:
        if granted_bytes(probe) < 8 * MIB:
            absent("a receive buffer of 8 MiB needs CAP_NET_ADMIN or net.core.rmem_max = 8388608")


async def test_with_the_raised_buffer_a_burst_of_5000_loses_nothing(large_buffer, tmp_path):
    async with running(tmp_path, [device(views=[LINK])], now_ms=now_ms) as run:
        burst(run.port, 5000)
        await run.decoded(5000)
        assert run.service.receiver.count_drops() == 0
        numbers = {entry.body for entry in run.journal.read(0, 100_000, ["trap"])}
        assert numbers == {trap(number) for number in range(5000)}
        assert run.refused() == []


async def test_what_a_small_buffer_drops_is_counted(tmp_path):
    async with running(tmp_path, [device(views=[LINK])], now_ms=now_ms, receive_buffer_bytes=65_536) as run:
        if kernel_drops(run.service.receiver._socket) is None:
            pytest.skip("this system does not tell what it dropped (no /proc/net/udp)")
        burst(run.port, 2000)
        dropped = run.service.receiver.count_drops()
        assert dropped > 0
        await run.decoded(2000 - dropped)
        assert len(run.journal.read(0, 100_000, ["trap"])) == 2000 - dropped


class FullSink:
    """A journal that is full until there is room."""

    def __init__(self, path):
        self.path, self.full, self.bodies, self.tried = path, True, [], asyncio.Event()

    async def append(self, entries, receipt=None):
        self.tried.set()
        if self.full:
            raise JournalFullError(self.path, 1, 1)
        self.bodies += [entry.body for entry in entries]
        return [Appended(Outcome.ACCEPTED, 1, None) for _ in entries]


class Answers(Informs):
    """Notes what would have been acknowledged."""

    def __init__(self):
        self.asked = []

    def answer(self, data):
        self.asked.append(data)


async def test_while_the_journal_is_full_traps_wait_and_informs_are_not_acknowledged(tmp_path):
    sink, answers, journaled = FullSink(tmp_path / "journal.db"), Answers(), asyncio.Event()
    settings = TrapSettings(port=0, retry_s=0.02, max_pending_bytes=MIB)
    receiver = TrapReceiver(settings, sink, answers, EVERYONE, now_ms, journaled.set)
    await receiver.start()
    burst(receiver.port, 10)
    await asyncio.wait_for(sink.tried.wait(), 5)
    assert answers.asked == []
    assert not journaled.is_set()
    burst(receiver.port, 10)
    sink.full = False
    assert await receiver.stop(5)
    assert len(sink.bodies) == 20
    assert len(answers.asked) == 20
    assert journaled.is_set()


async def test_a_journal_that_stays_full_does_not_hold_up_the_shutdown(tmp_path):
    sink = FullSink(tmp_path / "journal.db")
    receiver = TrapReceiver(
        TrapSettings(port=0, retry_s=0.02), sink, Answers(), EVERYONE, now_ms, lambda: None
    )
    await receiver.start()
    burst(receiver.port, 1)
    await asyncio.wait_for(sink.tried.wait(), 5)
    assert not await receiver.stop(0.1)


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind(tmp_path):
    with contextlib.closing(open_socket("127.0.0.1", 0, 65_536)) as taken:
        settings = TrapSettings(port=taken.getsockname()[1])
        receiver = TrapReceiver(settings, FullSink(tmp_path), Answers(), EVERYONE, now_ms, lambda: None)
        with pytest.raises(OSError):
            await receiver.start()
        assert await receiver.stop(1)


@pytest.mark.parametrize("sender_host", ["::1", "127.0.0.1"])
async def test_one_socket_hears_ipv6_and_ipv4(tmp_path, absent, sender_host):
    if not socket.has_ipv6:
        absent("this system has no IPv6")
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        absent("this system has no IPv6 loopback")
    async with running(tmp_path, [device(sender_host, views=[LINK])], now_ms=now_ms, host="::") as run:
        family = socket.AF_INET6 if ":" in sender_host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(trap(1), (sender_host, run.port))
        await run.decoded(1)
        assert run.refused() == []
        assert run.polls.asked == [{run.service.decoder._senders.find(f"{sender_host}:9").devices[0].id}]


async def test_a_stranger_fills_neither_journal_nor_log_and_agents_are_heard_beside_it(tmp_path):
    strangers = {"strangers_per_minute": 20, "strangers_together_per_minute": 50}
    before = TRAPS_LIMITED.counter()._value.get()
    with structlog.testing.capture_logs() as logged:
        async with running(tmp_path, [device("127.0.0.2")], now_ms=now_ms, **strangers) as run:
            burst(run.port, 300)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
                agent.bind(("127.0.0.2", 0))
                for number in range(60):
                    agent.sendto(trap(1000 + number), ("127.0.0.1", run.port))
            await run.decoded(80)
            assert run.refused() == ["unknown_sender"] * 20
    assert TRAPS_LIMITED.counter()._value.get() - before == 280
    assert sum("strangers" in line["event"] for line in logged) == 1
