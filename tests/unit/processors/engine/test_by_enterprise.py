"""Figures on their way to `compliance`: by enterprise, in order, bounded, with a tick behind them."""

import json
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given
from pydantic import ValidationError

from processors.engine.worker.by_enterprise import LINE, ByEnterprise
from schemas.control import Tick

PARTITIONS = 4


def record(enterprise, minute, padding=0):
    as_of = f"2026-11-03T00:{minute:02}:00Z"
    said = {"enterprise": enterprise, "as_of": as_of, "other": "x" * padding}
    return json.dumps(said, separators=(",", ":")).encode()


@given(
    st.lists(
        st.tuples(st.sampled_from(["vnpt", "viettel", "gtel"]), st.integers(0, 59), st.integers(0, 400))
    ),
    st.integers(100, 2000),
)
def test_each_record_goes_once_in_order_to_its_enterprises_partition_before_its_tick(given_, most_bytes):
    records = [record(*one) for one in given_]
    keyed = ByEnterprise(PARTITIONS, most_bytes)
    for one in records:
        keyed.take(one)
    told = list(keyed.messages())
    sent = [one for one in told if one.headers is None]
    ticks = told[len(sent) :]
    assert [one.headers for one in ticks] == [{"kind": b"control"}] * len({one.to for one in sent})
    for name in ("vnpt", "viettel", "gtel"):
        mine = [one for one in sent if one.key == name.encode()]
        lines = [line for one in mine for line in one.value.split(LINE)]
        assert lines == [one for one in records if json.loads(one)["enterprise"] == name]
        assert len({one.to for one in mine}) <= 1
        assert all(len(one.value) <= most_bytes or LINE not in one.value for one in mine)
        # Full before the next begins.
        for one, following in pairwise(mine):
            assert len(one.value + LINE + following.value.split(LINE)[0]) > most_bytes
    for tick in ticks:
        newest = max(
            minute
            for name, minute, _ in given_
            if any(s.key == name.encode() and s.to == tick.to for s in sent)
        )
        assert Tick.model_validate_json(tick.value).received_through.minute == newest


def test_a_record_that_does_not_say_whose_it_is_is_not_taken_and_leaves_the_others():
    keyed = ByEnterprise(PARTITIONS, 1000)
    keyed.take(record("vnpt", 1))
    with pytest.raises(ValidationError, match="enterprise"):
        keyed.take(b'{"as_of":"2026-11-03T00:00:00Z"}')
    assert [one.value for one in keyed.messages()][:1] == [record("vnpt", 1)]


@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_record_as_of_a_moment_that_no_tick_can_say_is_not_taken_and_leaves_the_others(as_of):
    keyed = ByEnterprise(PARTITIONS, 1000)
    keyed.take(record("vnpt", 1))
    with pytest.raises(ValidationError, match="as_of"):
        keyed.take(json.dumps({"enterprise": "vnpt", "as_of": as_of}).encode())
    assert len(list(keyed.messages())) == 2
