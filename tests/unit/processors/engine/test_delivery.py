import asyncio
import contextlib

import pytest
from kafka.errors import KafkaTimeoutError

from processors.engine.worker.delivery import delivered


def test_who_waits_may_be_cancelled_and_what_is_on_its_way_is_not():
    async def cancelled_while_waiting():
        sent = [asyncio.get_running_loop().create_future() for _ in range(2)]
        told = []
        for one in sent:
            # As Faust does with what a producer gave it.
            one.add_done_callback(lambda done: told.append(done.result()))
        waiting = asyncio.create_task(delivered(sent))
        sent[0].set_result("first")
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        assert waiting.cancelled()
        assert not sent[1].done()
        sent[1].set_result("second")
        await asyncio.sleep(0)
        assert told == ["first", "second"]

    asyncio.run(cancelled_while_waiting())


def test_it_ends_when_all_is_there_and_tells_what_was_not_taken():
    async def waited(*outcomes):
        sent = [asyncio.get_running_loop().create_future() for _ in outcomes]
        waiting = asyncio.create_task(delivered(sent))
        for one, outcome in zip(sent, outcomes, strict=True):
            await asyncio.sleep(0)
            assert not waiting.done()
            (one.set_exception if isinstance(outcome, Exception) else one.set_result)(outcome)
        await waiting

    asyncio.run(waited())
    asyncio.run(waited("a", "b"))
    with pytest.raises(KafkaTimeoutError):
        asyncio.run(waited(KafkaTimeoutError("late"), "b"))
