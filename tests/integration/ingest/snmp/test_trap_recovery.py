"""Restarts, replays and rubbish at the trap port."""

import asyncio
import random
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from ingest.snmp.authoritative import AuthoritativeEngine
from ingest.snmp.ber import Binding, Tag
from ingest.snmp.message import Pdu, PduType
from ingest.snmp.traps import decoder as decoder_module
from ingest.snmp.usm import UserKeys
from stores.entries import trap_entry
from stores.journal import Journal, JournalFullError
from tests.snmp_agents.trap_service import LINK, SHA, device, running, until

CORPUS = Path(__file__).parents[3] / "data" / "snmp" / "must_reject.txt"
KEYS = UserKeys(SHA)
START = 1_800_000_000_000


def link_trap(up):
    oid = "1.3.6.1.6.3.1.1.5.4" if up else "1.3.6.1.6.3.1.1.5.3"
    return (
        Binding("1.3.6.1.2.1.1.3.0", Tag.TIMETICKS, 100),
        Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.OBJECT_IDENTIFIER, oid),
        Binding("1.3.6.1.2.1.2.2.1.7.7", Tag.INTEGER, 1),
        Binding("1.3.6.1.2.1.2.2.1.8.7", Tag.INTEGER, 1 if up else 2),
        Binding("1.3.6.1.2.1.31.1.1.1.1.7", Tag.OCTET_STRING, b"ge-0/0/1"),
    )


class Clock:
    def __init__(self):
        self.ms = START

    def __call__(self):
        return self.ms


class Agent:
    """A sender of v3 traps whose datagrams can be kept and sent again."""

    def __init__(self, clock, boots=7):
        self.engine = AuthoritativeEngine(
            b"\x80\x00\x00\x00\x05agent", boots, clock() - 1000_000, {}, clock, 1
        )
        self.numbers = iter(range(1, 1000))

    def trap(self, up):
        number = next(self.numbers)
        return self.engine.notify(KEYS, Pdu(PduType.TRAP, number, 0, 0, link_trap(up)), number)


def send(port, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, ("127.0.0.1", port))


def devices():
    return [device(credential=SHA, views=[LINK])]


def statuses(run):
    return [event["data"]["status"] for event in run.events()]


async def test_a_trap_that_is_played_again_changes_nothing_also_after_our_restart(tmp_path):
    clock = Clock()
    agent = Agent(clock)
    down, up = agent.trap(up=False), agent.trap(up=True)
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, down, up, down)
        await run.decoded(3)
        assert statuses(run) == ["down", "up"]
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, down)
        await run.decoded(4)
        clock.ms += 160_000
        fresh = agent.trap(up=False)
        send(run.port, fresh, down)
        await run.decoded(6)
        assert statuses(run) == ["down", "up", "down"]
        assert run.refused() == ["not_in_time_window"]


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b'{"offset": 1, "clocks": 5}', b'{"offset": 99999, "clocks": {}}']
)
async def test_lost_or_damaged_clocks_are_rebuilt_from_the_journal(tmp_path, content):
    clock = Clock()
    agent = Agent(clock)
    down = agent.trap(up=False)
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, down)
        await run.decoded(1)
    state = tmp_path / "traps-state.json"
    state.unlink() if content is None else state.write_bytes(content)
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, down)
        await run.decoded(2)
        assert statuses(run) == ["down"]


async def test_an_older_boot_of_a_sender_is_not_believed(tmp_path):
    clock = Clock()
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, Agent(clock, boots=8).trap(up=False), Agent(clock, boots=7).trap(up=True))
        await run.decoded(2)
        assert statuses(run) == ["down"]
        assert run.refused() == ["not_in_time_window"]


async def test_what_was_journaled_before_a_crash_is_decoded_after_it_with_its_own_time(tmp_path):
    clock = Clock()
    datagram = Agent(clock).trap(up=False)
    with Journal(tmp_path / "journal.db") as journal:
        journal.append([trap_entry(datagram, received_ms=START, sender="127.0.0.1:4000")])
    clock.ms += 3_600_000
    async with running(tmp_path, devices(), now_ms=clock) as run:
        await run.decoded(1)
        (event,) = run.events()
        assert event["receivedtime"] == "2027-01-15T08:00:00.000Z"


