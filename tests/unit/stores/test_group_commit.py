import asyncio
import threading

import pytest

from stores.journal import (
    GroupCommit,
    Journal,
    JournalFullError,
    JournalStoppedError,
    OriginRefusedError,
    Outcome,
)


class HeldJournal(Journal):
    """The real journal, whose transactions wait until the test lets them go."""

    def __init__(self, path, **rest):
        super().__init__(path, **rest)
        self.go = threading.Event()
        self.sizes = []

    def write(self, jobs):
        assert self.go.wait(10)
        self.sizes.append(len(jobs))
        return super().write(jobs)


@pytest.fixture
def held(tmp_path):
    with HeldJournal(tmp_path / "held.db") as journal:
        yield journal
        journal.go.set()


async def test_concurrent_callers_share_transactions_and_get_their_own_answers(held, entry):
    group = GroupCommit(held)
    await group.start()
    calls = [asyncio.create_task(group.append([entry(i // 2)], f"r{i}")) for i in range(100)]
    await asyncio.sleep(0)
    held.go.set()
    answers = [answer for [answer] in await asyncio.gather(*calls)]
    assert await group.stop(5)
    assert sum(held.sizes) == 100
    assert len(held.sizes) <= 3
    assert [a.outcome for a in answers] == [Outcome.ACCEPTED, Outcome.DUPLICATE] * 50
    assert [a.receipt for a in answers] == [f"r{i // 2 * 2}" for i in range(100)]
    assert held.last_offset() == 50


async def test_what_is_acknowledged_is_on_disk(journal, entry):
    group = GroupCommit(journal)
    await group.start()
    await group.append([entry(1)])
    with Journal(journal.path) as other:
        assert other.last_offset() == 1
    assert await group.stop(5)


async def test_one_callers_failure_leaves_the_others_unharmed(held, entry):
    def spoil(transaction):
        transaction.append([entry("spoilt")])
        raise KeyError("mine")

    group = GroupCommit(held)
    await group.start()
    first = asyncio.create_task(group.append([entry(1)]))
    bad = asyncio.create_task(group.write(spoil, 1))
    last = asyncio.create_task(group.append([entry(2)]))
    await asyncio.sleep(0)
    held.go.set()
    with pytest.raises(KeyError):
        await bad
    assert [(await first)[0].outcome, (await last)[0].outcome] == [Outcome.ACCEPTED] * 2
    assert await group.stop(5)
    assert [s.body for s in held.read(0, 9)] == [entry(1).body, entry(2).body]


async def test_a_call_that_does_not_fit_is_told_so_and_a_smaller_one_still_goes(tmp_path, entry):
    with Journal(tmp_path / "j.db", max_bytes=1 << 20) as journal:
        group = GroupCommit(journal)
        await group.start()
        large, small = await asyncio.gather(
            group.append([entry(1, body=bytes(2 << 20))]), group.append([entry(2)]), return_exceptions=True
        )
        assert isinstance(large, JournalFullError)
        assert small[0].outcome is Outcome.ACCEPTED
        assert await group.stop(5)


async def test_receipt_and_refusals_become_durable_with_the_events(journal, entry):
    def job(transaction):
        answers = transaction.append([entry(1)], "r1")
        transaction.save_receipt("r1", "viettel", 5, str(len(answers)).encode())
        return answers

    group = GroupCommit(journal)
    await group.start()
    assert (await group.write(job, 100))[0].receipt == "r1"
    await group.save_receipt("r2", "vnpt", 6, b"two")
    assert journal.receipt("r1", "viettel") == b"1"
    assert journal.receipt("r2", "vnpt") == b"two"
    assert await group.stop(5)


async def test_callers_beyond_the_bound_wait_in_line_and_all_get_through(held, entry):
    group = GroupCommit(held, max_pending_bytes=10_000)
    await group.start()
    calls = [asyncio.create_task(group.append([entry(i, body=bytes(2_000))])) for i in range(20)]
    await asyncio.sleep(0.05)
    assert group._room.used <= 10_000
    assert len(group._room._line) == 16
    calls[10].cancel()  # one in line gives up: nobody waits for its room
    huge = asyncio.create_task(group.append([entry("huge", body=bytes(50_000))]))
    held.go.set()
    answers = await asyncio.gather(*calls, huge, return_exceptions=True)
    assert isinstance(answers.pop(10), asyncio.CancelledError)
    assert all(a[0].outcome is Outcome.ACCEPTED for a in answers)
    assert [a[0].offset for a in answers] == list(range(1, 21))
    assert group._room.used == 0
    assert await group.stop(5)


async def test_stop_writes_what_was_handed_in_and_takes_no_more(held, entry):
    group = GroupCommit(held)
    await group.start()
    calls = [asyncio.create_task(group.append([entry(i)])) for i in range(10)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(group.stop(5))
    await asyncio.sleep(0)
    with pytest.raises(JournalStoppedError):
        await group.append([entry("late")])
    held.go.set()
    assert await stopping
    assert all(call.result()[0].outcome is Outcome.ACCEPTED for call in await done(calls))
    assert held.last_offset() == 10


async def test_stop_keeps_its_deadline_and_tells_the_callers(held, entry):
    group = GroupCommit(held, max_pending_bytes=2_000)
    await group.start()
    calls = [asyncio.create_task(group.append([entry(i)])) for i in range(10)]
    await asyncio.sleep(0.05)
    assert not await group.stop(0.05)
    held.go.set()
    assert {type(call.exception()) for call in await done(calls)} == {JournalStoppedError}


async def test_it_can_be_started_again(journal, entry):
    group = GroupCommit(journal)
    for number in range(2):
        await group.start()
        assert (await group.append([entry(number)]))[0].offset == number + 1
        assert await group.stop(5)


async def test_a_forbidden_origin_is_refused_before_it_reaches_the_others(tmp_path, entry):
    with Journal(tmp_path / "j.db", production=True) as journal:
        group = GroupCommit(journal)
        await group.start()
        with pytest.raises(OriginRefusedError):
            await group.append([entry(1, origin="imported")])
        assert await group.stop(5)


async def done(calls):
    finished, pending = await asyncio.wait(calls, timeout=5)
    assert not pending
    return [call for call in calls if call in finished]
