"""What the province looks like now: the state of every element, and who is down since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select

from schemas.status import Reading
from stores.ledger.tables import element_state
from stores.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class ElementNow:
    """An element's effective state and the evidence under it. Instants in ms.

    `updated_ms` never goes back from one writing to the next, so that a screen finds what is new by it. `as_of_ms` is the
    engine time of the message it came by; None where the engine itself wrote it.
    """

    element: str
    enterprise: str
    kind: str
    status: Reading
    since_ms: int
    measured: Reading
    declared: Reading
    cause: str | None
    detail: str | None
    measured_at_ms: int | None
    measured_code: int | None
    declared_at_ms: int | None
    declared_code: int | None
    metrics: Mapping[str, float] | None
    updated_ms: int
    as_of_ms: int | None = None


def save_states(connection: Connection, states: Sequence[ElementNow]) -> None:
    """Replace these elements' states."""
    names = [column.name for column in element_state.columns]
    upsert(connection, element_state, [{name: getattr(state, name) for name in names} for state in states])


def current(connection: Connection, enterprise: str | None = None) -> list[ElementNow]:
    """The state of every element, or of one enterprise's, by id."""
    query = select(element_state).order_by(element_state.c.element)
    if enterprise is not None:
        query = query.where(element_state.c.enterprise == enterprise)
    return _states(connection, query)


def changed_since(connection: Connection, since_ms: int) -> list[ElementNow]:
    """The states written at or after the instant, by id: what a screen that read before needs to read again."""
    query = (
        select(element_state).where(element_state.c.updated_ms >= since_ms).order_by(element_state.c.element)
    )
    return _states(connection, query)


def current_of(connection: Connection, element: str) -> ElementNow | None:
    """One element's state; None before its first evidence was read."""
    found = _states(connection, select(element_state).where(element_state.c.element == element))
    return found[0] if found else None


def current_among(connection: Connection, elements: Sequence[str]) -> dict[str, ElementNow]:
    """The states that are known of these elements."""
    found = _states(connection, select(element_state).where(element_state.c.element.in_(elements)))
    return {one.element: one for one in found}


def open_outages(connection: Connection, enterprise: str | None = None) -> list[ElementNow]:
    """Elements that are down now, the longest first. Planned work is no outage."""
    query = (
        select(element_state)
        .where(element_state.c.status == int(Reading.DOWN))
        .order_by(element_state.c.since_ms, element_state.c.element)
    )
    if enterprise is not None:
        query = query.where(element_state.c.enterprise == enterprise)
    return _states(connection, query)


def counts(connection: Connection) -> dict[tuple[str, Reading], int]:
    """How many elements of each kind read what, such as ("station", UP): 998."""
    query = select(element_state.c.kind, element_state.c.status, func.count()).group_by(
        element_state.c.kind, element_state.c.status
    )
    return {(kind, Reading(status)): number for kind, status, number in connection.execute(query)}


def last_change_ms(connection: Connection) -> int:
    """When any element's state was written last; 0 in an empty ledger."""
    return int(connection.execute(select(func.max(element_state.c.updated_ms))).scalar() or 0)


def forget(connection: Connection, elements: Sequence[str]) -> None:
    """Drop the states of elements that left the registry."""
    for element in elements:
        connection.execute(element_state.delete().where(element_state.c.element == element))


def _states(connection: Connection, query: Select[Any]) -> list[ElementNow]:
    return [_state(row) for row in connection.execute(query).mappings()]


def _state(row: RowMapping) -> ElementNow:
    values = dict(row)
    for name in ("status", "measured", "declared"):
        values[name] = Reading(values[name])
    return ElementNow(**values)
