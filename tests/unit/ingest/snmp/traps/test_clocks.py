import json

import pytest

from ingest.snmp.message import UsmParameters
from ingest.snmp.traps import clocks as module
from ingest.snmp.traps.clocks import Clocks, Timeliness

FRESH, REPEATED, STALE = Timeliness
NOW = 1_800_000_000_000


def usm(boots=5, engine_time=1000, mac=b"m", engine_id=b"engine"):
    return UsmParameters(engine_id, boots, engine_time, b"user", mac, b"")


@pytest.fixture
def clocks():
    made = Clocks()
    assert made.check(usm(mac=b"first"), NOW) is FRESH
    return made


@pytest.mark.parametrize(
    ("message", "later_s", "timeliness"),
    [
        (usm(), 0, FRESH),
        (usm(mac=b"first"), 0, REPEATED),
        (usm(engine_time=850), 0, FRESH),
        (usm(engine_time=849), 0, STALE),
        (usm(engine_time=1000), 150, FRESH),
        (usm(engine_time=1000), 151, STALE),
        (usm(engine_time=5000), 0, FRESH),
        (usm(boots=4, engine_time=9000), 0, STALE),
        (usm(boots=6, engine_time=0), 0, FRESH),
        (usm(boots=2**31 - 1), 0, STALE),
        (usm(engine_id=b"other", boots=1, engine_time=1), 0, FRESH),
    ],
)
def test_messages_are_judged_by_boots_time_and_whether_they_came_before(clocks, message, later_s, timeliness):
    assert clocks.check(message, NOW + 1000 * later_s) is timeliness


def test_a_boot_that_is_over_never_comes_back(clocks):
    assert clocks.check(usm(boots=6, engine_time=3), NOW) is FRESH
    assert clocks.check(usm(boots=5, engine_time=2000, mac=b"n"), NOW) is STALE


def test_the_clock_is_never_set_back(clocks):
    assert clocks.check(usm(engine_time=2000, mac=b"a"), NOW) is FRESH
    assert clocks.check(usm(engine_time=1900, mac=b"b"), NOW) is FRESH
    assert clocks.check(usm(engine_time=1849, mac=b"c"), NOW) is STALE


def test_what_was_dumped_is_loaded_with_all_it_remembers(clocks):
    loaded = Clocks()
    loaded.load(json.dumps(clocks.dump()))
    assert loaded.check(usm(mac=b"first"), NOW) is REPEATED
    assert loaded.check(usm(boots=4), NOW) is STALE
    assert loaded.dump() == clocks.dump()


@pytest.mark.parametrize("text", ["[]", "3", '{"zz": [1, 2, 3, []]}', '{"00": [1]}', '{"00": 4}', "{"])
def test_what_are_no_clocks_is_not_loaded(text):
    with pytest.raises(ValueError):
        Clocks().load(text)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECENT", 10)
    made = Clocks(max_engines=3)
    for number in range(100):
        made.check(usm(mac=bytes([number])), NOW)
        made.check(usm(engine_id=bytes([number % 7])), NOW)
    dumped = made.dump()
    assert len(dumped) == 3
    assert max(len(recent) for *_, recent in dumped.values()) <= 10


def test_messages_too_old_to_come_again_are_forgotten(clocks):
    for at in range(1000, 2000, 10):
        clocks.check(usm(engine_time=at, mac=at.to_bytes(4, "big")), NOW + (at - 1000) * 1000)
    ((*_, recent),) = clocks.dump().values()
    assert len(recent) <= 32
