"""Days that are open and no longer in memory: late evidence has them read again from what is stored."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from processors.core.province import Province
from processors.engine.memory import carry_bytes, restore_days
from processors.engine.state import EngineState, Opens, ReadAgain
from processors.results import Basis, day_figure, end_reading, transitions
from schemas.status import Reading
from stores.ledger.figures import PROVISIONAL

_ELEMENTS_AT_ONCE: Final = 100


def read_again(
    opened: Opens, live: Province, late: Mapping[str, int], horizon: int, now_us: int
) -> Iterator[ReadAgain]:
    """Read the days before the horizon again, for each element from the day that `late` names on, and store them.

    The evidence has to be stored already. Done in parts, each a transaction, so that neither memory nor the
    writer's lock grows when an enterprise hands in days of many elements; doing it twice changes nothing.
    """
    ordered = sorted(late, key=lambda element: (late[element], element))
    for start in range(0, len(ordered), _ELEMENTS_AT_ONCE):
        part = ordered[start : start + _ELEMENTS_AT_ONCE]
        with opened() as state:
            found = _read_part(state, live, part, (late[part[0]], horizon), now_us)
            state.save_again(found)
        yield found


def _read_part(
    state: EngineState, live: Province, elements: list[str], days: tuple[int, int], now_us: int
) -> ReadAgain:
    first, horizon = days
    province = Province(live.registry, live.conventions, elements=elements, notices=live.notices)
    # The evidence of elements with dated rows is whoever's sign of life they were on the day.
    restore_days(state, province, first, horizon, sorted({*elements, *live.contested}))
    basis = Basis(PROVISIONAL, now_us // 1000, live.registry.digest)
    found = ReadAgain()
    causes = state.causes(elements, first, horizon)
    ends = dict(state.ends(first - 1, elements))
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
