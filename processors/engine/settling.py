"""What an engine settles before it writes a checkpoint, wherever it writes it."""

from typing import Final

from processors.core.conventions import US
from processors.core.reading import Carry
from processors.engine import hindsight
from processors.engine.memory import carry_bytes, carry_from
from processors.engine.session import Session, first_open
from processors.engine.state import Opens

# So long after midnight hardly anything still comes for the day before: it leaves memory, which then holds little
# more than one day. What does come later has the day read again from what is stored.
_SETTLED_US: Final = 3 * 3600 * US


def settle(session: Session, opened: Opens, now_ms: int) -> None:
    """Read what was touched and not read yet, also of days that have left memory: a checkpoint covers it."""
    live = session.live
    # Days leave memory when all of them is read.
    everything = settling_is_due(session)
    while live.touched or (everything and live.behind):
        session.read(now_ms, due=False)
    if session.late:
        _read_late(session, opened, now_ms)


def settling_is_due(session: Session) -> bool:
    """Whether something can't wait to be read: of days that leave memory or have left it, or that no restart reads again."""
    again_from = first_open(session.province, session.through_ms)
    return bool(_horizons(session) or session.late) or session.live.waits_before(again_from)


def next_horizon(session: Session) -> dict[int, dict[str, bytes]]:
    """What is carried into each day up to the last settled one's next, when the horizon has to move; else nothing."""
    carried: dict[int, dict[str, bytes]] = {}
    if session.live.behind:
        return carried  # some days before it are still to be read
    province = session.province
    for day in _horizons(session):
        found = ((e, province.carry_into(e, day)) for e in province.elements)
        carried[day] = {element: carry_bytes(carry) for element, carry in found if isinstance(carry, Carry)}
    return carried


def move_horizon(session: Session, day: int) -> None:
    """Let days before this one leave memory: they are stored."""
    session.province.drop_before(day)
    session.live.forget_before(day)


def _horizons(session: Session) -> range:
    """The days that the horizon is to move to, one after another: from the earliest on that may be read again."""
    grid, through_us = session.province.grid, session.through_ms * 1000
    first = max(session.horizon + 1, first_open(session.province, session.through_ms) - 1)
    return range(first, min(session.today, grid.day_of(through_us - _SETTLED_US)) + 1)


def _read_late(session: Session, opened: Opens, now_ms: int) -> None:
    horizon = session.horizon
    with opened() as state:
        state.save_evidence(session.pending.unsaved.changes(), horizon)
    for found in hindsight.read_again(opened, session.province, session.late, horizon, now_ms * 1000):
        for element, carry in found.carries.get(horizon, {}).items():
            session.province.restore_carry(element, horizon, carry_from(carry))
            session.live.touch(element, (horizon,))
        for (element, day), end in found.ends.items():
            session.live.end_of(element, day, end)
    session.late.clear()
    while session.live.touched:
        session.read(now_ms, due=False)
