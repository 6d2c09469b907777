"""The state table of a watched condition, and what a series of changes makes of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final


class Condition(Enum):
    """What is known of the condition that an alert is about."""

    HOLDS = "holds"
    GONE = "gone"
    UNSURE = "unsure"  # neither is known: nothing begins with it, and nothing ends


class Phase(StrEnum):
    """Where a watched condition stands. An alert that was firing and became inactive is resolved."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


# From pending to firing leads time alone.
NEXT: Final[dict[tuple[Phase, Condition], Phase]] = {
    (Phase.INACTIVE, Condition.HOLDS): Phase.PENDING,
    (Phase.INACTIVE, Condition.GONE): Phase.INACTIVE,
    (Phase.INACTIVE, Condition.UNSURE): Phase.INACTIVE,
    (Phase.PENDING, Condition.HOLDS): Phase.PENDING,
    (Phase.PENDING, Condition.GONE): Phase.INACTIVE,
    (Phase.PENDING, Condition.UNSURE): Phase.INACTIVE,
    (Phase.FIRING, Condition.HOLDS): Phase.FIRING,
    (Phase.FIRING, Condition.GONE): Phase.INACTIVE,
    (Phase.FIRING, Condition.UNSURE): Phase.FIRING,
}


@dataclass(frozen=True, slots=True)
class Stand:
    """A phase and since when; `since_ms` has no meaning while inactive."""

    phase: Phase = Phase.INACTIVE
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Spell:
    """A time for which it was firing, `[starts, ends)`; None: it still is."""

    starts_ms: int
    ends_ms: int | None


@dataclass(frozen=True, slots=True)
class Walk:
    """What came of a series of changes."""

    spells: tuple[Spell, ...]
    stand: Stand


def ripened(stand: Stand, at_ms: int, for_ms: int) -> Stand:
    """The stand when time alone has passed."""
    if stand.phase is Phase.PENDING and at_ms - stand.since_ms >= for_ms:
        return Stand(Phase.FIRING, stand.since_ms)
    return stand


def walk(stand: Stand, changes: Sequence[tuple[int, Condition]], clock_ms: int, for_ms: int) -> Walk:
    """Go through changes in order of time, then on to `clock_ms`."""
    spells = []
    for at_ms, condition in changes:
        stand = ripened(stand, at_ms, for_ms)
        phase = NEXT[stand.phase, condition]
        if phase is stand.phase:
            continue
        if stand.phase is Phase.FIRING:
            spells.append(Spell(stand.since_ms, at_ms))
        stand = Stand(phase, at_ms)
    stand = ripened(stand, clock_ms, for_ms)
    if stand.phase is Phase.FIRING:
        spells.append(Spell(stand.since_ms, None))
    return Walk(tuple(spells), stand)


def settle(known: Sequence[Spell], found: Sequence[Spell], as_of_ms: int) -> list[Spell]:
    """What is to be written so that the alerts that are known become those that were found.

    A start that was told stays, though late evidence moves it: by it receivers tell repetitions. An end that was told
    stays too; what goes on behind it is another alert. Of those in the result, a start that is known is closed, any
    other is new.
    """
    changed: list[Spell] = []
    left = list(known)
    for spell in found:
        same = next((one for one in left if _overlap(one, spell)), None)
        if same is None:
            changed.append(spell)
            continue
        left.remove(same)
        if same.ends_ms is None and spell.ends_ms is not None:
            changed.append(Spell(same.starts_ms, max(spell.ends_ms, same.starts_ms)))
        elif same.ends_ms is not None and spell.ends_ms is None:
            changed.append(Spell(same.ends_ms, None))
    changed += [Spell(one.starts_ms, max(as_of_ms, one.starts_ms)) for one in left if one.ends_ms is None]
    return changed


def _overlap(one: Spell, other: Spell) -> bool:
    return (other.ends_ms is None or one.starts_ms < other.ends_ms) and (
        one.ends_ms is None or other.starts_ms < one.ends_ms
    )
