"""From checked rows to the values that the product uses, and their digest."""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import fields, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from schemas.registry import (
    Agency,
    DeclaredLevel,
    Element,
    Enterprise,
    Kind,
    Registry,
    Succession,
    Unit,
)
from schemas.registry_rows import LinkRow, StationRow
from schemas.time import LocalCalendar
from stores.registry.check import instant
from stores.registry.tables import Tables

ValueT = TypeVar("ValueT", Unit, Element)


def build(tables: Tables, calendar: LocalCalendar) -> Registry:
    """The registry; the order of rows and columns in the files makes no difference."""
    elements = [_element(row.value, calendar) for row in tables.elements]
    registry = Registry(
        enterprises={
            row.value.id: Enterprise(**dict(row.value))
            for row in sorted(tables.enterprises, key=lambda row: row.value.id)
        },
        units=_by_id((Unit(**dict(row.value)) for row in tables.units), lambda unit: unit.code),
        elements=_by_id(elements, lambda element: element.id),
        declared_levels=_sorted(DeclaredLevel(**dict(row.value)) for row in tables.declared_levels),
        agency=_sorted(Agency(**dict(row.value)) for row in tables.agency),
        successions=_sorted(Succession(**dict(row.value)) for row in tables.succession),
    )
    return replace(registry, digest=digest_of(registry))


def digest_of(registry: Registry) -> str:
    """SHA-256 over the content alone: the same registry has the same digest, however it was written down.

    Every value takes part, empty ones not: a new optional column changes no digest until it is filled.
    """
    content: dict[str, Iterable[Any]] = {
        "enterprises": registry.enterprises.values(),
        "units": (row for rows in registry.units.values() for row in rows),
        "elements": (row for rows in registry.elements.values() for row in rows),
        "declared_levels": registry.declared_levels,
        "agency": registry.agency,
        "successions": registry.successions,
    }
    known = {name: found for name, rows in content.items() if (found := list(map(_known, rows)))}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _known(value: Any) -> dict[str, Any]:
    """The fields of a value that are not empty."""
    found = ((field.name, getattr(value, field.name)) for field in fields(value))
    return {name: content for name, content in found if content not in (None, "", ())}


def _element(row: StationRow | LinkRow, calendar: LocalCalendar) -> Element:
    def ms(cell: date | datetime | None) -> int | None:
        return None if cell is None else instant(cell, calendar)

    values: dict[str, Any] = dict(row)
    values["commissioned"], values["decommissioned"] = ms(row.commissioned), ms(row.decommissioned)
    if isinstance(row, StationRow):
        values["technologies"] = tuple(technology.value for technology in row.technologies)
        return Element(kind=Kind.STATION, **values)
    return Element(kind=Kind.LINK, **values)


def _by_id(values: Iterable[ValueT], key: Callable[[ValueT], str]) -> dict[str, tuple[ValueT, ...]]:
    found: dict[str, list[ValueT]] = defaultdict(list)
    for value in values:
        found[key(value)].append(value)
    return {
        name: tuple(sorted(found[name], key=lambda value: value.valid_from or date.min))
        for name in sorted(found)
    }


AnyT = TypeVar("AnyT", bound=Hashable)


def _sorted(values: Iterable[AnyT]) -> tuple[AnyT, ...]:
    return tuple(sorted(values, key=repr))
