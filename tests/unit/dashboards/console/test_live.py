import asyncio

import pytest

from dashboards.console.live import Live
from schemas.settings.console import ConsoleSettings
from schemas.status import Reading
from stores.doorbell import Doorbell
from tests.console import sample_province as sample

SETTINGS = ConsoleSettings(refresh_s=0.05)


class Clock:
    def __init__(self, now_ms):
        self.now_ms = now_ms

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock(now_ms):
    return Clock(now_ms)


@pytest.fixture
async def rung(tmp_path, view, clock):
    with Doorbell(tmp_path / "console.bell") as bell:
        live = Live(view, bell, SETTINGS, clock)
        live.start()
        yield live, Doorbell(bell.path).ring
        await live.stop()


def collector():
    seen = asyncio.Queue()

    async def listener(change):
        seen.put_nowait(change)

    return seen, listener


async def test_a_commit_reaches_every_page_with_only_what_changed(rung, ledger, clock, now_ms):
    live, ring = rung
    await live.fresh()
    first, one = collector()
    second, other = collector()
    live.listen("1", one)
    live.listen("2", other)
    clock.now_ms = now_ms + 1_000
    sample.turn(ledger, "LSN-L-0002", Reading.DOWN, now_ms + 1_000)
    ring()
    async with asyncio.timeout(30):
        change, same = await first.get(), await second.get()
    assert change is same
    assert change.ids == {"LSN-L-0002"}
    assert change.turned == change.ids
    assert not change.figures
    assert change.snapshot.elements["LSN-L-0002"].state is Reading.DOWN


async def test_nothing_is_read_while_nobody_looks(rung, clock):
    live, ring = rung
    ring()
    await asyncio.to_thread(lambda: None)
    assert live.snapshot.read_ms == 0
    assert not live.snapshot.elements


async def test_a_broken_page_is_left_and_the_others_go_on(rung, ledger, clock, now_ms):
    live, ring = rung
    await live.fresh()

    async def broken(_change):
        raise RuntimeError("gone")

    seen, listener = collector()
    live.listen("broken", broken)
    live.listen("whole", listener)
    sample.turn(ledger, "LSN-L-0002", Reading.DOWN, now_ms + 1)
    ring()
    async with asyncio.timeout(30):
        await seen.get()
    assert live.pages == 1


async def test_an_unreadable_ledger_is_said_and_the_old_figures_stay(view, ledger, clock, tmp_path):
    with Doorbell(tmp_path / "console.bell") as bell:
        live = Live(view, bell, SETTINGS, clock)
        before = await live.fresh()
        ledger.close()
        clock.now_ms += 1_000
        failed = await live.fresh()
        assert failed.failure == "LedgerClosedError"
        assert failed.elements == before.elements
        ledger.open()
        clock.now_ms += 1_000
        assert (await live.fresh()).failure is None


async def test_an_element_that_left_the_registry_leaves_the_pages(rung, view, registry, clock):
    live, _ = rung
    await live.fresh()
    registry.elements.pop("LSN-L-0005")
    seen, listener = collector()
    live.listen("1", listener)
    clock.now_ms += 61_000
    await live.fresh()
    change = seen.get_nowait()
    assert "LSN-L-0005" in change.ids
    assert "LSN-L-0005" not in change.snapshot.elements
