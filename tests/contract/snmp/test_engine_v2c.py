"""What an engine promises on SNMPv1 and v2c, whatever the agent does."""

import asyncio
from pathlib import Path

import pytest

from ingest.snmp.engine import (
    AgentError,
    Answer,
    Malformed,
    NoAnswer,
    Rows,
    Stop,
    Target,
    Unreachable,
    Varbind,
    VarbindKind,
)
from schemas.credentials import Community
from tests.snmp_agents.fault_agent import (
    GET,
    GETBULK,
    NULL,
    FaultAgent,
    Faults,
    Tlv,
    counter32,
    counter64,
    gauge32,
    integer,
    object_id,
    octets,
    timeticks,
)
from tests.snmp_agents.net_snmp import free_port

UPTIME, DESCR, OBJECT_ID = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0"
SCALARS = {
    DESCR: octets(b"a device"),
    OBJECT_ID: object_id("1.3.6.1.4.1.99999.36.1.1"),
    UPTIME: timeticks(4242),
}
A, B = "1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.2.2.1.10"
TABLE = {f"{A}.{i}": integer(1) for i in range(1, 25)} | {
    f"{B}.{i}": counter32(1000 + i) for i in range(1, 25)
}
AFTER = {"1.3.6.1.2.1.11.1.0": counter32(7)}
MIB = SCALARS | TABLE | AFTER
MANY = [UPTIME, *list(TABLE)[:11]]


def values(answer):
    assert isinstance(answer, Answer), answer
    return [v.value for v in answer.varbinds]


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def bulks(agent):
    return sum(tag == GETBULK for tag, _, _ in agent.requests)


async def test_every_type_arrives_as_what_it_is(engine, community_target):
    mib = {
        "1.3.9.1.0": integer(-5), "1.3.9.2.0": counter32(2**32 - 1), "1.3.9.3.0": gauge32(2**32 - 1),
        "1.3.9.4.0": counter64(2**64 - 1), "1.3.9.5.0": octets(b"\xff\x00"), "1.3.9.6.0": object_id("1.3.6.1"),
        "1.3.9.7.0": Tlv(0x40, bytes((10, 0, 0, 1))), "1.3.9.8.0": timeticks(9), "1.3.9.9.0": octets(b""),
        "1.3.9.10.0": Tlv(0x44, b"\x9fx\x04\x42\x28\x00\x00"),
    }  # fmt: skip
    async with FaultAgent(mib) as agent:
        got = await engine.get(community_target(agent), list(mib))
    assert values(got) == [
        -5,
        2**32 - 1,
        2**32 - 1,
        2**64 - 1,
        b"\xff\x00",
        "1.3.6.1",
        "10.0.0.1",
        9,
        b"",
        b"\x9fx\x04\x42\x28\x00\x00",
    ]
    assert got.requests == 1


async def test_absent_objects_in_the_middle_are_said_to_be_absent_and_shift_nothing(engine, community_target):
    async with FaultAgent(MIB) as agent:
        got = await engine.get(community_target(agent), [UPTIME, f"{A}.99", "1.3.9.9.0", DESCR])
    gufo = engine.name == "gufo"
    assert got.varbinds == (
        Varbind(UPTIME, VarbindKind.VALUE, 4242),
        Varbind(f"{A}.99", VarbindKind.NO_SUCH if gufo else VarbindKind.NO_SUCH_INSTANCE),
        Varbind("1.3.9.9.0", VarbindKind.NO_SUCH if gufo else VarbindKind.NO_SUCH_OBJECT),
        Varbind(DESCR, VarbindKind.VALUE, b"a device"),
    )


async def test_when_all_are_absent_that_is_an_answer_and_learnt_for_the_next_time(engine, community_target):
    async with FaultAgent(MIB) as agent:
        absent = [f"1.3.9.{i}.0" for i in range(6)]
        await engine.get(community_target(agent), absent)
        first = len(agent.requests)
        got = await engine.get(community_target(agent), absent)
        assert len(agent.requests) == first + 1
    assert all(v.kind in {VarbindKind.NO_SUCH, VarbindKind.NO_SUCH_OBJECT} for v in got.varbinds)
    assert not engine.state().reduced


async def test_a_null_is_no_value(engine, community_target):
    async with FaultAgent(MIB | {"1.3.9.1.0": NULL}) as agent:
        got = await engine.get(community_target(agent), [UPTIME, "1.3.9.1.0"])
        alone = await engine.get(community_target(agent), ["1.3.9.1.0"])
    assert values(got) == [4242, None]
    if engine.name == "pysnmp":
        assert alone.varbinds == (Varbind("1.3.9.1.0", VarbindKind.VALUE, None),)
    else:  # gufo gives NULL and an error-status of a lone object alike
        assert isinstance(alone, AgentError)


