from pathlib import Path

import pytest

from ingest.snmp.ber import Binding, DecodeError, Tag, bindings
from ingest.snmp.ber_encode import EncodeError, encode_oid, encode_value, tlv
from ingest.snmp.message import CommunityMessage, Pdu, PduType, decode_message, encode_community

CORPUS = Path(__file__).parents[3] / "data" / "snmp" / "must_reject.txt"
REJECTED = [line.rsplit(": ", 1) for line in CORPUS.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("name", "datagram"), REJECTED, ids=[name for name, _ in REJECTED])
def test_what_is_no_snmp_is_a_decode_error(name, datagram):
    with pytest.raises(DecodeError) as error:
        decode_message(bytes.fromhex(datagram))
    assert "at byte" in str(error.value)


def read(tag, content):
    data = tlv(0x30, tlv(0x30, encode_oid("1.3") + tlv(tag, content)))
    ((binding,), _) = bindings(data, 0, len(data))
    return binding.value


@pytest.mark.parametrize(
    ("tag", "content", "value"),
    [
        # A leading zero that was left out: net-snmp and others read it so.
        (Tag.COUNTER32, b"\xff\xff\xff\xff", 2**32 - 1),
        (Tag.COUNTER64, b"\xff" * 8, 2**64 - 1),
        (Tag.TIMETICKS, b"\x00\x80", 128),
        (Tag.INTEGER, b"\x00\x00\x00\x01", 1),
        (Tag.INTEGER, b"\xff\xff\xff\xff\xff\xfe", -2),
    ],
)
def test_sloppy_numbers_with_one_meaning_are_read(tag, content, value):
    assert read(tag, content) == value


def test_a_long_form_of_a_length_that_would_fit_a_short_one_is_read():
    assert bindings(b"\x30\x82\x00\x00", 0, 4) == ((), 4)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (Tag.INTEGER, 2**31),
        (Tag.COUNTER32, -1),
        (Tag.COUNTER64, 2**64),
        (Tag.OCTET_STRING, 5),
        (Tag.OCTET_STRING, "text"),
        (Tag.INTEGER, None),
        (Tag.IP_ADDRESS, "1.2.3"),
        (Tag.IP_ADDRESS, "1.2.3.256"),
        (Tag.OBJECT_IDENTIFIER, "1.3.x"),
        (Tag.OBJECT_IDENTIFIER, "1"),
        (Tag.OBJECT_IDENTIFIER, "3.1"),
        (Tag.OBJECT_IDENTIFIER, "1.40"),
        (Tag.OBJECT_IDENTIFIER, f"1.3.{2**32}"),
        (Tag.OBJECT_IDENTIFIER, "1.3" + ".1" * 127),
    ],
)
def test_a_value_that_does_not_fit_its_tag_is_not_encoded(tag, value):
    with pytest.raises(EncodeError):
        encode_value(tag, value)


def test_a_message_is_encoded_as_net_snmp_encodes_it():
    pdu = Pdu(PduType.GET, 1, 0, 0, (Binding("1.3.6.1.2.1.1.3.0", Tag.NULL, None),))
    expected = "302602010104067075626c6963a019020101020100020100300e300c06082b060102010103000500"
    assert encode_community(CommunityMessage(1, b"public", pdu)).hex() == expected
