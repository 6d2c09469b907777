"""Receipts stand in the chain and can be proven when the journal has long forgotten them; on each database."""

import asyncio
import json

import pytest
import sqlalchemy as sa

from btswatch.parts.chain import Chain
from processors.audit_check import walk
from processors.receipt_anchors import anchored, leaf_of, prove, receipt_digest
from schemas.audit import proves
from stores.journal import Journal, ListLimits
from stores.ledger import Ledger, audit
from stores.ledger.tables import properties, snapshots

HOUR = 3_600_000


def body(number: int, **more) -> bytes:
    return json.dumps({"receipt": f"r_{number}", "accepted": number, **more}).encode()


class Clock:
    now = 10 * HOUR

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.db", lists=ListLimits(receipts=5)) as journal:
        yield journal


@pytest.fixture
def chain(ledger, journal, clock):
    return Chain(ledger, journal, clock, anchor_s=3600)


def given(journal, *numbers, at_ms=9 * HOUR):
    for number in numbers:
        journal.save_receipt(f"r_{number}", "alpha", at_ms + number, body(number))


def entries(ledger):
    with ledger.reading() as connection:
        return list(audit.entries(connection))


def test_receipts_are_anchored_at_once_and_then_each_hour(ledger, journal, chain, clock):
    chain.follow()
    assert entries(ledger) == [], "nothing was given out"
    given(journal, 1, 2, 3)
    chain.follow()
    given(journal, 4)
    chain.follow()
    (first,) = entries(ledger)
    assert (first.content["receipts"], first.content["lost"], first.actor) == (3, 0, "gateway")
    assert chain.head() == first.digest
    clock.now += HOUR
    chain.follow()
    chain.follow()
    assert [one.content["receipts"] for one in entries(ledger)] == [3, 1]


def test_a_receipt_is_proven_after_the_journal_forgot_it(ledger, journal, chain):
    given(journal, *range(1, 6))
    chain.follow()
    given(journal, *range(6, 11))
    assert journal.receipt("r_2", "alpha") is None
    with ledger.reading() as connection:
        proof = prove(connection, "r_2")
        assert prove(connection, "r_10") is None
    assert proof.digest == receipt_digest(b'{ "accepted":2,\n"receipt":"r_2" }')
    assert proof.digest != receipt_digest(body(2, complete=True))
    leaf = leaf_of(proof.receipt, "alpha", proof.digest, proof.at_ms)
    assert proves(leaf, proof.index, proof.size, proof.path, proof.root)
    assert not proves(
        leaf_of("r_2", "beta", proof.digest, proof.at_ms), proof.index, proof.size, proof.path, proof.root
    )


def test_receipts_that_were_evicted_before_their_anchor_are_counted(ledger, journal, chain):
    given(journal, *range(1, 9))
    chain.follow()
    (entry,) = entries(ledger)
    assert (entry.content["receipts"], entry.content["lost"]) == (5, 3)


def test_a_receipt_whose_answer_waits_is_anchored_with_what_was_answered(ledger, journal, chain, clock):
    given(journal, 1)
    for number in (2, 3):
        journal.write(
            [
                lambda t, n=number: t.save_receipt(
                    f"r_{n}", "alpha", 9 * HOUR, body(n, durable="disk"), clock.now
                )
            ]
        )
    chain.follow()
    assert [one.content["receipts"] for one in entries(ledger)] == [1]
    journal.write([lambda t: t.settle_receipt("r_2", body(2, durable="kafka"))])
    journal.close_receipts(clock.now)
    clock.now += HOUR
    chain.follow()
    assert [(one.content["receipts"], one.content["lost"]) for one in entries(ledger)] == [(1, 0), (2, 0)]
    with ledger.reading() as connection:
        proofs = [prove(connection, f"r_{number}") for number in (1, 2, 3)]
    # The first is of a gateway that knew the disk alone: its content says nothing of it, and stands.
    answered = [body(1), body(2, durable="kafka"), body(3, durable="disk")]
    assert [one.digest for one in proofs] == [receipt_digest(one) for one in answered]


def test_journals_do_not_take_each_others_place(ledger, journal, chain, clock, tmp_path):
    given(journal, 1, 2)
    chain.follow()
    with Journal(tmp_path / "other.db") as other:
        other.save_receipt("r_x", "beta", 1, body(1))
        Chain(ledger, other, clock, anchor_s=3600).follow()
        numbers = [journal.number(1), other.number(1)]
    with ledger.reading() as connection:
        assert [anchored(connection, number) for number in numbers] == [2, 1]


def test_a_shifted_position_beside_the_chain_hides_no_receipt(ledger, journal, chain):
    with ledger.writing() as connection:
        connection.execute(
            sa.insert(properties).values(name=f"anchored_receipts:{journal.number(1)}", value="99")
        )
    given(journal, 1, 2)
    chain.follow()
    assert [one.content["receipts"] for one in entries(ledger)] == [2]


def test_while_the_ledger_is_away_nothing_is_lost(journal, clock, tmp_path):
    given(journal, 1)
    away = Ledger(tmp_path / "nowhere" / "ledger.db")
    away.open_when_used()
    chain = Chain(away, journal, clock, anchor_s=3600)
    asyncio.run(_lives(chain))
    assert chain.head() is None
    (tmp_path / "nowhere").mkdir()
    asyncio.run(_lives(chain))
    away.close()
    assert chain.head() is not None


async def _lives(chain):
    chain.start()
    await asyncio.sleep(0)  # its turn to begin; the end waits for what it began
    await chain.stop()


def test_verify_tells_of_digests_that_were_changed(ledger, journal, chain):
    given(journal, 1, 2)
    chain.follow()
    with ledger.writing() as connection:
        assert walk(connection).broken == ()
        connection.execute(sa.delete(snapshots))
    with ledger.reading() as connection:
        (broken,) = walk(connection).broken
    assert broken.number == 1
    assert "receipts' digests" in broken.detail
