"""Messages of polls that wait to be taken in together: for many at once it costs a third of what it does for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import numpy as np

from processors.core.decode import Decoded, UndecodableError
from processors.core.polls import Written, statuses, take_polls
from processors.engine.session import Session
from processors.engine.worker.wire import Incoming, events_at, events_of
from stores.journal import Stored

# So many polls take some tens of milliseconds; more together gain nothing.
_ENOUGH: Final = 8_192

Events = Sequence[tuple[Stored, Decoded | UndecodableError]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message of status events in the form that we write; its `known` first journal offsets were counted before."""

    message: Incoming
    offsets: Sequence[int]
    known: int
    found: Sequence[Written]


@dataclass(slots=True)
class PollsTogether:
    """What waits, in the order in which it came."""

    _waiting: list[Waiting] = field(default_factory=list)
    _size: int = 0

    def add(self, one: Waiting) -> None:
        """One more."""
        self._waiting.append(one)
        self._size += len(one.found)

    @property
    def enough(self) -> bool:
        """Whether more would gain nothing."""
        return self._size >= _ENOUGH

    def take(self) -> list[Waiting]:
        """All of it; nothing waits then."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        return waiting


@dataclass(slots=True)
class TakenTogether:
    """What became of them: how many polls were counted for the first time, when the newest was received, and the others."""

    counted: int = 0
    newest_ms: int = 0
    others: list[tuple[Waiting, Events]] = field(default_factory=list)


def take_together(session: Session, waiting: Sequence[Waiting], now_ms: int) -> TakenTogether:
    """Take in the polls among them; what has to be looked at one by one is left to the caller."""
    found = statuses(list(chain.from_iterable(one.found for one in waiting)))
    if found is None:
        return TakenTogether(others=[(one, events_of(one.message)) for one in waiting])
    polls, others = take_polls(session.province, found)
    session.polled(polls, found, now_ms)
    new = np.concatenate([np.array(one.offsets, dtype=np.int64) > one.known for one in waiting])
    counted = int(new.sum() - new[others].sum())
    newest_ms = int(found.received_us.max()) // 1000
    return TakenTogether(counted, newest_ms, list(_others(waiting, found.lines, others.tolist())))


def _others(
    waiting: Sequence[Waiting], lines: Sequence[bytes], others: Sequence[int]
) -> Iterator[tuple[Waiting, Events]]:
    left, begin = list(others), 0
    for one in waiting:
        if not left:
            return
        end = begin + len(one.found)
        mine = [at - begin for at in left if at < end]
        if mine:
            yield one, events_at(one.message, lines[begin:end], one.offsets, mine)
            left = left[len(mine) :]
        begin = end
