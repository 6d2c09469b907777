"""What happened at an element: its transitions, and day by day what it read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection, RowMapping, select, tuple_

from schemas.status import Reading
from stores.ledger.tables import day_figures, transition_days, transitions
from stores.ledger.upsert import upsert

_KEYS_AT_ONCE: Final = 400


@dataclass(frozen=True, slots=True)
class Transition:
    """The effective state changed at `at_ms`, from evidence; `cause` as the evidence gave it."""

    element: str
    at_ms: int
    before: Reading
    after: Reading
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch `[from_ms, to_ms)` of one reading."""

    from_ms: int
    to_ms: int
    reading: Reading


def replace_transitions(
    connection: Connection, sets: Mapping[tuple[str, date], Sequence[Transition]]
) -> None:
    """Replace the whole set of each (element, local day): late evidence also takes transitions away."""
    if not sets:
        return
    keys = list(sets)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = keys[start : start + _KEYS_AT_ONCE]
        connection.execute(
            transitions.delete().where(tuple_(transitions.c.element, transitions.c.day).in_(part))
        )
    rows = [
        {
            "element": element,
            "day": day,
            "number": number,
            "at_ms": transition.at_ms,
            "before": int(transition.before),
            "after": int(transition.after),
            "cause": transition.cause,
        }
        for (element, day), found in sets.items()
        for number, transition in enumerate(found)
    ]
    upsert(connection, transitions, rows)


def told_as_of(connection: Connection, keys: Sequence[tuple[str, date]]) -> dict[tuple[str, date], int]:
    """The engine time (ms) of the message that gave each (element, local day) its transitions, where one did."""
    found: dict[tuple[str, date], int] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        query = select(transition_days).where(
            tuple_(transition_days.c.element, transition_days.c.day).in_(keys[start : start + _KEYS_AT_ONCE])
        )
        found |= {(row.element, row.day): row.as_of_ms for row in connection.execute(query)}
    return found


def save_told(connection: Connection, told: Mapping[tuple[str, date], int]) -> None:
    """Remember the engine time of the messages that were written."""
    upsert(
        connection,
        transition_days,
        [{"element": element, "day": day, "as_of_ms": as_of} for (element, day), as_of in told.items()],
    )


def forget_told_before(connection: Connection, day: date) -> None:
    """Of closed days none of it is needed."""
    connection.execute(transition_days.delete().where(transition_days.c.day < day))


def transitions_of(connection: Connection, element: str, from_ms: int, to_ms: int) -> list[Transition]:
    """An element's transitions in `[from_ms, to_ms)`, in time order."""
    query = (
        select(transitions)
        .where(transitions.c.element == element, transitions.c.at_ms >= from_ms, transitions.c.at_ms < to_ms)
        .order_by(transitions.c.at_ms, transitions.c.number)
    )
    return [_transition(row) for row in connection.execute(query).mappings()]


def transitions_from(connection: Connection, first: date) -> dict[tuple[str, date], list[Transition]]:
    """All transitions of the local day `first` and later, by (element, day)."""
    query = (
        select(transitions)
        .where(transitions.c.day >= first)
        .order_by(transitions.c.element, transitions.c.day, transitions.c.number)
    )
    found: dict[tuple[str, date], list[Transition]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["element"], row["day"]), []).append(_transition(row))
    return found


def transitions_on(connection: Connection, day: date) -> dict[str, list[Transition]]:
    """All transitions of the local day, by element, in order."""
    query = (
        select(transitions)
        .where(transitions.c.day == day)
        .order_by(transitions.c.element, transitions.c.number)
    )
    found: dict[str, list[Transition]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["element"], []).append(_transition(row))
    return found


def causes_of(
    connection: Connection, elements: Sequence[str], first: date, last: date
) -> dict[str, dict[int, str]]:
    """The causes that are known of transitions on the local days `first` to `last`, by element and moment."""
    query = select(transitions.c.element, transitions.c.at_ms, transitions.c.cause).where(
        transitions.c.element.in_(elements),
        transitions.c.day >= first,
        transitions.c.day <= last,
        transitions.c.cause.is_not(None),
    )
    found: dict[str, dict[int, str]] = {}
    for element, at_ms, cause in connection.execute(query):
        found.setdefault(element, {})[at_ms] = cause
    return found


def transitions_for_cause(
    connection: Connection, cause: str, after: Reading, from_ms: int, to_ms: int
) -> list[Transition]:
    """All transitions to a reading in `[from_ms, to_ms)` whose evidence gave the cause, in time order."""
    table = transitions.c
    query = (
        select(transitions)
        .where(table.cause == cause, table.after == int(after), table.at_ms >= from_ms, table.at_ms < to_ms)
        .order_by(table.at_ms, table.element)
    )
    return [_transition(row) for row in connection.execute(query).mappings()]


def ends_of(connection: Connection, day: date, elements: Sequence[str] | None = None) -> dict[str, Reading]:
    """What each element, or each of these, read at the end of the local day, as far as it was counted."""
    query = select(day_figures.c.element, day_figures.c.runs).where(day_figures.c.day == day)
    if elements is not None:
        query = query.where(day_figures.c.element.in_(elements))
    return {row.element: Reading(row.runs[-1][2]) for row in connection.execute(query) if row.runs}


def latest_transitions(connection: Connection, since_ms: int, limit: int = 200) -> list[Transition]:
    """The province's newest transitions first, none before `since_ms`."""
    query = (
        select(transitions)
        .where(transitions.c.at_ms >= since_ms)
        .order_by(transitions.c.at_ms.desc(), transitions.c.element)
        .limit(limit)
    )
    return [_transition(row) for row in connection.execute(query).mappings()]


def runs_of(connection: Connection, element: str, first: date, last: date) -> list[Run]:
    """What the element read on the local days `first` to `last`, joined over midnight, as far as it is known."""
    query = (
        select(day_figures.c.runs)
        .where(day_figures.c.element == element, day_figures.c.day >= first, day_figures.c.day <= last)
        .order_by(day_figures.c.day)
    )
    joined: list[Run] = []
    for (runs,) in connection.execute(query):
        for start, end, reading in runs or ():
            run = Run(start, end, Reading(reading))
            if joined and joined[-1].to_ms == run.from_ms and joined[-1].reading == run.reading:
                run = Run(joined.pop().from_ms, run.to_ms, run.reading)
            joined.append(run)
    return joined


def _transition(row: RowMapping) -> Transition:
    return Transition(
        element=row["element"],
        at_ms=row["at_ms"],
        before=Reading(row["before"]),
        after=Reading(row["after"]),
        cause=row["cause"],
    )
