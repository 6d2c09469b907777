import pytest

from ingest.snmp.authoritative import Accepted, AuthoritativeEngine, Rejected, Stat
from ingest.snmp.ber import Binding, Tag
from ingest.snmp.message import Flags, Pdu, PduType, ScopedPdu, UsmParameters, V3Message, decode_message
from ingest.snmp.usm import DecryptionError, UserKeys, opened, sealed, verify
from schemas.credentials import AuthProtocol, PrivProtocol, UsmUser

ENGINE = bytes.fromhex("000000000000000000000002")
PDU = Pdu(PduType.INFORM, 77, 0, 0, (Binding("1.3.6.1.2.1.1.3.0", Tag.TIMETICKS, 5),))


def keys(auth=AuthProtocol.SHA_256, priv=PrivProtocol.AES_128, **changes):
    chosen = {
        "auth_protocol": auth,
        "auth_key": "maplesyrup" if auth else None,
        "priv_protocol": priv,
        "priv_key": "maplesyrup" if priv else None,
    }
    return UserKeys(UsmUser("core", "alice", **(chosen | changes)))


def message(level, **usm):
    parameters = {"engine_id": ENGINE, "boots": 3, "engine_time": 100, "user": b"alice"} | usm
    return V3Message(
        9, 65507, level | Flags.REPORTABLE, UsmParameters(**parameters), ScopedPdu(ENGINE, b"", PDU)
    )


def test_the_key_of_rfc_3414_a_3_2_comes_out():
    found = keys(AuthProtocol.SHA, None)
    assert found._auth_master.hex() == "9fb5cc0381497b3793528939ff788d5d79145211"
    assert found._of(ENGINE)[0].hex() == "6695febc9288e36282235fc7151f128497b38f3f"


@pytest.mark.parametrize("auth", list(AuthProtocol))
@pytest.mark.parametrize("priv", list(PrivProtocol))
def test_localized_keys_are_those_of_pysnmp(auth, priv):
    import pysnmp.entity.config  # noqa: F401 - its modules import one another in this order only
    from pysnmp.proto.secmod.eso.priv import aes192, aes256
    from pysnmp.proto.secmod.rfc3414.auth import hmacsha
    from pysnmp.proto.secmod.rfc3826.priv import aes
    from pysnmp.proto.secmod.rfc7860.auth import hmacsha2

    theirs_priv = {
        PrivProtocol.AES_128: aes.Aes(),
        PrivProtocol.AES_192: aes192.AesBlumenthal192(),
        PrivProtocol.AES_256: aes256.AesBlumenthal256(),
    }[priv]
    if auth is AuthProtocol.SHA:
        module, auth_id = hmacsha.HmacSha(), hmacsha.HmacSha.SERVICE_ID
    else:
        # pysnmp's ids 4 to 7 (usmHMAC128SHA224AuthProtocol and on, RFC 7860 section 9).
        auth_id = (1, 3, 6, 1, 6, 3, 10, 1, 1, 3 + list(AuthProtocol).index(auth))
        module = hmacsha2.HmacSha2(auth_id)
    from pyasn1.type.univ import OctetString

    password, engine = OctetString("maplesyrup"), OctetString(ENGINE)
    ours = keys(auth, priv)._of(ENGINE)
    assert ours[0] == bytes(module.localize_key(module.hash_passphrase(password), engine))
    theirs = theirs_priv.localize_key(auth_id, theirs_priv.hash_passphrase(auth_id, password), engine)
    assert ours[1] == bytes(theirs)[: len(ours[1])]


@pytest.mark.parametrize("auth", list(AuthProtocol))
@pytest.mark.parametrize("priv", [None, *PrivProtocol])
def test_a_sealed_message_is_verified_and_opened(auth, priv):
    user = keys(auth, priv)
    data = sealed(user, message(user.level), salt=1)
    received = decode_message(data)
    assert verify(user, data, received)
    assert opened(user, received).pdu == PDU
    assert (b"\x43\x01\x05" in data) == (priv is None)


