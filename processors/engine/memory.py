"""The core's state between the engine and the ledger: put back at a start, written at a checkpoint."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import numpy as np
from sqlalchemy import Connection

from processors.core.cells import merge
from processors.core.conventions import Conventions
from processors.core.element_evidence import BlockKey
from processors.core.notices import Announcement, Notice
from processors.core.province import Province
from processors.core.reading import Carry
from stores.ledger import blocks, closings, positions
from stores.ledger.blocks import StoredBlock, StoredNotice
from stores.ledger.closings import LIVE

HORIZON: Final = "engine_horizon"
CONVENTIONS: Final = "conventions"


class ConventionsChangedError(Exception):
    """The ledger's cells were cut by another grid or zone: it can't be continued with these."""

    def __init__(self, stored: str, given: str) -> None:
        super().__init__(f"the ledger was made with {stored}; it can't be continued with {given}")
        self.stored = stored
        self.given = given


def check_conventions(connection: Connection, conventions: Conventions) -> None:
    """Bind the ledger to the grid and zone.

    Raises:
        ConventionsChangedError: it is bound to others.
    """
    given = json.dumps({"grid_s": conventions.grid_s, "zone": conventions.zone}, sort_keys=True)
    stored = positions.known_property(connection, CONVENTIONS)
    if stored is None:
        positions.save_property(connection, CONVENTIONS, given)
    elif stored != given:
        raise ConventionsChangedError(stored, given)


def restore(connection: Connection, province: Province, horizon: int) -> None:
    """Put back the evidence from the horizon on, what was carried into it, signs of life and notices."""
    restore_days(connection, province, horizon, horizon + 366, None, LIVE)
    for stored in blocks.load_notices(connection):
        _restore_notice(province, stored)
    province.take_changes()


def restore_days(
    connection: Connection,
    province: Province,
    first: int,
    last: int,
    elements: list[str] | None,
    basis: str,
) -> None:
    """Put back the evidence of some days and what was carried into the first; signs of life from as long before as they matter."""
    first_day = date.fromordinal(first)
    for stored in blocks.load_blocks(connection, first_day, date.fromordinal(last), elements):
        key = BlockKey(stored.element, stored.day.toordinal(), stored.reporter, stored.tier, stored.hour)
        province.restore_block(key, stored.cells)
    for element, carry in closings.carries_into(connection, first_day, basis, elements).items():
        province.restore_carry(element, first, carry_from(carry))
    for (enterprise, day), slots in blocks.load_life(
        connection, date.fromordinal(first - province.life_reach_days)
    ).items():
        province.restore_life(enterprise, day.toordinal(), slots)


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
        self._life: dict[tuple[str, int], bytes] = {}
        self._notices: set[tuple[str, str]] = set()

    def note(self, enterprise: str, notice: str) -> None:
        """A notice was announced or withdrawn."""
        self._notices.add((enterprise, notice))

    def save(self, connection: Connection, horizon: int) -> None:
        """Write what changed; what lies before the horizon joins what is stored, since memory holds only a part of it."""
        changed, life = self._province.take_changes()
        self._blocks |= changed
        self._life |= life
        old = [key for key in self._blocks if key.day < horizon]
        for key, cells in _stored(connection, old).items():
            together = np.frombuffer(cells + self._blocks[key], dtype=np.uint64)
            self._blocks[key] = merge(together).tobytes()
        blocks.save_blocks(connection, map(_stored_block, self._blocks, self._blocks.values()))
        known = blocks.load_life(
            connection, date.fromordinal(min((d for _, d in self._life), default=horizon))
        )
        slots: dict[tuple[str, date], bytes] = {}
        for (enterprise, day), found in self._life.items():
            at = enterprise, date.fromordinal(day)
            both = np.frombuffer(found + known.get(at, b""), dtype=np.int64)
            slots[at] = np.unique(both).tobytes()
        blocks.save_life(connection, slots)
        blocks.save_notices(connection, list(self._stored_notices()))

    def saved(self) -> None:
        """The transaction was committed."""
        self._blocks.clear()
        self._life.clear()
        self._notices.clear()

    def _stored_notices(self) -> Iterable[StoredNotice]:
        if not self._notices:
            return
        for (enterprise, name), notice in self._province.notices:
            if (enterprise, name) in self._notices:
                yield from _notice_rows(enterprise, name, notice)


def _stored_block(key: BlockKey, cells: bytes) -> StoredBlock:
    return StoredBlock(key.element, date.fromordinal(key.day), key.reporter, key.tier, key.hour, cells)


def _stored(connection: Connection, keys: list[BlockKey]) -> Mapping[BlockKey, bytes]:
    if not keys:
        return {}
    wanted = set(keys)
    first, last = (date.fromordinal(f(key.day for key in keys)) for f in (min, max))
    found = {}
    for stored in blocks.load_blocks(connection, first, last, sorted({key.element for key in keys})):
        key = BlockKey(stored.element, stored.day.toordinal(), stored.reporter, stored.tier, stored.hour)
        if key in wanted:
            found[key] = stored.cells
    return found


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
