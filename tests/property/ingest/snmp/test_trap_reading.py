"""Whatever comes to the trap port is read and answered without an exception."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.snmp.authoritative import AuthoritativeEngine
from ingest.snmp.ber import Binding, Tag
from ingest.snmp.message import CommunityMessage, Flags, Pdu, PduType, ScopedPdu, UsmParameters, V3Message
from ingest.snmp.message import encode_community as community_datagram
from ingest.snmp.traps.authentication import Authentication, users_of
from ingest.snmp.traps.clocks import Clocks
from ingest.snmp.traps.identity import Boot, Identity
from ingest.snmp.traps.informs import Informs
from ingest.snmp.traps.notification import Notification, Passed, Quarantined
from ingest.snmp.usm import sealed
from tests.snmp_agents.trap_service import AUTH_ONLY, CREDENTIALS, SHA

NOW = 1_800_000_000_000
OURS = b"\x80\x00\x00\x00\x05us"
USERS = users_of(CREDENTIALS)
PDU = Pdu(
    PduType.INFORM,
    7,
    0,
    0,
    (
        Binding("1.3.6.1.2.1.1.3.0", Tag.TIMETICKS, 1),
        Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.OBJECT_IDENTIFIER, "1.3.6.1.6.3.1.1.5.3"),
    ),
)


def inform(user, engine_id):
    (keys,) = USERS[user.user.encode()]
    usm = UsmParameters(engine_id, 1, 100, user.user.encode())
    message = V3Message(5, 65_507, keys.level | Flags.REPORTABLE, usm, ScopedPdu(engine_id, b"", PDU))
    return sealed(keys, message, 9)


GOOD = [
    community_datagram(CommunityMessage(1, b"seen", PDU)),
    inform(SHA, OURS),
    inform(AUTH_ONLY, OURS),
    inform(SHA, b"\x80\x00\x00\x00\x05other"),
    inform(SHA, b""),
]


def read_and_answer(data):
    identity = Identity(OURS, (Boot(1, NOW - 100_000),))
    reading = Authentication(CREDENTIALS, USERS, identity, Clocks()).read(data, NOW)
    engine = AuthoritativeEngine(OURS, 1, NOW - 100_000, USERS, lambda: NOW, 3)
    return reading, Informs(engine, frozenset({b"seen"})).answer(data)


def test_good_informs_are_read_and_answered():
    readings, answers = zip(*map(read_and_answer, GOOD), strict=True)
    assert [type(reading) for reading in readings] == [Notification] * 3 + [Passed] * 2
    assert all(answers)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_changed_informs_are_read_or_kept_in_quarantine(data, draw):
    broken = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        broken[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    reading, _ = read_and_answer(bytes(broken[: draw.draw(st.integers(0, len(broken)))]))
    assert isinstance(reading, Notification | Quarantined | Passed)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GOOD[1:3]), st.data())
def test_no_changed_signed_inform_is_believed(data, draw):
    at = draw.draw(st.integers(0, len(data) - 1))
    broken = data[:at] + bytes([data[at] ^ draw.draw(st.integers(1, 255))]) + data[at + 1 :]
    reading, _ = read_and_answer(broken)
    assert not isinstance(reading, Notification)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_read(data):
    reading, answer = read_and_answer(data)
    assert isinstance(reading, Notification | Quarantined | Passed)
    assert answer is None or isinstance(answer, bytes)
