"""What an engine promises on SNMPv3, against net-snmp's agent."""

import pytest

from ingest.snmp.engine import (
    Answer,
    AuthenticationFailed,
    CredentialsSuspect,
    Malformed,
    NoAnswer,
    Report,
    Rows,
    Target,
    Unreachable,
)
from schemas.credentials import UsmUser
from tests.snmp_agents.fault_agent import FaultAgent, Faults
from tests.snmp_agents.net_snmp import ENGINE_B

pytestmark = pytest.mark.service

UPTIME, LOCATION = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.6.0"
OR_DESCR = "1.3.6.1.2.1.1.9.1.3"


def location(answer):
    assert isinstance(answer, Answer), answer
    return answer.varbinds[1].value


@pytest.mark.parametrize(
    ("user", "auth", "priv"),
    [
        ("sha1aes", "SHA", "AES-128"),
        ("sha224aes", "SHA-224", "AES-128"),
        ("sha256aes", "SHA-256", "AES-128"),
        ("sha384aes", "SHA-384", "AES-128"),
        ("sha512aes", "SHA-512", "AES-128"),
        ("sha1aes192", "SHA", "AES-192"),
        ("sha1aes256", "SHA", "AES-256"),
        ("sha256aes256", "SHA-256", "AES-256"),
        ("sha256", "SHA-256", None),
        ("nobody", None, None),
    ],
)
async def test_every_protocol_reads_and_walks(engine, net_snmp, usm_target, user, auth, priv):
    target = usm_target(net_snmp, user, auth, priv)
    assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"
    walked = await engine.walk(target, [OR_DESCR], max_rows=100, deadline_s=10)
    assert isinstance(walked, Rows), walked
    assert len(walked.rows) >= 5
    assert walked.stopped is None


async def test_an_unknown_user_is_an_authentication_failure(engine, net_snmp, usm_target):
    got = await engine.get(usm_target(net_snmp, "stranger"), [UPTIME, LOCATION])
    report = Report.UNSPECIFIED if engine.name == "gufo" else Report.UNKNOWN_USER
    assert isinstance(got, AuthenticationFailed), got
    assert got.report is report


async def test_a_wrong_auth_key_is_an_authentication_failure(engine, net_snmp, usm_target):
    got = await engine.get(usm_target(net_snmp, auth_key="not-the-key"), [UPTIME, LOCATION])
    report = Report.UNSPECIFIED if engine.name == "gufo" else Report.WRONG_DIGEST
    assert isinstance(got, AuthenticationFailed), got
    assert got.report is report


async def test_a_wrong_priv_key_looks_like_silence_and_is_told_from_it(engine, net_snmp, usm_target):
    got = await engine.get(usm_target(net_snmp, priv_key="not-the-key", timeout_s=2.0), [UPTIME, LOCATION])
    assert isinstance(got, CredentialsSuspect), got


async def test_a_bad_credential_that_is_mended_works_at_once(engine, net_snmp, usm_target):
    await engine.get(usm_target(net_snmp, auth_key="not-the-key"), [UPTIME, LOCATION])
    assert location(await engine.get(usm_target(net_snmp), [UPTIME, LOCATION])) == b"somewhere"


async def test_silence_of_a_v3_agent_is_no_answer(engine, usm_target):
    async with FaultAgent({}, faults=Faults(silent=True)) as agent:
        assert isinstance(await engine.get(usm_target(agent, timeout_s=0.4), [UPTIME, LOCATION]), NoAnswer)


async def test_a_stopped_agent_is_unreachable_and_answers_when_it_is_back(engine, net_snmp, usm_target):
    target = usm_target(net_snmp)
    assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"
    net_snmp.stop()
    assert isinstance(await engine.get(target, [UPTIME, LOCATION]), Unreachable)
    net_snmp.restart()
    assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"


async def test_a_restart_of_the_agent_is_transparent(engine, net_snmp, usm_target):
    target = usm_target(net_snmp)
    for _ in range(3):
        assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"
        net_snmp.restart()
    walked = await engine.walk(target, [OR_DESCR], max_rows=100, deadline_s=10)
    assert isinstance(walked, Rows), walked


async def test_a_changed_engine_id_recovers_within_the_poll(engine, net_snmp, usm_target):
    target = usm_target(net_snmp)
    assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"
    net_snmp.restart(ENGINE_B)
    assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"
    assert location(await engine.get(target, [UPTIME, LOCATION])) == b"somewhere"


async def test_two_keys_of_one_user_name_do_not_disturb_each_other(engine, net_snmp, usm_target):
    good = usm_target(net_snmp)
    bad = Target(
        "other",
        good.host,
        good.port,
        UsmUser("bad", "sha1aes", good.credential.auth_protocol, "another-key"),
        good.timeout_s,
        0,
    )
    assert isinstance(await engine.get(bad, [UPTIME, LOCATION]), AuthenticationFailed)
    assert location(await engine.get(good, [UPTIME, LOCATION])) == b"somewhere"
    assert isinstance(await engine.get(bad, [UPTIME, LOCATION]), AuthenticationFailed)


async def test_a_context_that_the_engine_cannot_send_is_said_and_never_left_out(engine, net_snmp, usm_target):
    plain = usm_target(net_snmp)
    credential = UsmUser("u", "nobody", context="vrf-a")
    got = await engine.get(Target("ctx", plain.host, plain.port, credential, plain.timeout_s, 0), [UPTIME])
    if engine.name == "gufo":
        assert isinstance(got, Malformed)
    else:  # snmpd has no such context, and says so in a report or by noSuch
        assert not isinstance(got, Answer) or all(v.value is None for v in got.varbinds)
