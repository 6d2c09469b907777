"""snmptrap and snmpinform of net-snmp against a running trap service."""

import asyncio
import time

import pytest

from tests.snmp_agents.trap_service import (
    AUTH_ONLY,
    KEY,
    LINK,
    SHA,
    SHA256,
    SHA512,
    STATION,
    device,
    running,
)

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
COLD_START, AUTHENTICATION_FAILURE = "1.3.6.1.6.3.1.1.5.1", "1.3.6.1.6.3.1.1.5.5"
BTS = "1.3.6.1.4.1.99999.36"
ENGINE = "0x80001f8880a1b2c3d4e5f60009"


def now_ms():
    return time.time_ns() // 1_000_000


def interface(name, admin, oper, index=7):
    yield from (f"1.3.6.1.2.1.2.2.1.1.{index}", "i", str(index))
    yield from (f"1.3.6.1.2.1.2.2.1.7.{index}", "i", str(admin))
    yield from (f"1.3.6.1.2.1.2.2.1.8.{index}", "i", str(oper))
    if name:
        yield from (f"1.3.6.1.2.1.31.1.1.1.1.{index}", "s", name)


def v3(user, *, engine=ENGINE, auth_key=KEY, priv_key=KEY):
    yield from ("-v", "3", "-u", user.user)
    yield from ("-e", engine) if engine else ()
    yield from ("-l", "authPriv" if user.priv_protocol else "authNoPriv")
    yield from ("-a", str(user.auth_protocol), "-A", auth_key)
    if user.priv_protocol:
        # net-snmp's name for AES-128.
        yield from ("-x", str(user.priv_protocol).replace("AES-128", "AES"), "-X", priv_key)


