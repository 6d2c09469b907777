"""The ledger as an engine's storage."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import numpy as np
from sqlalchemy import Connection

from processors.core.cells import merge
from processors.core.element_evidence import BlockKey
from processors.engine.state import Changes, ReadAgain, Sign, Transitions
from schemas.status import Reading
from stores.ledger import Ledger, blocks, closings, figures, history, province_view
from stores.ledger.blocks import StoredBlock, StoredNotice
from stores.ledger.closings import LIVE
from stores.ledger.province_view import ElementNow


class LedgerState:
    """`EngineState` within one transaction on the ledger."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def evidence(
        self, first: int, last: int, elements: Sequence[str] | None = None
    ) -> Iterator[tuple[BlockKey, bytes]]:
        """Blocks as they were saved."""
        days = date.fromordinal(first), date.fromordinal(last)
        for stored in blocks.load_blocks(self._connection, *days, elements):
            yield _key_of(stored), stored.cells

    def carries(self, day: int, elements: Sequence[str] | None = None) -> Mapping[str, bytes]:
        """The live engine's carries: the closing has its own."""
        return closings.carries_into(self._connection, date.fromordinal(day), LIVE, elements)

    def life(self, first: int) -> Iterable[Sign]:
        """Signs of life; those of elements with dated rows are in their evidence."""
        found = blocks.load_life(self._connection, date.fromordinal(first))
        return [(enterprise, day.toordinal(), "", slots) for (enterprise, day), slots in found.items()]

    def notices(self) -> Iterable[StoredNotice]:
        """All notices."""
        return blocks.load_notices(self._connection)

    def ends(self, day: int, elements: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """The last run of each figure."""
        return history.ends_of(self._connection, date.fromordinal(day), elements)

    def transitions(self, first: int) -> Transitions:
        """Transitions."""
        return history.transitions_from(self._connection, date.fromordinal(first))

    def causes(self, elements: Sequence[str], first: int, last: int) -> Mapping[str, Mapping[int, str]]:
        """Causes of transitions."""
        return history.causes_of(self._connection, elements, date.fromordinal(first), date.fromordinal(last))

    def states(self) -> Iterable[ElementNow]:
        """The province as it is shown."""
        return province_view.current(self._connection)

    def save_evidence(self, changes: Changes, horizon: int) -> None:
        """Write what changed; days before the horizon and signs of life join what is stored."""
        changed = dict(changes.blocks)
        for key, cells in self._stored([key for key in changed if key.day < horizon]).items():
            together = np.frombuffer(cells + changed[key], dtype=np.uint64)
            changed[key] = merge(together).tobytes()
        blocks.save_blocks(self._connection, map(_stored_block, changed, changed.values()))
        first = min((day for _, day, _ in changes.life), default=horizon)
        known = {(enterprise, day): slots for enterprise, day, _, slots in self.life(first)}
        slots: dict[tuple[str, date], bytes] = {}
        for (enterprise, day, _), found in changes.life.items():
            both = np.frombuffer(found + known.get((enterprise, day), b""), dtype=np.int64)
            slots[enterprise, date.fromordinal(day)] = np.unique(both).tobytes()
        blocks.save_life(self._connection, slots)
        blocks.save_notices(self._connection, changes.notices)

    def save_again(self, found: ReadAgain) -> None:
        """Write figures, transitions and carries."""
        figures.save_provisional(self._connection, found.figures)
        history.replace_transitions(self._connection, found.transitions)
        for day, carried in found.carries.items():
            closings.save_carries(self._connection, date.fromordinal(day), LIVE, carried)

    def _stored(self, keys: list[BlockKey]) -> Mapping[BlockKey, bytes]:
        if not keys:
            return {}
        wanted = set(keys)
        first, last = (f(key.day for key in keys) for f in (min, max))
        found = self.evidence(first, last, sorted({key.element for key in keys}))
        return {key: cells for key, cells in found if key in wanted}


@contextmanager
def writing(ledger: Ledger) -> Iterator[LedgerState]:
    """The ledger as storage, one transaction."""
    with ledger.writing() as connection:
        yield LedgerState(connection)


def _key_of(stored: StoredBlock) -> BlockKey:
    return BlockKey(stored.element, stored.day.toordinal(), stored.reporter, stored.tier, stored.hour)


def _stored_block(key: BlockKey, cells: bytes) -> StoredBlock:
    return StoredBlock(key.element, date.fromordinal(key.day), key.reporter, key.tier, key.hour, cells)