async def test_evidence_is_written_once_when_the_journal_refuses_for_a_while(tmp_path, monkeypatch):
    clock = Clock()
    agent = Agent(clock)
    async with running(tmp_path, devices(), now_ms=clock, retry_s=0.02) as run:
        write, failures = run.writer.write, iter([True, True, False])

        async def refusing(job, size):
            if "TrapDecoder" in job.__qualname__ and next(failures, False):
                raise JournalFullError(tmp_path / "journal.db", 1, 1)
            return await write(job, size)

        monkeypatch.setattr(run.writer, "write", refusing)
        send(run.port, agent.trap(up=False))
        await run.decoded(1)
        assert statuses(run) == ["down"]
        assert next(failures, "all used") == "all used"


async def test_rubbish_is_in_quarantine_and_the_next_trap_is_heard(tmp_path):
    clock = Clock()
    rubbish = [bytes.fromhex(line.rsplit(": ", 1)[1]) for line in CORPUS.read_text().splitlines()[1:]]
    rng = random.Random(5)
    rubbish += [rng.randbytes(rng.randrange(1, 200)) for _ in range(50)]
    agent = Agent(clock)
    good = agent.trap(up=False)
    rubbish += [good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :] for at in range(len(good))]
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, b"", *rubbish, good)
        await run.decoded(len(rubbish) + 2)
        assert statuses(run) == ["down"]
        # One flipped bit makes it an inform for another engine: that one is asked back, not kept.
        assert len(run.refused()) >= len(rubbish) - 5


async def test_a_fault_of_ours_in_one_trap_stops_no_other(tmp_path, monkeypatch):
    clock = Clock()
    agent = Agent(clock)
    async with running(tmp_path, devices(), now_ms=clock) as run:
        judge, calls = run.service.decoder._rules.judge, []

        def faulty(sender, said):
            calls.append(said)
            if len(calls) == 1:
                raise ZeroDivisionError
            return judge(sender, said)

        monkeypatch.setattr(run.service.decoder._rules, "judge", faulty)
        send(run.port, agent.trap(up=False), agent.trap(up=True))
        await run.decoded(2)
        assert statuses(run) == ["up"]
        assert run.refused() == ["failed"]


async def test_the_position_moves_on_behind_events_so_that_the_journal_can_be_trimmed(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder_module, "_IDLE_ENTRIES", 0)
    clock = Clock()
    async with running(tmp_path, devices(), now_ms=clock) as run:
        send(run.port, Agent(clock).trap(up=False))
        await run.decoded(1)
        run.service.decoder.wake()
        await until(lambda: run.journal.position("traps") == run.journal.last_offset())


KILLED = """
import asyncio, sys, time
from pathlib import Path
from tests.snmp_agents.trap_service import SHA, LINK, device, running, until

async def main():
    directory = Path(sys.argv[1])
    devices = [device(credential=SHA, views=[LINK])]
    async with running(directory, devices, now_ms=lambda: time.time_ns() // 1_000_000, batch=5) as run:
        print(run.port, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_after_kill_9_each_trap_is_evidence_exactly_once(tmp_path):
    def clock():
        return time.time_ns() // 1_000_000

    agent = Agent(clock)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", KILLED, str(tmp_path)),
        cwd=Path(__file__).parents[4],
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(20):
            while not (line := await process.stdout.readline()).strip().isdigit():
                assert line, "the service did not start"
        send(int(line), *(agent.trap(up=bool(number % 2)) for number in range(200)))
        with Journal(tmp_path / "journal.db") as journal:
            await until(lambda: len(journal.read(0, 1000, ["event"])) >= 20)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with running(tmp_path, devices(), now_ms=clock) as run:
        traps = len(run.journal.read(0, 1000, ["trap"]))
        await run.decoded(traps)
        assert len(run.events()) == traps
        assert len({event["id"] for event in run.events()}) == traps
        assert run.refused() == []
