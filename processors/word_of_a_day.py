"""What a day's reading found of the enterprises' word, into the ledger and back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection

from processors.core.feed_days import FeedDay
from processors.told import ToldBefore, Word
from stores.ledger import enterprise_word
from stores.ledger.enterprise_word import DifferingRow, FeedRow, LateRow


def told_into(connection: Connection, day: date) -> ToldBefore | None:
    """What the days before told, as the closing of the last of them left it; None where it did not look for it."""
    found = enterprise_word.told_into(connection, day)
    return ToldBefore(*found) if found is not None else None


def save_word(connection: Connection, day: date, found: Sequence[Word]) -> None:
    """Replace what was declared late of these elements' day, and the causes that differ."""
    elements = [one.element for one in found]
    enterprise_word.save_of_elements(connection, day, elements, _late(day, found), _differing(day, found))


def restate_word(connection: Connection, day: date, word: Word) -> None:
    """The same of one element for a restated day. The next day goes on as it was closed, so what goes on stays."""
    before = enterprise_word.received_of(connection, day, word.element)
    save_word(connection, day, [replace(word, late=replace(word.late, received_ms=before))])


def save_feeds(connection: Connection, day: date, found: Iterable[FeedDay]) -> None:
    """Write the feeds' day, where it does not stand: heartbeats may be others by now."""
    known = {
        one.enterprise for one in enterprise_word.feeds_between(connection, day, day + timedelta(days=1))
    }
    enterprise_word.save_feeds(
        connection,
        [
            FeedRow(
                day,
                one.enterprise,
                one.heartbeat_s,
                one.total_s,
                one.silent_s,
                one.gaps,
                one.longest_s,
                one.last_ms,
                one.ends_silent,
            )
            for one in found
            if one.enterprise not in known
        ],
    )


def _late(day: date, found: Sequence[Word]) -> list[LateRow]:
    return [
        LateRow(
            day,
            one.element,
            one.enterprise,
            one.late.late_s,
            one.late.longest_s,
            one.late.received_ms,
        )
        for one in found
        if one.late.late_s or one.late.received_ms is not None
    ]


def _differing(day: date, found: Sequence[Word]) -> list[DifferingRow]:
    return [
        DifferingRow(
            day,
            one.element,
            part.from_ms,
            one.enterprise,
            part.to_ms,
            part.seconds,
            ";".join(part.measured),
            ";".join(part.declared),
        )
        for one in found
        for part in one.differing
    ]