async def test_a_lost_request_is_repeated(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(drop_next=1)) as agent:
        got = await engine.get(community_target(agent, timeout_s=1.0), [UPTIME])
        assert [tag for tag, _, _ in agent.requests] == [GET, GET]
        assert len({ident for _, ident, _ in agent.requests}) == 2, "a repetition has an id of its own"
    assert values(got) == [4242]


async def test_silence_is_no_answer(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(silent=True)) as agent:
        got = await engine.get(community_target(agent, timeout_s=0.2), [UPTIME, DESCR])
        walked = await engine.walk(community_target(agent, timeout_s=0.2), [A], max_rows=50, deadline_s=5)
    assert isinstance(got, NoAnswer), got
    assert got.tries == 2
    assert isinstance(walked, NoAnswer), walked


async def test_a_wrong_community_is_silence(engine, community_target):
    async with FaultAgent(MIB) as agent:
        assert isinstance(
            await engine.get(community_target(agent, community="guess", timeout_s=0.2), [UPTIME]), NoAnswer
        )


async def test_a_closed_port_is_unreachable_at_once(engine):
    target = Target(
        "gone", "127.0.0.1", free_port(), Community("c", "2c", "public"), timeout_s=0.3, retries=1
    )
    got = await engine.get(target, [UPTIME])
    walked = await engine.walk(target, [A], max_rows=5, deadline_s=5)
    assert isinstance(got, Unreachable), got
    assert isinstance(walked, Unreachable), walked


async def test_a_name_that_does_not_resolve_is_unreachable(engine):
    target = Target("nowhere", "nowhere.invalid", 161, Community("c", "2c", "public"))
    assert isinstance(await engine.get(target, [UPTIME]), Unreachable)


async def test_an_agent_that_comes_back_answers(engine, community_target):
    async with FaultAgent(MIB) as agent:
        target = community_target(agent, timeout_s=1.0)
        agent.faults = Faults(silent=True)
        assert isinstance(await engine.get(target, [UPTIME]), NoAnswer)
        agent.faults = Faults()
        assert values(await engine.get(target, [UPTIME])) == [4242]


async def test_too_big_is_halved_and_remembered_for_this_device(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(too_big_above=5)) as agent, FaultAgent(MIB) as other:
        expected = [4242] + [1] * 11
        assert values(await engine.get(community_target(agent), MANY)) == expected
        before = len(agent.requests)
        got = await engine.get(community_target(agent), MANY)
        assert values(got) == expected
        assert len(agent.requests) - before == 4, "12 objects, 3 a request"
        assert got.requests == 4
        assert (await engine.get(community_target(other), MANY)).requests == 1
    assert engine.state().reduced == {f"device:{agent.port}": 3}


async def test_too_big_for_a_single_object_is_the_agents_error(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(too_big_above=0)) as agent:
        assert isinstance(await engine.get(community_target(agent), [UPTIME, DESCR]), AgentError)


async def test_gen_err_on_large_requests_is_halved(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(gen_err_above=5)) as agent:
        assert values(await engine.get(community_target(agent), MANY)) == [4242] + [1] * 11
    assert engine.state().reduced


async def test_gen_err_always_is_the_agents_error_and_never_an_empty_table(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(gen_err_above=0)) as agent:
        assert isinstance(await engine.get(community_target(agent), [UPTIME, DESCR]), AgentError)
        walked = await engine.walk(community_target(agent), [A], max_rows=50, deadline_s=5)
        assert isinstance(walked, AgentError), walked


async def test_large_requests_that_get_lost_are_cut_and_after_the_second_time_remembered(
    engine, community_target
):
    async with FaultAgent(MIB, faults=Faults(silent_above=8)) as agent:
        target = community_target(agent, timeout_s=0.5)
        for _ in range(2):
            assert values(await engine.get(target, MANY)) == [4242] + [1] * 11
        assert engine.state().reduced == {target.id: 6}
        before = len(agent.requests)
        assert values(await engine.get(target, MANY)) == [4242] + [1] * 11
        assert len(agent.requests) - before == 2


async def test_duplicate_replies_change_nothing(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(duplicate=3)) as agent:
        target = community_target(agent)
        assert values(await engine.get(target, [UPTIME])) == [4242]
        assert values(await engine.get(target, [DESCR])) == [b"a device"]
        assert values(await engine.get(target, [UPTIME, DESCR])) == [4242, b"a device"]
        walked = await engine.walk(target, [A], max_rows=50, deadline_s=5)
        assert len(walked.rows) == 24


async def test_a_foreign_request_id_is_passed_over(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(foreign_request_id_first=True)) as agent:
        assert values(await engine.get(community_target(agent), [UPTIME])) == [4242]


