"""Traps: microseconds each against pysnmp's decoder, and how large a burst the socket holds.

    python tests/benchmarks/bench_traps.py [--traps 20000]

Prints the decoder alone and the whole way (socket, journal on disk, decoder, rules, evidence or poll) in CPU time per
trap, the ratio to pyasn1 with pysnmp's definitions in the same run, and how many traps of this size a socket that
nobody reads keeps with the system's default buffer, with net.core.rmem_max, and with 8 MiB forced (CAP_NET_ADMIN).
"""

import argparse
import asyncio
import logging
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import structlog  # noqa: E402 - the path above comes first
from pyasn1.codec.ber import decoder as pyasn1_decoder  # noqa: E402
from pysnmp.proto import api  # noqa: E402

from ingest.snmp.authoritative import AuthoritativeEngine  # noqa: E402
from ingest.snmp.ber import Binding, Tag  # noqa: E402
from ingest.snmp.message import CommunityMessage, Pdu, PduType, decode_message, encode_community  # noqa: E402
from ingest.snmp.traps.udp import granted_bytes, open_socket  # noqa: E402
from ingest.snmp.usm import UserKeys, opened, verify  # noqa: E402
from schemas.metrics import TRAPS_DECODED  # noqa: E402
from tests.snmp_agents.trap_service import COMMUNITY, LINK, SHA, device, running, until  # noqa: E402

MIB = 1 << 20
BINDINGS = (
    Binding("1.3.6.1.2.1.1.3.0", Tag.TIMETICKS, 123_456),
    Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.OBJECT_IDENTIFIER, "1.3.6.1.6.3.1.1.5.3"),
    Binding("1.3.6.1.2.1.2.2.1.1.7", Tag.INTEGER, 7),
    Binding("1.3.6.1.2.1.2.2.1.7.7", Tag.INTEGER, 1),
    Binding("1.3.6.1.2.1.2.2.1.8.7", Tag.INTEGER, 2),
    Binding("1.3.6.1.2.1.31.1.1.1.1.7", Tag.OCTET_STRING, b"ge-0/0/1"),
)
KEYS = UserKeys(SHA)
SENDER = """
import socket, sys, time
port, pace = int(sys.argv[1]), float(sys.argv[2])
traps = [bytes.fromhex(line) for line in sys.stdin]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.connect(("127.0.0.1", port))
    started = time.monotonic()
    for number, trap in enumerate(traps):
        if pace and number % 50 == 0:
            time.sleep(max(0, started + number / pace - time.monotonic()))
        sender.send(trap)
print(len(traps) / (time.monotonic() - started))
"""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def v2c_traps(count: int) -> list[bytes]:
    return [
        encode_community(
            CommunityMessage(1, COMMUNITY.community.encode(), Pdu(PduType.TRAP, n, 0, 0, BINDINGS))
        )
        for n in range(count)
    ]


def v3_traps(count: int) -> list[bytes]:
    engine = AuthoritativeEngine(b"\x80\x00\x00\x00\x05bench", 1, now_ms() - 1000, {}, now_ms, 1)
    return [engine.notify(KEYS, Pdu(PduType.TRAP, n, 0, 0, BINDINGS), n) for n in range(count)]


def microseconds(job: Callable[[bytes], object], traps: list[bytes]) -> float:
    started = time.process_time()
    for trap in traps:
        job(trap)
    return (time.process_time() - started) / len(traps) * 1e6


def by_pysnmp(trap: bytes) -> object:
    module = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    message, _ = pyasn1_decoder.decode(trap, asn1Spec=module.Message())
    return [
        (oid.prettyPrint(), value)
        for oid, value in module.apiPDU.get_varbinds(message["data"].getComponent())
    ]


def v3_opened(trap: bytes) -> object:
    message = decode_message(trap)
    return verify(KEYS, trap, message) and opened(KEYS, message)


def decoders() -> None:
    v2c, v3 = v2c_traps(4_000), v3_traps(4_000)
    rounds = [
        (microseconds(decode_message, v2c), microseconds(by_pysnmp, v2c[:400]), microseconds(v3_opened, v3))
        for _ in range(5)
    ]
    ours, theirs, authenticated = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(peer / own for own, peer, _ in rounds)
    print(
        f"decode a v2c trap of {len(v2c[0])} bytes: {ours:.1f} us; pysnmp/pyasn1: {theirs:.0f} us; ratio {ratio:.0f}"
    )
    print(f"verify, decrypt and decode a v3 trap of {len(v3[0])} bytes: {authenticated:.1f} us")


def total() -> float:
    return sum(TRAPS_DECODED.counter().labels(outcome)._value.get() for outcome in ("evidence", "poll"))


async def whole_way(name: str, traps: list[bytes], credential: object, pace: float) -> None:
    with tempfile.TemporaryDirectory() as directory:
        devices = [device(credential=credential, views=[LINK])]
        async with running(Path(directory), devices, now_ms=now_ms) as run:
            sender = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", SENDER, str(run.port), str(pace)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            before, cpu = total(), time.process_time()
            rate, _ = await sender.communicate("\n".join(trap.hex() for trap in traps).encode())
            dropped = run.service.receiver.count_drops()
            kept = len(traps) - dropped
            # Counters, not the journal: reading it again and again would be measured too.
            await until(lambda: total() >= before + kept)
            each = (time.process_time() - cpu) / kept * 1e6
            print(
                f"{name}: {len(traps)} sent at {float(rate):,.0f}/s, {kept} decoded, {dropped} dropped by the kernel;"
                f" {each:.0f} us of CPU each, all the way (Telegraf: 55-87 on the machine of the study)"
            )


def capacity() -> None:
    trap = v2c_traps(1)[0]
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as plain:
        plain.setblocking(False)
        plain.bind(("127.0.0.1", 0))
        print(f"default buffer ({granted_bytes(plain) // 1024} KiB): holds a burst of {held(plain, trap)}")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as limited:
        limited.setblocking(False)
        limited.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * MIB)
        limited.bind(("127.0.0.1", 0))
        size = granted_bytes(limited) // 1024
        print(
            f"8 MiB asked, not forced ({size} KiB, net.core.rmem_max): holds a burst of {held(limited, trap)}"
        )
    with closing(open_socket("127.0.0.1", 0, 8 * MIB)) as forced:
        print(
            f"as the receiver opens it ({granted_bytes(forced) // 1024} KiB): holds a burst of {held(forced, trap)}"
        )


def held(opened_socket: socket.socket, trap: bytes) -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        sender.connect(opened_socket.getsockname())
        for _ in range(60_000):
            sender.send(trap)
    count = 0
    while True:
        try:
            opened_socket.recv(2048)
        except BlockingIOError:
            return count
        count += 1


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--traps", type=int, default=20_000, help="traps of the paced runs")
    count = parser.parse_args().traps
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    decoders()
    capacity()
    await whole_way("v2c burst", v2c_traps(5_000), COMMUNITY, 0)
    await whole_way("v2c paced", v2c_traps(count), COMMUNITY, 2_000)
    await whole_way("v3 burst", v3_traps(5_000), SHA, 0)
    await whole_way("v3 paced", v3_traps(count), SHA, 1_000)


if __name__ == "__main__":
    asyncio.run(main())
