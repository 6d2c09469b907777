import asyncio
import threading

import pytest

from stores.doorbell import Doorbell


def test_a_ring_before_the_wait_is_not_lost_and_many_are_one(tmp_path):
    with Doorbell(tmp_path / "x.bell") as bell:
        for _ in range(2_000):  # more than the socket's queue holds
            assert Doorbell(tmp_path / "x.bell").ring()
        assert bell.wait(0)
        assert not bell.wait(0)


def test_ringing_with_nobody_there_is_fine(tmp_path):
    bell = Doorbell(tmp_path / "x.bell")
    assert not bell.ring()
    bell.open()
    bell.close()
    assert not bell.ring()


def test_a_bell_left_behind_by_a_killed_process_is_taken_over(tmp_path):
    left = Doorbell(tmp_path / "x.bell")
    left.open()
    left._socket.close()  # what a kill leaves: the name without anybody behind it
    assert not Doorbell(tmp_path / "x.bell").ring()
    with Doorbell(tmp_path / "x.bell") as bell:
        assert left.ring()
        assert bell.wait(0)


def test_a_blocking_waiter_is_woken(tmp_path):
    with Doorbell(tmp_path / "x.bell") as bell:
        ringer = threading.Timer(0.05, bell.ring)
        ringer.start()
        assert bell.wait(10)
        ringer.join()


async def test_an_asyncio_waiter_is_woken_and_times_out(tmp_path):
    with Doorbell(tmp_path / "x.bell") as bell:
        waiting = asyncio.create_task(bell.wait_async(10))
        await asyncio.sleep(0)
        bell.ring()
        assert await waiting
        assert not await bell.wait_async(0.01)


def test_a_deep_directory_is_no_hindrance(tmp_path):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with Doorbell(deep / "x.bell") as bell:
        assert Doorbell(deep / "x.bell").ring()
        assert bell.wait(0)
    assert not Doorbell(deep / "gone" / "x.bell").ring()


def test_waiting_at_a_bell_that_is_not_open_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="is not open"):
        Doorbell(tmp_path / "x.bell").wait(0)