async def test_a_late_reply_is_not_taken_for_the_next_one(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(delay_s=1.5)) as agent:
        target = community_target(agent, timeout_s=1.0, retries=0)
        assert isinstance(await engine.get(target, [UPTIME]), NoAnswer)
        agent.faults = Faults(delay_s=0.6)
        assert values(await engine.get(target, [DESCR])) == [b"a device"]


async def test_a_reply_from_another_address_is_not_heard(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(from_another_address=True)) as agent:
        assert isinstance(await engine.get(community_target(agent, timeout_s=0.2), [UPTIME]), NoAnswer)


async def test_garbage_is_no_answer_and_harms_nothing(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(garbage=True)) as agent:
        target = community_target(agent, timeout_s=1.0)
        assert isinstance(await engine.get(target, [UPTIME]), Malformed | NoAnswer)
        agent.faults = Faults()
        assert values(await engine.get(target, [UPTIME])) == [4242]


async def test_an_oid_that_is_none_is_malformed(engine, community_target):
    async with FaultAgent(MIB) as agent:
        assert isinstance(await engine.get(community_target(agent), ["sysUpTime.0"]), Malformed)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_a_walk_reads_rows_of_several_columns(engine, community_target, version):
    async with FaultAgent(MIB) as agent:
        got = await engine.walk(community_target(agent, version), [A, B], max_rows=100, deadline_s=10)
    assert isinstance(got, Rows), got
    assert got.stopped is None
    assert got.rows == {str(i): {A: 1, B: 1000 + i} for i in range(1, 25)}


async def test_a_walk_reads_indexes_of_several_parts_in_order(engine, community_target):
    column = "1.3.6.1.2.1.14.10.1.6"
    indexes = ["10.0.0.2.0", "10.0.0.10.0", "192.168.0.1.0"]
    async with FaultAgent({f"{column}.{i}": integer(8) for i in indexes}) as agent:
        got = await engine.walk(community_target(agent), [column], max_rows=100, deadline_s=10)
    assert list(got.rows) == indexes
    assert got.stopped is None


@pytest.mark.parametrize("mib", [MIB, SCALARS | TABLE], ids=["objects follow", "the table is the last"])
async def test_a_column_that_is_absent_has_no_cells(engine, community_target, mib):
    async with FaultAgent(mib) as agent:
        got = await engine.walk(
            community_target(agent), [A, "1.3.6.1.2.1.2.2.1.9", "1.3.9"], max_rows=100, deadline_s=10
        )
    assert isinstance(got, Rows), got
    assert got.stopped is None
    assert got.rows == {str(i): {A: 1} for i in range(1, 25)}


@pytest.mark.parametrize("cut", [1, 3, 5])
async def test_a_get_bulk_that_is_cut_anywhere_goes_on(engine, community_target, cut):
    async with FaultAgent(MIB, faults=Faults(cut_bulk_to=cut)) as agent:
        got = await engine.walk(community_target(agent), [A, B], max_rows=100, deadline_s=10)
        assert bulks(agent) >= 2 * 24 // cut
    assert got.rows == {str(i): {A: 1, B: 1000 + i} for i in range(1, 25)}


async def test_a_get_bulk_that_is_too_big_is_halved_and_remembered(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(too_big_above=6)) as agent:
        got = await engine.walk(community_target(agent), [A, B], max_rows=100, deadline_s=10)
        assert got.rows == {str(i): {A: 1, B: 1000 + i} for i in range(1, 25)}
        before = bulks(agent)
        await engine.walk(community_target(agent), [A, B], max_rows=100, deadline_s=10)
        assert bulks(agent) - before == 2 * 9, "24 rows and the end, 3 a request"
    assert engine.state().reduced


async def test_a_too_big_reply_for_the_last_table_is_not_its_end(engine, community_target):
    async with FaultAgent(SCALARS | TABLE, faults=Faults(too_big_above=6)) as agent:
        got = await engine.walk(community_target(agent), [B], max_rows=100, deadline_s=10)
    assert len(got.rows) == 24


async def test_an_agent_that_repeats_itself_ends_the_walk(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(not_increasing=True)) as agent:
        got = await engine.walk(community_target(agent), [A], max_rows=100, deadline_s=10)
    assert isinstance(got, Rows), got
    assert got.stopped is Stop.NOT_INCREASING
    assert got.rows == {"1": {A: 1}}


