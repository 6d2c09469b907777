"""Differential tests of the codec against pyasn1 with pysnmp's definitions, and fuzzing."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api, rfc1902, rfc1905

from ingest.snmp.ber import Binding, DecodeError, Tag
from ingest.snmp.message import (
    CommunityMessage,
    Flags,
    Pdu,
    PduType,
    ScopedPdu,
    TrapV1,
    UsmParameters,
    V3Message,
    decode_message,
    encode_community,
    encode_v3,
)

V1, V2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1], api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
int32 = st.integers(-(2**31), 2**31 - 1)
uint32 = st.integers(0, 2**32 - 1)
arcs = st.lists(uint32, max_size=20).map(tuple)
oids = st.tuples(st.integers(0, 1), st.integers(0, 39), arcs).map(
    lambda t: ".".join(map(str, (t[0], t[1], *t[2])))
) | st.tuples(st.integers(0, 1000), arcs).map(lambda t: ".".join(map(str, (2, t[0], *t[1]))))
addresses = st.binary(min_size=4, max_size=4).map(lambda b: ".".join(map(str, b)))
values_v1 = st.one_of(
    st.tuples(st.just(Tag.INTEGER), int32),
    st.tuples(st.just(Tag.OCTET_STRING), st.binary(max_size=300)),
    st.tuples(st.just(Tag.OBJECT_IDENTIFIER), oids),
    st.tuples(st.just(Tag.IP_ADDRESS), addresses),
    st.tuples(st.sampled_from([Tag.COUNTER32, Tag.GAUGE32, Tag.TIMETICKS]), uint32),
    st.tuples(st.just(Tag.OPAQUE), st.binary(max_size=40)),
)
values = values_v1 | st.one_of(
    st.tuples(st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)),
    st.tuples(
        st.sampled_from([Tag.NULL, Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW]), st.none()
    ),
)


def bindings(of):
    return st.lists(st.tuples(oids, of).map(lambda t: Binding(t[0], int(t[1][0]), t[1][1])), max_size=6).map(
        tuple
    )


ordinary = st.builds(
    Pdu,
    st.sampled_from([PduType.GET, PduType.GETNEXT, PduType.RESPONSE, PduType.INFORM, PduType.TRAP]).map(int),
    int32,
    st.integers(0, 18),
    st.integers(0, 2**31 - 1),
    bindings(values),
)
traps_v1 = st.builds(TrapV1, oids, addresses, st.integers(0, 6), int32, uint32, bindings(values_v1))
messages = st.one_of(
    st.builds(CommunityMessage, st.just(1), st.binary(max_size=60), ordinary),
    st.builds(CommunityMessage, st.just(0), st.binary(max_size=60), traps_v1),
)
v3_messages = st.builds(
    V3Message,
    st.integers(0, 2**31 - 1),
    st.integers(484, 65507),
    st.just(int(Flags.AUTH | Flags.REPORTABLE)),
    st.builds(
        UsmParameters,
        st.binary(max_size=32),
        st.integers(0, 2**31 - 1),
        st.integers(0, 2**31 - 1),
        st.binary(max_size=32),
        st.binary(min_size=12, max_size=48),
        st.binary(max_size=8),
    ),
    st.builds(ScopedPdu, st.binary(max_size=32), st.binary(max_size=32), ordinary),
)


def theirs(binding, module):
    kinds = {
        Tag.INTEGER: rfc1902.Integer32,
        Tag.OCTET_STRING: rfc1902.OctetString,
        Tag.OBJECT_IDENTIFIER: rfc1902.ObjectIdentifier,
        Tag.IP_ADDRESS: rfc1902.IpAddress,
        Tag.COUNTER32: rfc1902.Counter32,
        Tag.GAUGE32: rfc1902.Gauge32,
        Tag.TIMETICKS: rfc1902.TimeTicks,
        Tag.OPAQUE: rfc1902.Opaque,
        Tag.COUNTER64: rfc1902.Counter64,
        Tag.NULL: lambda _: V2.Null(""),
        Tag.NO_SUCH_OBJECT: lambda _: rfc1905.noSuchObject,
        Tag.NO_SUCH_INSTANCE: lambda _: rfc1905.noSuchInstance,
        Tag.END_OF_MIB_VIEW: lambda _: rfc1905.endOfMibView,
    }
    v1_kinds = {Tag.INTEGER: V1.Integer, Tag.COUNTER32: V1.Counter, Tag.GAUGE32: V1.Gauge}
    make = v1_kinds.get(binding.tag, kinds[binding.tag]) if module is V1 else kinds[binding.tag]
    return make(binding.value)


def encoded_by_pysnmp(message):
    if isinstance(message.pdu, TrapV1):
        module, pdu = V1, V1.TrapPDU()
        V1.apiTrapPDU.set_defaults(pdu)
        V1.apiTrapPDU.set_enterprise(pdu, message.pdu.enterprise)
        V1.apiTrapPDU.set_agent_address(pdu, message.pdu.agent_address)
        V1.apiTrapPDU.set_generic_trap(pdu, message.pdu.generic)
        V1.apiTrapPDU.set_specific_trap(pdu, message.pdu.specific)
        V1.apiTrapPDU.set_timestamp(pdu, message.pdu.timestamp)
        V1.apiTrapPDU.set_varbinds(pdu, [(b.oid, theirs(b, V1)) for b in message.pdu.bindings])
    else:
        module = V2
        kind = {
            PduType.GET: V2.GetRequestPDU,
            PduType.GETNEXT: V2.GetNextRequestPDU,
            PduType.RESPONSE: V2.ResponsePDU,
            PduType.INFORM: V2.InformRequestPDU,
            PduType.TRAP: V2.SNMPv2TrapPDU,
        }[message.pdu.type]
        pdu = kind()
        V2.apiPDU.set_defaults(pdu)
        V2.apiPDU.set_request_id(pdu, message.pdu.request_id)
        V2.apiPDU.set_error_status(pdu, message.pdu.error_status)
        V2.apiPDU.set_error_index(pdu, message.pdu.error_index)
        V2.apiPDU.set_varbinds(pdu, [(b.oid, theirs(b, V2)) for b in message.pdu.bindings])
    wrapper = module.Message()
    module.apiMessage.set_defaults(wrapper)
    module.apiMessage.set_community(wrapper, message.community)
    module.apiMessage.set_pdu(wrapper, pdu)
    return encoder.encode(wrapper)


@settings(max_examples=150, deadline=None)
@given(messages)
def test_what_pysnmp_encodes_is_decoded_to_the_same_values(message):
    assert decode_message(encoded_by_pysnmp(message)) == message


@settings(max_examples=150, deadline=None)
@given(messages)
def test_what_we_encode_pysnmp_decodes_and_encodes_to_the_same_meaning(message):
    module = V1 if message.version == 0 else V2
    wrapper, rest = decoder.decode(encode_community(message), asn1Spec=module.Message())
    assert rest == b""
    assert decode_message(encoder.encode(wrapper)) == message


@settings(max_examples=150, deadline=None)
@given(messages)
def test_community_messages_survive_a_round_trip(message):
    assert decode_message(encode_community(message)) == message


@settings(max_examples=150, deadline=None)
@given(v3_messages)
def test_v3_messages_survive_a_round_trip_and_the_mac_stands_where_it_is_said_to(message):
    data, mac_at = encode_v3(message)
    assert decode_message(data) == message._replace(mac_at=mac_at)
    assert data[mac_at : mac_at + len(message.usm.mac)] == message.usm.mac


@settings(max_examples=150, deadline=None)
@given(v3_messages)
def test_v3_headers_are_read_alike_by_pysnmp(message):
    from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
    from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

    wrapper, rest = decoder.decode(encode_v3(message)[0], asn1Spec=SNMPv3Message())
    assert rest == b""
    assert int(wrapper["msgGlobalData"]["msgID"]) == message.msg_id
    usm, _ = decoder.decode(bytes(wrapper["msgSecurityParameters"]), asn1Spec=UsmSecurityParameters())
    assert [bytes(usm[i]) if i not in {1, 2} else int(usm[i]) for i in range(6)] == list(message.usm)


def only_decode_errors(data):
    try:
        return decode_message(data)
    except DecodeError:
        return None


wire = messages.map(encode_community) | v3_messages.map(lambda m: encode_v3(m)[0])


@settings(max_examples=300, deadline=None)
@given(wire, st.data())
def test_flipped_bytes_give_a_message_or_a_decode_error(data, draw):
    broken = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        broken[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    only_decode_errors(bytes(broken))


@settings(max_examples=100, deadline=None)
@given(wire)
def test_every_truncation_is_a_decode_error(data):
    for size in range(len(data)):
        assert only_decode_errors(data[:size]) is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all_give_a_message_or_a_decode_error(data):
    only_decode_errors(data)


@settings(max_examples=200, deadline=None)
@given(messages.map(encode_community), st.data())
def test_what_we_accept_from_a_flipped_byte_pysnmp_does_not_read_otherwise(data, draw):
    broken = bytearray(data)
    broken[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    ours = only_decode_errors(bytes(broken))
    if not isinstance(ours, CommunityMessage):
        return
    try:
        wrapper, _ = decoder.decode(bytes(broken), asn1Spec=(V1 if ours.version == 0 else V2).Message())
    except PyAsn1Error:
        return  # pysnmp checks some ranges more closely, and takes no numbers without their leading zero
    assert decode_message(encoder.encode(wrapper)) == ours
