import struct

import pytest

from ingest.snmp.ber import Binding, Tag
from ingest.snmp.message import Pdu, PduType, TrapV1
from ingest.snmp.traps.notification import Notification, Quarantined, TrapRefusal, notification

UPTIME = Binding("1.3.6.1.2.1.1.3.0", Tag.TIMETICKS, 5)


def trap_oid(oid):
    return Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.OBJECT_IDENTIFIER, oid)


@pytest.mark.parametrize(
    ("generic", "specific", "oid"),
    [(0, 0, "1.3.6.1.6.3.1.1.5.1"), (4, 9, "1.3.6.1.6.3.1.1.5.5"), (6, 17, "1.3.6.1.4.1.9.0.17")],
)
def test_v1_traps_are_named_as_rfc_3584_says(generic, specific, oid):
    trap = TrapV1("1.3.6.1.4.1.9", "10.0.0.1", generic, specific, 0, ())
    assert notification(trap) == Notification(oid, ())


@pytest.mark.parametrize("first", [(UPTIME,), ()])
def test_the_trap_oid_is_found_with_and_without_the_uptime(first):
    pdu = Pdu(PduType.TRAP, 1, 0, 0, (*first, trap_oid("1.3.6.1.9")))
    assert notification(pdu, "core").oid == "1.3.6.1.9"
    assert notification(pdu, "core").user == "core"


@pytest.mark.parametrize(
    "pdu",
    [
        Pdu(PduType.TRAP, 1, 0, 0, ()),
        Pdu(PduType.TRAP, 1, 0, 0, (UPTIME, UPTIME, trap_oid("1.3"))),
        Pdu(PduType.TRAP, 1, 0, 0, (UPTIME, Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.OCTET_STRING, b"1.3"))),
        Pdu(PduType.TRAP, 1, 0, 0, (Binding("1.3.6.1.6.3.1.1.4.1.0", Tag.IP_ADDRESS, "1.2.3.4"),)),
    ],
)
def test_a_trap_without_its_name_is_malformed(pdu):
    assert notification(pdu).code is TrapRefusal.MALFORMED


def test_a_request_is_no_notification():
    found = notification(Pdu(PduType.GET, 1, 0, 0, (UPTIME,)))
    assert isinstance(found, Quarantined)
    assert found.code is TrapRefusal.NOT_A_NOTIFICATION


def test_values_read_as_polling_reads_them():
    said = Notification(
        "1.3",
        (
            Binding("1.1", Tag.OPAQUE, b"\x9f\x78\x04" + struct.pack(">f", 1.5)),
            Binding("1.2", Tag.OPAQUE, b"\x9f\x79\x08" + struct.pack(">d", 2.5)),
            Binding("1.3", Tag.OPAQUE, b"\x9f\x78\x04\x00"),
            Binding("1.4", Tag.NO_SUCH_INSTANCE, None),
            Binding("1.5", Tag.INTEGER, 3),
        ),
    )
    assert said.values() == {"1.1": 1.5, "1.2": 2.5, "1.3": b"\x9f\x78\x04\x00", "1.5": 3}