async def test_a_walk_keeps_to_its_rows(engine, community_target):
    async with FaultAgent(MIB) as agent:
        got = await engine.walk(community_target(agent), [A, B], max_rows=10, deadline_s=10)
        whole = await engine.walk(community_target(agent), [A, B], max_rows=24, deadline_s=10)
    assert got.stopped is Stop.MAX_ROWS
    assert got.rows == {str(i): {A: 1, B: 1000 + i} for i in range(1, 11)}
    assert (len(whole.rows), whole.stopped) == (24, None)


async def test_a_walk_keeps_to_its_time_and_what_it_read_is_good(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(cut_bulk_to=2, delay_s=0.2)) as agent:
        got = await engine.walk(community_target(agent), [A, B], max_rows=100, deadline_s=1.0)
        assert got.stopped is Stop.DEADLINE
        assert 0 < len(got.rows) < 24
        agent.faults = Faults()
        assert values(await engine.get(community_target(agent), [UPTIME])) == [4242]


async def test_v1_tells_absent_objects_apart_too(engine, community_target):
    async with FaultAgent(MIB) as agent:
        got = await engine.get(community_target(agent, "1"), [UPTIME, f"{A}.99", "1.3.9.9.0", DESCR])
    assert [v.kind for v in got.varbinds] == [
        VarbindKind.VALUE,
        VarbindKind.NO_SUCH,
        VarbindKind.NO_SUCH,
        VarbindKind.VALUE,
    ]
    assert values(got) == [4242, None, None, b"a device"]


async def test_v1_too_big_is_halved(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(too_big_above=5)) as agent:
        assert values(await engine.get(community_target(agent, "1"), MANY)) == [4242] + [1] * 11


async def test_one_call_per_target_is_in_flight(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(delay_s=0.02)) as agent:
        target = community_target(agent)
        got = await asyncio.gather(*(engine.get(target, [oid]) for oid in (UPTIME, DESCR, OBJECT_ID)))
    assert [values(answer)[0] for answer in got] == [4242, b"a device", "1.3.6.1.4.1.99999.36.1.1"]
    assert engine.state().sessions == 1


async def test_many_targets_are_asked_at_once_and_the_dead_delay_nobody(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(silent=True)) as dead, FaultAgent(MIB) as alive:
        slow = asyncio.create_task(engine.get(community_target(dead, timeout_s=30), [UPTIME]))
        got = await engine.get(community_target(alive), [UPTIME])
        assert not slow.done()
        assert values(got) == [4242]
        slow.cancel()


async def test_a_changed_credential_is_used_at_once(engine, community_target):
    async with FaultAgent(MIB, community=b"new") as agent:
        assert isinstance(
            await engine.get(community_target(agent, timeout_s=0.2, retries=0), [UPTIME]), NoAnswer
        )
        assert values(await engine.get(community_target(agent, community="new"), [UPTIME])) == [4242]
    assert engine.state().sessions == 1


async def test_what_is_forgotten_leaves_no_descriptor(engine, community_target):
    async with FaultAgent(MIB) as agent:
        target = community_target(agent)
        await engine.get(target, [UPTIME])
        engine.forget(target.id)
        await asyncio.sleep(0)  # transports close in the loop's next turn
        await asyncio.sleep(0)
        before = descriptors()
        for _ in range(5):
            await engine.get(target, [UPTIME])
            engine.forget(target.id)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert descriptors() <= before
    assert engine.state().sessions == 0


async def test_what_is_forgotten_while_it_is_asked_is_not_opened_again(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(silent=True)) as agent:
        target = community_target(agent, timeout_s=1.0)
        call = asyncio.create_task(engine.get(target, [UPTIME]))
        await agent.asked.wait()
        engine.forget(target.id)
        assert isinstance(await call, Unreachable)
        assert len(agent.requests) == 1
    assert engine.state().sessions == 0


async def test_a_walk_that_reads_only_empty_columns_until_its_deadline_was_answered(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(delay_s=0.15)) as agent:
        got = await engine.walk(
            community_target(agent), ["1.3.6.1.2.1.2.2.1.9"] * 20, max_rows=9, deadline_s=1.0
        )
    assert isinstance(got, Rows), got
    assert (got.rows, got.stopped) == ({}, Stop.DEADLINE)


async def test_targets_that_are_registered_up_front_answer(engine, community_target):
    async with FaultAgent(MIB) as one, FaultAgent(MIB) as two:
        targets = [community_target(one), community_target(two)]
        await engine.start(targets)
        assert [values(await engine.get(t, [UPTIME])) for t in targets] == [[4242], [4242]]


async def test_stop_ends_the_calls_in_flight(engine, community_target):
    async with FaultAgent(MIB, faults=Faults(silent=True)) as agent:
        call = asyncio.create_task(engine.get(community_target(agent, timeout_s=30), [UPTIME]))
        await agent.asked.wait()
        await engine.stop()
        with pytest.raises(asyncio.CancelledError):
            await call
