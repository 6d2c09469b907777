"""Days that are open and no longer in memory: late evidence has them read again from what the ledger keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from sqlalchemy import Connection

from processors.core.province import Province
from processors.engine.memory import carry_bytes, restore_days
from processors.results import Basis, day_figure, end_reading, transitions
from schemas.status import Reading
from stores.ledger import Ledger, closings, figures, history
from stores.ledger.closings import LIVE
from stores.ledger.figures import PROVISIONAL, DayFigure
from stores.ledger.history import Transition

_ELEMENTS_AT_ONCE: Final = 100


@dataclass(slots=True)
class ReadAgain:
    """What was read again: what the days were worth, and what is carried into the horizon."""

    figures: list[DayFigure] = field(default_factory=list)
    transitions: dict[tuple[str, date], list[Transition]] = field(default_factory=dict)
    carries: dict[int, dict[str, bytes]] = field(default_factory=dict)
    ends: dict[tuple[str, int], Reading] = field(default_factory=dict)


def read_again(
    ledger: Ledger, live: Province, late: Mapping[str, int], horizon: int, now_us: int
) -> Iterator[ReadAgain]:
    """Read the days before the horizon again, for each element from the day that `late` names on, and store them.

    The evidence has to be in the ledger already. Done in parts, each a transaction, so that neither memory nor
    the writer's lock grows when an enterprise hands in days of many elements; doing it twice changes nothing.
    """
    ordered = sorted(late, key=lambda element: (late[element], element))
    for start in range(0, len(ordered), _ELEMENTS_AT_ONCE):
        part = ordered[start : start + _ELEMENTS_AT_ONCE]
        with ledger.writing() as connection:
            found = _read_part(connection, live, part, (late[part[0]], horizon), now_us)
            _save(connection, found)
        yield found


def _read_part(
    connection: Connection, live: Province, elements: list[str], days: tuple[int, int], now_us: int
) -> ReadAgain:
    first, horizon = days
    registry = replace(live.registry, elements={name: live.registry.elements[name] for name in elements})
    province = Province(registry, live.conventions)
    province.notices = live.notices
    restore_days(connection, province, first, horizon, elements, LIVE)
    basis = Basis(PROVISIONAL, now_us // 1000, registry.digest)
    found = ReadAgain()
    causes = history.causes_of(connection, elements, date.fromordinal(first), date.fromordinal(horizon))
    ends = {
        one.element: Reading(one.runs[-1][2])
        for one in figures.figures_of_day(connection, date.fromordinal(first - 1), elements)
        if one.runs
    }
    for day in range(first, horizon):
        for element in elements:
            read = province.read_day(element, day, now_us)
            if read.row is None:
                continue
            key = element, date.fromordinal(day)
            found.figures.append(day_figure(read, read.row, read.tally, basis))
            found.transitions[key] = transitions(read, element, ends.get(element), causes.get(element, {}))
            end = end_reading(read)
            ends[element] = end if end is not None else Reading.UNKNOWN
            found.ends[element, day] = ends[element]
            carry = province.carry_into(element, day + 1)
            if carry is not None:
                found.carries.setdefault(day + 1, {})[element] = carry_bytes(carry)
    return found


def _save(connection: Connection, found: ReadAgain) -> None:
    """Write what was read again."""
    figures.save_provisional(connection, found.figures)
    history.replace_transitions(connection, found.transitions)
    for day, carried in found.carries.items():
        closings.save_carries(connection, date.fromordinal(day), LIVE, carried)
