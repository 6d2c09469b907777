"""Answers that wait for the forwarder. Its part is played by what the two share: its position, and the bell."""

import asyncio
import json
import time

import pytest

from ingest.feeds.copies import Copies
from stores.doorbell import Doorbell
from stores.journal import JournalUnavailableError
from tests.product.process import eventually

from .test_pushing_events import body, event


@pytest.fixture
def waiting_at(gateway_at, tmp_path):
    """A gateway with durability kafka; `forwarded` says that Kafka has all up to an offset."""

    def start(wait_s=20.0, **options):
        def copies_of(journal):
            return Copies(lambda: journal.position("forwarder"), Doorbell(tmp_path / "gateway.bell"), wait_s)

        return gateway_at(copies_of=copies_of, **options)

    return start


@pytest.fixture
def forwarded(tmp_path):
    def say(gateway, offset):
        gateway.journal.commit("forwarder", offset)
        assert Doorbell(tmp_path / "gateway.bell").ring()

    return say


async def on_disk(gateway, offset):
    await asyncio.to_thread(eventually, lambda: gateway.journal.last_offset() >= offset, 10, 0.005)


async def kept(gateway, receipt):
    answer = await gateway.client.get(f"/v1/receipts/{receipt['receipt']}", headers=gateway.headers())
    return answer.json()


async def test_the_answer_comes_when_the_forwarder_has_passed_the_last_event(
    waiting_at, forwarded, monkeypatch
):
    # Only the bell can bring it, not the look that makes up for a lost one.
    monkeypatch.setattr("ingest.feeds.copies._LOOK_AGAIN_S", 3_600.0)
    async with waiting_at() as gateway:
        pushing = asyncio.create_task(gateway.push(body(event(1), event(2), event(3))))
        await on_disk(gateway, 3)
        forwarded(gateway, 2)
        done, _ = await asyncio.wait({pushing}, timeout=0.3)
        assert not done, "two of three are not all"
        forwarded(gateway, 3)
        answer = await pushing
        receipt = answer.json()
        assert (answer.status_code, receipt["durable"], receipt["accepted"]) == (202, "kafka", 3)
        assert await kept(gateway, receipt) == receipt
        assert [json.loads(one.body) for one in gateway.journal.receipts(0, 10)] == [receipt]


async def test_a_gateway_that_does_not_wait_says_disk(gateway):
    receipt = (await gateway.push(body(event(1)))).json()
    assert receipt["durable"] == "disk"
    assert (await kept(gateway, receipt)) == receipt


async def test_a_ring_that_is_lost_costs_a_second(waiting_at):
    async with waiting_at() as gateway:
        pushing = asyncio.create_task(gateway.push(body(event(1))))
        await on_disk(gateway, 1)
        gateway.journal.commit("forwarder", 1)
        assert (await asyncio.wait_for(pushing, 5)).json()["durable"] == "kafka"


async def test_brokers_that_are_away_cost_one_wait_and_no_events(waiting_at, forwarded):
    async with waiting_at(wait_s=1) as gateway:
        first = await gateway.push(body(event(1)))
        assert (first.status_code, first.json()["durable"], first.json()["accepted"]) == (202, "disk", 1)
        began = time.monotonic()
        answers = [(await gateway.push(body(event(number)))).json() for number in range(2, 22)]
        assert time.monotonic() - began < 15, "twenty waits would be twenty seconds"
        assert {one["durable"] for one in answers} == {"disk"}
        assert gateway.journal.last_offset() == 21
        # It has caught up with what was waited for in vain, not with the rest.
        forwarded(gateway, 1)
        pushing = asyncio.create_task(gateway.push(body(event(22))))
        await on_disk(gateway, 22)
        forwarded(gateway, 22)
        assert (await pushing).json()["durable"] == "kafka"
        # What was answered stays what it says.
        assert await kept(gateway, first.json()) == first.json()


async def test_a_repetition_has_the_first_receipt_and_waits_for_the_first_ones_copies(waiting_at, forwarded):
    async with waiting_at(wait_s=0.3) as gateway:
        first = (await gateway.push(body(event(1)))).json()
        assert first["durable"] == "disk"
        again = (await gateway.push(body(event(1)))).json()
        assert (again["receipt"], again["duplicates"], again["durable"]) == (first["receipt"], 1, "disk")
        forwarded(gateway, 1)
        later = (await gateway.push(body(event(1)))).json()
        assert (later["receipt"], later["duplicates"], later["durable"]) == (first["receipt"], 1, "kafka")
        assert await kept(gateway, first) == first


async def test_what_holds_no_event_does_not_wait(waiting_at):
    async with waiting_at() as gateway:
        for content in (b"[]", body(event(1, subject="NO-SUCH"))):
            receipt = (await asyncio.wait_for(gateway.push(content), 5)).json()
            assert (receipt["durable"], receipt["accepted"]) == ("disk", 0)


async def test_at_a_stop_who_waits_is_answered_with_what_is_true(waiting_at):
    async with waiting_at() as gateway:
        pushing = asyncio.create_task(gateway.push(body(event(1))))
        await on_disk(gateway, 1)
        await asyncio.sleep(0.05)
        await gateway.copies.stop()
        answer = await asyncio.wait_for(pushing, 5)
        assert (answer.status_code, answer.json()["durable"]) == (202, "disk")
        assert (await asyncio.wait_for(gateway.push(body(event(2))), 5)).json()["durable"] == "disk"


async def test_a_receipt_that_can_not_be_settled_stays_disk(waiting_at, forwarded, tmp_path):
    async with waiting_at() as gateway:
        pushing = asyncio.create_task(gateway.push(body(event(1))))
        await on_disk(gateway, 1)
        # Its time is over, as where the gateway stood still: it may stand in an anchor already.
        assert gateway.journal.close_receipts(10**15) == 1
        forwarded(gateway, 1)
        receipt = (await pushing).json()
        assert receipt["durable"] == "disk"
        assert await kept(gateway, receipt) == receipt


async def test_a_position_that_can_not_be_read_is_no_copy(tmp_path):
    def broken():
        raise JournalUnavailableError(tmp_path, "gone")

    copies = Copies(broken, Doorbell(tmp_path / "gateway.bell"), 0.2)
    copies.start()
    assert not await copies.hold(1)
    await copies.stop()