def test_every_changed_byte_breaks_the_mac():
    user = keys()
    data = sealed(user, message(user.level), salt=1)
    for at in range(len(data)):
        broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            received = decode_message(broken)
        except ValueError:
            continue
        assert not isinstance(received, V3Message) or not verify(user, broken, received)


def test_a_wrong_privacy_key_is_a_decryption_error():
    data = sealed(keys(), message(3), salt=1)
    with pytest.raises(DecryptionError):
        opened(keys(priv_key="another-key"), decode_message(data))


def test_keys_of_the_least_recently_used_engine_are_forgotten():
    user = UserKeys(UsmUser("n", "u", AuthProtocol.SHA, "maplesyrup"), max_engines=2)
    for engine in (b"1", b"2", b"1", b"3"):
        user.mac(engine, b"")
    assert set(user._localized) == {b"1", b"3"}


def engine(now=200_000, **users):
    known = users or {"alice": keys()}
    return AuthoritativeEngine(
        ENGINE, 3, 100_000, {name.encode(): (k,) for name, k in known.items()}, lambda: now, salt=5
    )


def ask(engine, keys, /, **usm):
    data = sealed(keys, message(keys.level, **usm), salt=1)
    return engine.accept(data, decode_message(data))


def test_a_message_of_our_engine_boot_and_time_is_accepted_and_answered():
    accepted = ask(engine(), keys())
    assert isinstance(accepted, Accepted)
    data = engine().respond(accepted, accepted.scoped.pdu._replace(type=PduType.RESPONSE))
    answer = decode_message(data)
    assert verify(keys(), data, answer)
    assert opened(keys(), answer).pdu.request_id == 77
    assert answer.msg_id == 9


@pytest.mark.parametrize(
    ("user", "usm", "stat", "signed"),
    [
        (keys(), {"engine_id": b""}, Stat.UNKNOWN_ENGINE_ID, False),
        (keys(), {"user": b"mallory"}, Stat.UNKNOWN_USER, False),
        (keys(auth_key="another-key"), {}, Stat.WRONG_DIGEST, False),
        (keys(AuthProtocol.SHA_512), {}, Stat.WRONG_DIGEST, False),
        (keys(None, None), {}, Stat.UNSUPPORTED_LEVEL, False),
        (keys(priv=None), {}, Stat.UNSUPPORTED_LEVEL, False),
        (keys(), {"boots": 2}, Stat.NOT_IN_TIME_WINDOW, True),
        (keys(), {"boots": 4}, Stat.NOT_IN_TIME_WINDOW, True),
        (keys(), {"engine_time": 251}, Stat.NOT_IN_TIME_WINDOW, True),
        (keys(priv=None), {"engine_time": 0}, Stat.UNSUPPORTED_LEVEL, False),
        (keys(priv_key="another-key"), {}, Stat.DECRYPTION_ERROR, False),
    ],
)
def test_what_is_refused_is_reported_by_its_counter(user, usm, stat, signed):
    rejected = ask(engine(), user, **usm)
    assert isinstance(rejected, Rejected)
    assert rejected.stat is stat
    report = decode_message(rejected.report)
    assert report.scoped.pdu.type == PduType.REPORT
    assert report.scoped.pdu.bindings[0].oid == stat
    assert bool(report.flags & Flags.AUTH) == signed
    assert (report.usm.engine_id, report.usm.boots, report.usm.engine_time) == (ENGINE, 3, 100)
    if signed:
        assert verify(keys(), rejected.report, report)


def test_nothing_is_answered_to_what_is_not_reportable():
    data = sealed(keys(), message(3, boots=1)._replace(flags=3), salt=1)
    assert engine().accept(data, decode_message(data)) == Rejected(Stat.NOT_IN_TIME_WINDOW, None)


def test_of_two_users_of_one_name_the_mac_tells_which_is_meant():
    other = keys(auth_key="another-key")
    both = AuthoritativeEngine(ENGINE, 3, 100_000, {b"alice": (keys(), other)}, lambda: 200_000, salt=5)
    assert ask(both, other).keys is other
