import random

from btswatch.demo.declarations import Beat, Declared, Notice, senders
from btswatch.demo.incidents import HOUR, MINUTE
from btswatch.demo.script import BLAMES, LIES, Script
from btswatch.demo.works import DAY, Plan
from schemas.registry import Kind
from schemas.status import Cause, Feed, Status


def test_the_same_seed_tells_the_same_story(registry, script, live_from):
    again = Script(registry, 7, live_from)
    assert again.courses(live_from - DAY, live_from + HOUR) == script.courses(
        live_from - DAY, live_from + HOUR
    )


def test_another_seed_tells_another_story(registry, script, live_from):
    other = Script(registry, 8, live_from)
    assert other.courses(live_from, live_from + HOUR) != script.courses(live_from, live_from + HOUR)


def test_a_moment_is_the_same_from_whatever_interval_it_is_told(script, live_from):
    chance = random.Random(3)
    whole = script.courses(live_from - DAY, live_from + 2 * HOUR)
    for _ in range(40):
        element, at = (
            chance.choice(sorted(whole)),
            chance.randrange(live_from - DAY, live_from + 2 * HOUR),
        )
        assert script.state_of(element, at) == whole[element].at(at)


def test_whoever_looks_for_three_minutes_sees_changes(registry):
    for seed in range(5):
        begin = 1_795_000_000_000 + seed * 12_345_678
        courses = Script(registry, seed, begin).courses(begin, begin + 10 * MINUTE)
        assert sum(len(course.starts) - 1 for course in courses.values()) >= 3


def test_what_hangs_on_a_link_goes_with_it(script, live_from):
    courses = script.courses(live_from - 10 * DAY, live_from)
    seen = 0
    for id_, row in script.rows.items():
        for above in row.depends_on:
            for at, state in zip(courses[above].starts, courses[above].states, strict=True):
                if state.status is Status.DOWN:
                    seen += 1
                    assert courses[id_].at(at).status is Status.DOWN
                    assert courses[id_].at(at).cause is Cause.TRANSPORT
                    assert courses[id_].at(at).silent or row.kind is Kind.LINK
    assert seen > 5


def test_liars_say_up_while_it_is_down_and_nobody_else_does(script, live_from):
    courses = script.courses(live_from - 20 * DAY, live_from)
    lied = set()
    for id_, row in script.rows.items():
        said = script.declared(id_, courses[id_])
        for at, state in zip(courses[id_].starts, courses[id_].states, strict=True):
            if said.at(at).status is not state.status:
                lied.add(row.enterprise)
                assert said.at(at).status is Status.UP
    assert lied
    assert lied <= LIES.keys()


def test_somebody_blames_the_mains_for_some_of_its_own_faults_and_nobody_else_does(script, live_from):
    courses = script.courses(live_from - 20 * DAY, live_from)
    blamed, owned_up = set(), set()
    for id_, row in script.rows.items():
        said = script.declared(id_, courses[id_])
        for at, state in zip(courses[id_].starts, courses[id_].states, strict=True):
            told = said.at(at)
            if state.cause is Cause.FAULT and told.status is state.status:
                (owned_up if told.cause is Cause.FAULT else blamed).add(row.enterprise)
                assert told.cause in (Cause.FAULT, Cause.POWER)
    assert blamed == BLAMES.keys()
    assert blamed <= owned_up


def test_notices_of_every_kind_are_told_and_work_takes_things_down(script, live_from):
    works = script.works(live_from - 30 * DAY, live_from)
    assert {work.plan for work in works} == set(Plan)
    for work in works:
        assert work.announced < work.start < work.end
        if work.plan is Plan.WITHDRAWN:
            assert work.announced < work.withdrawn <= work.start
            continue
        middle = (work.down_from + work.down_to) // 2
        assert all(script.state_of(id_, middle).status is Status.DOWN for id_ in work.elements[:1])
        if work.plan is Plan.TOO_LATE:
            assert work.start - work.announced < DAY
        if work.plan is Plan.OVER_LONG:
            assert work.end - work.start > 3 * DAY


def test_periodic_feeds_repeat_and_transition_feeds_report_changes_with_heartbeats(
    registry, script, live_from
):
    begin, end = live_from - 4 * HOUR, live_from
    courses = script.courses(begin, end)
    for name, sender in senders(script, registry.enterprises.values(), {}).items():
        said = sender.says(begin, end, courses)
        assert said == sorted(said, key=lambda one: one.sent)
        assert all(begin <= one.at < end and one.sent >= one.at for one in said)
        beats = [one for one in said if isinstance(one, Beat)]
        if sender.enterprise.feed is Feed.TRANSITION:
            assert len(beats) == 4 * 3600 // sender.enterprise.heartbeat_s
        else:
            assert not beats
            states = [one for one in said if isinstance(one, Declared)]
            assert states or script.feed_is_silent(name, begin)


def test_stretches_of_time_put_together_say_the_same_as_the_whole(registry, script, live_from):
    sender = senders(script, registry.enterprises.values(), {})["viettel"]
    begin, end = live_from, live_from + 2 * HOUR
    whole = sender.says(begin, end, script.courses(begin - 1, end))
    parts = []
    for at in range(begin, end, 5 * MINUTE):
        parts += sender.says(at, at + 5 * MINUTE, script.courses(at - 1, at + 5 * MINUTE))
    assert sorted(parts, key=repr) == sorted(whole, key=repr)
    assert any(isinstance(one, Declared) for one in whole)


def test_a_silent_feed_is_silent_soon_after_the_beginning(registry, script, live_from):
    sender = senders(script, registry.enterprises.values(), {})["vietnamobile"]
    begin, end = live_from + 2 * MINUTE, live_from + 6 * MINUTE
    said = sender.says(begin, end, script.courses(begin, end))
    assert [one for one in said if not isinstance(one, Notice)] == []