@pytest.fixture
def send(require_tool, tmp_path):
    state = tmp_path / "net-snmp"
    state.mkdir()
    environment = {"SNMP_PERSISTENT_DIR": str(state), "SNMPCONFPATH": str(state), "MIBS": ""}

    async def call(port, *arguments, tool="snmptrap", host="127.0.0.1"):
        """The exit status: of an inform 0 says that it was acknowledged."""
        where = arguments.index("--")
        process = await asyncio.create_subprocess_exec(
            require_tool(tool),
            *("-r", "1", "-t", "1"),
            *arguments[:where],
            f"udp:{host}:{port}",
            *arguments[where + 1 :],
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        assert b"Unknown" not in errors, errors
        return process.returncode

    return call


async def test_a_v2c_link_down_makes_the_poller_look_and_is_no_evidence(send, tmp_path):
    async with running(tmp_path, [device(views=[LINK])], now_ms=now_ms) as run:
        await send(run.port, "-v", "2c", "-c", "seen", "--", "", LINK_DOWN, *interface("ge-0/0/1", 1, 2))
        await run.decoded(1)
        assert run.polls.asked == [{"127.0.0.1:161"}]
        assert run.events() == []
        assert run.refused() == []


@pytest.mark.parametrize(("generic", "polled"), [("2", True), ("0", True), ("4", False)])
async def test_a_v1_trap_is_understood_by_its_generic_number(send, tmp_path, generic, polled):
    async with running(tmp_path, [device(views=[LINK])], now_ms=now_ms) as run:
        await send(
            run.port, "-v", "1", "-c", "seen-too", "--", "1.3.6.1.4.1.8072", "127.0.0.1", generic, "0", ""
        )
        await run.decoded(1)
        assert bool(run.polls.asked) == polled
        assert run.refused() == []


async def test_an_enterprise_specific_v1_trap_is_found_in_its_profile(send, tmp_path):
    async with running(tmp_path, [device(views=[STATION])], now_ms=now_ms) as run:
        await send(run.port, "-v", "1", "-c", "seen-too", "--", BTS, "127.0.0.1", "6", "2", "")
        await run.decoded(1)
        assert run.polls.asked == [{"127.0.0.1:161"}]


@pytest.mark.parametrize("user", [SHA, SHA256, SHA512, AUTH_ONLY], ids=lambda user: user.name)
async def test_an_authenticated_v3_link_down_is_evidence(send, tmp_path, user):
    async with running(tmp_path, [device(credential=user, views=[LINK])], now_ms=now_ms) as run:
        await send(run.port, *v3(user), "--", "", LINK_DOWN, *interface("ge-0/0/1", 1, 2))
        await run.decoded(1)
        (event,) = run.events()
        assert event["subject"] == "L1"
        assert event["data"]["status"] == "down"
        assert event["data"]["cause"] == "transport"
        assert event["track"] == "measured"
        assert event["reporter"] == "traps"
        assert event["source"] == "traps/127.0.0.1:161"
        assert event["time"].startswith(event["receivedtime"].removesuffix("Z"))
        assert run.polls.asked == [{"127.0.0.1:161"}]


async def test_v3_users_are_told_apart_and_the_registrys_one_counts(send, tmp_path):
    async with running(tmp_path, [device(credential=SHA, views=[LINK])], now_ms=now_ms) as run:
        await send(run.port, *v3(SHA256), "--", "", LINK_DOWN, *interface("ge-0/0/1", 1, 2))
        await send(run.port, *v3(SHA), "--", "", LINK_UP, *interface("ge-0/0/1", 1, 1))
        await run.decoded(2)
        assert [event["data"]["status"] for event in run.events()] == ["up"]
        assert len(run.polls.asked) >= 1


async def test_a_v3_bts_notification_is_read_by_the_profiles_rules(send, tmp_path):
    said = [(f"{BTS}.2.1.{n}.0", "i", str(v)) for n, v in enumerate((2, 1, 6, 0, 0, 1), start=1)]
    said += [(f"{BTS}.2.2.1.0", "i", "2"), (f"{BTS}.2.2.2.0", "i", "4300")]
    async with running(tmp_path, [device(credential=SHA, views=[STATION])], now_ms=now_ms) as run:
        await send(run.port, *v3(SHA), "--", "", f"{BTS}.0.2", *(part for each in said for part in each))
        await run.decoded(1)
        (event,) = run.events()
        assert (event["subject"], event["data"]["status"], event["data"]["cause"]) == ("S1", "down", "power")
        assert event["data"]["detail"] == "btsMainsLost: mains absent, battery at its disconnect voltage"


@pytest.mark.parametrize(
    ("why", "varbinds", "oid"),
    [
        ("no name says which link", tuple(interface(None, 1, 2)), LINK_DOWN),
        ("another interface", tuple(interface("xe-9", 1, 2)), LINK_DOWN),
        ("trap and varbinds contradict one another", tuple(interface("ge-0/0/1", 1, 1)), LINK_DOWN),
        ("no admin status", tuple(interface("ge-0/0/1", 1, 2))[6:], LINK_DOWN),
        ("no state", (), COLD_START),
    ],
)
async def test_a_v3_trap_that_says_too_little_makes_the_poller_look(send, tmp_path, why, varbinds, oid):
    async with running(tmp_path, [device(credential=SHA, views=[LINK])], now_ms=now_ms) as run:
        await send(run.port, *v3(SHA), "--", "", oid, *varbinds)
        await run.decoded(1)
        assert run.events() == []
        assert run.polls.asked == [{"127.0.0.1:161"}], why


async def test_one_end_that_comes_up_is_no_evidence_where_a_link_has_two(send, tmp_path):
    devices = [device(credential=SHA, views=[LINK]), device("127.0.0.9", SHA, [LINK])]
    async with running(tmp_path, devices, now_ms=now_ms) as run:
        await send(run.port, *v3(SHA), "--", "", LINK_UP, *interface("ge-0/0/1", 1, 1))
        await send(run.port, *v3(SHA), "--", "", LINK_DOWN, *interface("ge-0/0/1", 1, 2))
        await run.decoded(2)
        assert [event["data"]["status"] for event in run.events()] == ["down"]


async def test_a_v2c_inform_is_acknowledged_once_it_is_in_the_journal(send, tmp_path):
    async with running(tmp_path, [device(views=[LINK])], now_ms=now_ms) as run:
        inform = ("-v", "2c", "-c", "seen", "--", "", LINK_DOWN)
        assert await send(run.port, *inform, tool="snmpinform") == 0
        assert len(run.journal.read(0, 10, ["trap"])) == 1
        stranger = ("-v", "2c", "-c", "wrong", "--", "", LINK_DOWN)
        assert await send(run.port, *stranger, tool="snmpinform") == 1
        await run.decoded(3)  # net-snmp repeats what is not acknowledged
        assert run.refused() == ["unknown_community"] * 2


@pytest.mark.parametrize("user", [SHA, SHA256, SHA512, AUTH_ONLY], ids=lambda user: user.name)
async def test_a_v3_inform_finds_our_engine_and_is_acknowledged_and_is_evidence(send, tmp_path, user):
    async with running(tmp_path, [device(credential=user, views=[LINK])], now_ms=now_ms) as run:
        said = ("--", "", LINK_DOWN, *interface("ge-0/0/1", 1, 2))
        assert await send(run.port, *v3(user, engine=None), *said, tool="snmpinform") == 0
        await run.decoded(len(run.journal.read(0, 10, ["trap"])))
        assert [event["data"]["status"] for event in run.events()] == ["down"]
        assert run.refused() == []


async def test_a_v3_inform_works_again_after_our_restart(send, tmp_path):
    said = ("--", "", LINK_DOWN, *interface("ge-0/0/1", 1, 2))
    for count in (1, 2):
        async with running(tmp_path, [device(credential=SHA, views=[LINK])], now_ms=now_ms) as run:
            assert await send(run.port, *v3(SHA, engine=None), *said, tool="snmpinform") == 0
            await run.decoded(len(run.journal.read(0, 100, ["trap"])))
            assert len(run.events()) == count


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-v", "2c", "-c", "guess"), "unknown_community"),
        (tuple(v3(SHA, auth_key="another-key")), "wrong_digest"),
        (tuple(v3(SHA, priv_key="another-key")), "decryption_error"),
        (("-v", "3", "-u", "mallory", "-e", ENGINE, "-l", "noAuthNoPriv"), "unknown_user"),
        (("-v", "3", "-u", SHA.user, "-e", ENGINE, "-l", "noAuthNoPriv"), "unsupported_level"),
    ],
)
async def test_what_can_not_be_believed_is_in_quarantine(send, tmp_path, arguments, code):
    async with running(tmp_path, [device(views=[LINK])], now_ms=now_ms) as run:
        await send(run.port, *arguments, "--", "", LINK_DOWN)
        await run.decoded(1)
        assert run.refused() == [code]
        assert run.polls.asked == []


async def test_a_stranger_is_in_quarantine_and_its_neighbour_is_heard(send, tmp_path):
    trap = ("-v", "2c", "-c", "seen", "--", "", LINK_DOWN)
    async with running(tmp_path, [device("127.0.0.1")], now_ms=now_ms, host="0.0.0.0") as run:
        await send(run.port, "--clientaddr=127.0.0.77", *trap)
        await send(run.port, *trap)
        await run.decoded(2)
        assert run.refused() == ["unknown_sender"]
        assert run.polls.asked[-1] == {"127.0.0.1:161"}
