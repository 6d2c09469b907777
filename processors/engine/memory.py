"""The core's state between the engine and its storage: put back at a start, gathered for a checkpoint."""

import json
from collections.abc import Iterable, Sequence

from processors.core.element_evidence import BlockKey
from processors.core.notices import Announcement, Notice
from processors.core.province import Province
from processors.core.reading import Carry
from processors.engine.state import Changes, EngineState
from stores.ledger.blocks import StoredNotice


def restore(state: EngineState, province: Province, horizon: int) -> None:
    """Put back the evidence from the horizon on, what was carried into it, signs of life and notices."""
    restore_days(state, province, horizon, horizon + 366, None)
    for stored in state.notices():
        _restore_notice(province, stored)
    province.take_changes()


def restore_days(
    state: EngineState, province: Province, first: int, last: int, elements: Sequence[str] | None
) -> None:
    """Put back the evidence of some days and what was carried into the first; signs of life from as long before as they matter."""
    for key, cells in state.evidence(first, last, elements):
        province.restore_block(key, cells)
    for element, carry in state.carries(first, elements).items():
        province.restore_carry(element, first, carry_from(carry))
    for enterprise, day, element, slots in state.life(first - province.life_reach_days):
        province.restore_life(enterprise, day, slots, element)


def carry_bytes(carry: Carry) -> bytes:
    """For storage."""
    return json.dumps(carry.as_dict(), separators=(",", ":")).encode()


def carry_from(stored: bytes) -> Carry:
    """The carry that `carry_bytes` gave."""
    return Carry.from_dict(json.loads(stored))


class Unsaved:
    """Changed blocks that wait for a checkpoint; they survive one that fails."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._blocks: dict[BlockKey, bytes] = {}
        self._life: dict[tuple[str, int, str], bytes] = {}
        self._notices: set[tuple[str, str]] = set()

    def note(self, enterprise: str, notice: str) -> None:
        """A notice was announced or withdrawn."""
        self._notices.add((enterprise, notice))

    def changes(self) -> Changes:
        """All that is to be stored."""
        changed, life = self._province.take_changes()
        self._blocks |= changed
        self._life |= {(enterprise, day, ""): slots for (enterprise, day), slots in life.items()}
        signs = self._province.take_changed_signs()
        self._life |= {
            (enterprise, day, element): slots for (enterprise, element, day), slots in signs.items()
        }
        return Changes(self._blocks, self._life, list(self._changed_notices()))

    def saved(self) -> None:
        """The changes are stored."""
        self._blocks.clear()
        self._life.clear()
        self._notices.clear()

    def _changed_notices(self) -> Iterable[StoredNotice]:
        if not self._notices:
            return
        for (enterprise, name), notice in self._province.notices:
            if (enterprise, name) in self._notices:
                yield from _notice_rows(enterprise, name, notice)


def _notice_rows(enterprise: str, name: str, notice: Notice) -> Iterable[StoredNotice]:
    plan = notice.announced
    if plan is not None:
        yield StoredNotice(
            enterprise, name, "announce", plan.received, plan.start, plan.end, plan.elements, plan.canonical
        )
    if notice.withdrawn is not None:
        yield StoredNotice(enterprise, name, "withdraw", notice.withdrawn, 0, 0, (), "")


def _restore_notice(province: Province, stored: StoredNotice) -> None:
    if stored.action == "withdraw":
        province.notices.withdraw(stored.enterprise, stored.notice, stored.received_us)
        return
    plan = Announcement(
        stored.received_us, stored.canonical, tuple(stored.elements), stored.from_us, stored.to_us
    )
    province.notices.announce(stored.enterprise, stored.notice, plan)
