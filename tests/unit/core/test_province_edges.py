"""The corners that random scenes seldom meet, one by one."""

import json
from datetime import date, datetime, timedelta

import pytest

from processors.core.conventions import Conventions
from processors.core.decode import decode_one
from processors.core.province import Province, Taken
from processors.core.reading import Carry
from processors.replay import take_in
from schemas.refusal import Refusal
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.status import Feed, Policy, Reading

DAY = date(2026, 11, 3)
FAR = datetime.fromisoformat("2026-12-01T00:00:00+07:00")


def at(text, day=DAY):
    return datetime.fromisoformat(f"{day}T{text}+07:00")


def registry(*rows, feed=Feed.PERIODIC):
    elements = {}
    for row in rows or (Element("A", Kind.STATION, "vnpt"),):
        elements[row.id] = (*elements.get(row.id, ()), row)
    enterprises = {name: Enterprise(name, name, feed=feed, heartbeat_s=300) for name in ("vnpt", "gtel")}
    return Registry(enterprises, {}, elements)


def event(kind, time, received=None, reporter="poller-1", subject="A", **data):
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"{kind}{time}",
            "source": f"{reporter}/x",
            "type": f"btswatch.{kind}.v1",
            "time": time.isoformat(),
            "receivedtime": (received or time).isoformat(),
            "track": "measured" if reporter.startswith("poller") else "declared",
            "reporter": reporter,
            "subject": subject,
            "data": data,
        }
    ).encode()


def status(time, word, received=None, reporter="poller-1", subject="A"):
    return event("status", time, received, reporter, subject, status=word)


def province(lines, *rows, feed=Feed.PERIODIC):
    made = Province(registry(*rows, feed=feed), Conventions())
    take_in(made, lines, int(FAR.timestamp() * 1000), lambda *refused: pytest.fail(str(refused)))
    return made


def reading(made, moment, element="A"):
    now = int(FAR.timestamp() * 1_000_000)
    return made.read_day(element, moment.date().toordinal(), now).state_at(int(moment.timestamp()) // 10)[0]


def test_evidence_after_midnight_confirms_a_silence_before_it():
    lines = [status(at("23:59:30"), "no_response"), status(at("00:00:30", date(2026, 11, 4)), "no_response")]
    assert reading(province(lines), at("23:59:40")) is Reading.DOWN


def test_confirming_evidence_that_came_after_the_close_of_the_day_confirms_nothing_in_it():
    after_close = at("00:00:40", date(2026, 11, 7))
    lines = [
        status(at("23:59:30"), "no_response"),
        status(at("00:00:30", date(2026, 11, 4)), "no_response", received=after_close),
    ]
    made = province(lines)
    assert reading(made, at("23:59:40")) is Reading.UNKNOWN
    # It does count for its own day, which closes a day later, and for the run it completes there.
    assert reading(made, at("00:00:40", date(2026, 11, 4))) is Reading.DOWN


def test_windows_that_adjoin_are_one_so_a_fault_begun_in_the_first_is_excused_in_the_second():
    def announce(name, a, b):
        return event(
            "maintenance", at("08:00", date(2026, 11, 1)), reporter="vnpt", subject="vnpt",
            action="announce", notice=name, elements=["A"], **{"from": a.isoformat(), "to": b.isoformat()},
        )  # fmt: skip

    notices = [announce("n1", at("10:00"), at("11:00")), announce("n2", at("11:00"), at("12:00"))]
    faults = [status(at("10:30:00") + timedelta(seconds=60 * n), "down") for n in range(60)]
    assert reading(province([*notices, *faults]), at("11:20")) is Reading.PLANNED


def test_work_does_not_excuse_what_was_already_broken():
    notice = event(
        "maintenance", at("08:00", date(2026, 11, 1)), reporter="vnpt", subject="vnpt", action="announce",
        notice="n", elements=["A"], **{"from": at("10:00").isoformat(), "to": at("11:00").isoformat()},
    )  # fmt: skip
    faults = [status(at("09:58:00") + timedelta(seconds=60 * n), "down") for n in range(30)]
    assert reading(province([notice, *faults]), at("10:20")) is Reading.DOWN


def test_a_heartbeat_that_comes_late_changes_a_day_that_was_read_before_it():
    row = Element("A", Kind.STATION, "vnpt", policy=Policy.DECLARED_FIRST)
    up = status(at("10:00"), "up", reporter="vnpt")
    made = province([up], row, feed=Feed.TRANSITION)
    assert reading(made, at("23:50")) is Reading.UNKNOWN
    assert reading(made, at("00:05", date(2026, 11, 4))) is Reading.UNKNOWN
    late = event("heartbeat", at("23:55"), at("08:00", date(2026, 11, 4)), reporter="vnpt", subject="vnpt")
    take_in(made, [late], int(FAR.timestamp() * 1000), pytest.fail)
    assert reading(made, at("23:56")) is Reading.UP
    assert reading(made, at("00:05", date(2026, 11, 4))) is Reading.UP  # within three heartbeats


def test_a_status_of_an_element_that_changed_hands_is_a_sign_of_life_of_the_owner_of_the_day_only():
    change = date(2026, 11, 3)
    rows = [
        Element("A", Kind.STATION, "vnpt", policy=Policy.DECLARED_ONLY),
        Element("B", Kind.STATION, "gtel", valid_to=change),
        Element("B", Kind.STATION, "vnpt", valid_from=change),
    ]
    made = province([status(at("10:00"), "up", reporter="vnpt")], *rows, feed=Feed.TRANSITION)
    assert reading(made, at("12:00")) is Reading.UNKNOWN
    take_in(
        made,
        [
            status(at("12:00"), "up", reporter="vnpt", subject="B"),
            status(at("14:00"), "up", reporter="gtel", subject="B"),
        ],
        int(FAR.timestamp() * 1000),
        pytest.fail,
    )
    assert reading(made, at("12:05")) is Reading.UP
    assert reading(made, at("14:05")) is Reading.UNKNOWN


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (status(at("10:01:01"), "up", received=at("10:00")), Refusal.TIME_IN_FUTURE),
        (status(at("10:01:00"), "up", received=at("10:00")), Taken.COUNTED),
        (status(at("10:00"), "up", subject="nobody"), Refusal.UNKNOWN_ELEMENT),
        (status(at("10:00"), "up", reporter="gtel"), Refusal.UNKNOWN_ELEMENT),
        (status(at("10:00"), "no_response", reporter="vnpt"), Refusal.NOT_ALLOWED),
        (status(at("10:00"), "up", received=at("00:00:00", date(2026, 11, 7))), Taken.COUNTED),
        (status(at("10:00"), "up", received=at("00:00:00.000001", date(2026, 11, 7))), Taken.LATE),
    ],
)
def test_what_becomes_of_an_event(line, outcome):
    assert Province(registry(), Conventions()).apply(decode_one(line), line) == outcome


