"""Wherever the archive is killed, and however often: every line stands in it exactly once, in order."""

import os
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.time import LocalCalendar
from stores.archive import Archive, Family
from stores.archive_names import FAMILY_OF_TYPE

CALENDAR = LocalCalendar("UTC")
DAY_MS = 86_400_000
LINES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(sorted(FAMILY_OF_TYPE)[:3])), max_size=40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("flush"), st.integers(1, 15), st.none() | st.integers(0, 25)),
        st.tuples(st.just("merge"), st.integers(0, 2), st.none() | st.integers(0, 12)),
        st.tuples(st.just("reopen"), st.just(0), st.none()),
    ),
    max_size=10,
)


class Killed(BaseException):
    pass


def dying_after(patch, countdown):
    """Let so many steps on the file system through, then die in front of the next, again and again."""
    left = [countdown]

    def step(name, holder):
        real = getattr(holder, name)

        def call(*args, **rest):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*args, **rest)

        patch.setattr(holder, name, call)

    for name in ("replace", "rename", "unlink"):
        step(name, Path)
    step("fsync", os)


def run(archive, lines, action, amount):
    if action == "flush":
        done = archive.durable_offset()
        archive.append(
            (offset, day * DAY_MS, type_, b"%d" % offset)
            for offset, (day, type_) in enumerate(lines, start=1)
            if done < offset <= done + amount
        )
        archive.flush()
    elif action == "merge":
        archive.merge(date(1970, 1, 1 + amount))


def reopened(archive):
    archive.close()
    again = Archive(archive.root, CALENDAR)
    again.open()
    return again


@settings(max_examples=80, deadline=None)
@given(lines=LINES, steps=STEPS)
def test_every_line_is_archived_exactly_once_whatever_is_killed(lines, steps):
    expected = defaultdict(list)
    for offset, (day, type_) in enumerate(lines, start=1):
        expected[day, FAMILY_OF_TYPE[type_]].append(b"%d" % offset)
    with tempfile.TemporaryDirectory() as root:
        archive = Archive(Path(root), CALENDAR)
        archive.open()
        for action, amount, countdown in steps:
            with pytest.MonkeyPatch.context() as patch:
                if countdown is not None:
                    dying_after(patch, countdown)
                try:
                    run(archive, lines, action, amount)
                    killed = False
                except Killed:
                    killed = True
            durable = archive.durable_offset()
            check(archive, expected, durable)
            if killed or action == "reopen":
                archive = reopened(archive)
                assert archive.durable_offset() == durable
                check(archive, expected, durable)
        run(archive, lines, "flush", len(lines))
        check(archive, expected, len(lines))
        for day in archive.days():
            archive.merge(day)
            assert archive.verify(day).merged
            assert archive.verify(day).problems == ()
        check(archive, expected, len(lines))
        archive.close()


def check(archive, expected, durable):
    for day in archive.days():
        assert archive.verify(day).problems == ()
    for day in range(3):
        for family in Family:
            wanted = [line for line in expected[day, family] if int(line) <= durable]
            assert list(archive.read(date(1970, 1, 1 + day), [family])) == wanted
