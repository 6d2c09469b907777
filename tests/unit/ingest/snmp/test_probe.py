"""The datagram that asks whether anybody is there."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ingest.snmp.probe import Probed, _discovery, _engine_id, probe
from tests.snmp_agents.fault_agent import encode as ber
from tests.snmp_agents.fault_agent import integer, octets, sequence
from tests.snmp_agents.net_snmp import free_port


def message(engine_id, version=3):
    usm = ber(sequence(octets(engine_id), integer(1), integer(2), octets(b""), octets(b""), octets(b"")))
    return ber(sequence(integer(version), sequence(integer(1)), octets(usm), sequence()))


def test_the_engine_id_of_a_report_is_found():
    assert _engine_id(message(b"\x80\x00\x1f\x88\x01")) == b"\x80\x00\x1f\x88\x01"
    assert _engine_id(message(b"x" * 32)) == b"x" * 32
    assert _engine_id(message(b"id", version=1)) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_an_exception(data):
    assert _engine_id(data) is None or isinstance(_engine_id(data), bytes)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_report_is_read_without_an_exception(at, byte):
    damaged = bytearray(message(b"\x80\x00\x1f\x88\x01"))
    damaged[at % len(damaged)] = byte
    found = _engine_id(bytes(damaged))
    assert found is None or isinstance(found, bytes)


def test_discovery_is_one_well_formed_message():
    assert len(_discovery(1)) == 64
    assert _engine_id(_discovery(2**31)) == b""


async def test_a_closed_port_refuses_and_silence_is_neither():
    assert (await probe("127.0.0.1", free_port(), 1.0, 1)).refused
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    assert await probe("127.0.0.1", port, 0.05, 1) == Probed()
    transport.close()