def test_a_province_restored_from_its_blocks_reads_the_same():
    row = Element("A", Kind.STATION, "vnpt", policy=Policy.WORST)
    source = Province(registry(row, feed=Feed.TRANSITION), Conventions(), track_changes=True)
    lines = [
        status(at("09:00") + timedelta(seconds=47 * n), ("up", "no_response", "down")[n % 3])
        for n in range(300)
    ]
    lines += [status(at("09:30"), "up", reporter="vnpt"), event("heartbeat", at("09:40"), reporter="vnpt")]
    for line in lines:
        source.apply(decode_one(line), line)
    blocks, life = source.take_changes()
    copy = Province(registry(row, feed=Feed.TRANSITION), Conventions())
    for key, cells in blocks.items():
        copy.restore_block(key, cells)
    for (enterprise, day), slots in life.items():
        copy.restore_life(enterprise, day, slots)
    now = int(FAR.timestamp() * 1_000_000)
    assert copy.read_day("A", DAY.toordinal(), now).tally == source.read_day("A", DAY.toordinal(), now).tally
    assert source.take_changes() == ({}, {})


def test_dropping_old_days_keeps_what_reading_on_needs():
    lines = [status(at("20:00") + timedelta(seconds=60 * n), "no_response") for n in range(240)]
    lines += [
        status(at("00:00:30", date(2026, 11, 4)) + timedelta(seconds=60 * n), "no_response")
        for n in range(30)
    ]
    whole, cut = province(lines), province(lines)
    cut.drop_before(DAY.toordinal() + 1)
    now = int(FAR.timestamp() * 1_000_000)
    following = DAY.toordinal() + 1
    assert cut.read_day("A", following, now).tally == whole.read_day("A", following, now).tally
    carry = cut.carry_into("A", following)
    assert Carry.from_dict(json.loads(json.dumps(carry.as_dict()))).as_dict() == carry.as_dict()


def test_live_transitions_carry_the_moment_of_the_answer():
    lines = [status(at("10:00:03.250000"), "up"), status(at("10:00:57.125000"), "down")]
    day = province(lines).read_day("A", DAY.toordinal(), int(at("10:02").timestamp() * 1_000_000))
    moments = [(change.at_ms, change.after) for change in day.transitions()]
    assert moments == [
        (int(at("10:00:03.250000").timestamp() * 1000), Reading.UP),
        (int(at("10:00:57.125000").timestamp() * 1000), Reading.DOWN),
    ]


@pytest.mark.parametrize("sign", ["heartbeat", "status of an element that changed hands"])
def test_a_late_sign_of_life_also_moves_the_beginning_of_a_fault_that_was_carried_over(sign):
    rows = [
        Element("A", Kind.STATION, "vnpt", policy=Policy.DECLARED_FIRST),
        Element("B", Kind.STATION, "gtel", valid_to=date(2026, 11, 2)),
        Element("B", Kind.STATION, "vnpt", valid_from=date(2026, 11, 2)),
    ]
    following = date(2026, 11, 4)
    work = {"from": at("00:00", following).isoformat(), "to": at("01:00", following).isoformat()}
    lines = [
        event(
            "maintenance", at("08:00", date(2026, 11, 1)), reporter="vnpt", subject="vnpt",
            action="announce", notice="n", elements=["A"], **work,
        ),
        status(at("10:00"), "up", reporter="vnpt"),
        *[status(at("23:50") + timedelta(seconds=60 * n), "down") for n in range(40)],
    ]  # fmt: skip
    made = province(lines, *rows, feed=Feed.TRANSITION)
    assert reading(made, at("00:10", following)) is Reading.DOWN
    received = at("08:00", following)
    late = (
        event("heartbeat", at("23:48"), received, reporter="vnpt", subject="vnpt")
        if sign == "heartbeat"
        else status(at("23:48"), "up", received, reporter="vnpt", subject="B")
    )
    take_in(made, [late], int(FAR.timestamp() * 1000), pytest.fail)
    assert reading(made, at("00:10", following)) is Reading.PLANNED
