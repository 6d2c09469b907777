"""What an engine goes on from, and where it reads days again that have left memory: the port to its storage.

The embedded engine keeps all of it in the ledger, a worker of the cluster in its table. Local days are ordinals.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from processors.core.element_evidence import BlockKey
from schemas.status import Reading
from stores.ledger.blocks import StoredNotice
from stores.ledger.figures import DayFigure
from stores.ledger.history import Transition
from stores.ledger.province_view import ElementNow

Transitions = dict[tuple[str, date], list[Transition]]
# The slots of a day in which an enterprise gave signs of life; with an element where its dated rows decide whose they are.
Sign = tuple[str, int, str, bytes]


@dataclass(slots=True)
class ReadAgain:
    """What was read again: what the days were worth, and what is carried into the days after them."""

    figures: list[DayFigure] = field(default_factory=list)
    transitions: Transitions = field(default_factory=dict)
    carries: dict[int, dict[str, bytes]] = field(default_factory=dict)
    ends: dict[tuple[str, int], Reading] = field(default_factory=dict)


@dataclass(slots=True)
class Changes:
    """Evidence that is not stored yet. Blocks of days before the horizon are only what came since.

    `life` is by enterprise and day, and where `Sign` has one by element.
    """

    blocks: dict[BlockKey, bytes] = field(default_factory=dict)
    life: dict[tuple[str, int, str], bytes] = field(default_factory=dict)
    notices: list[StoredNotice] = field(default_factory=list)


class EngineState(Protocol):
    """An open view of what is stored."""

    def evidence(
        self, first: int, last: int, elements: Sequence[str] | None = None
    ) -> Iterator[tuple[BlockKey, bytes]]:
        """The blocks of the days `first` to `last`, of all elements or of these."""

    def carries(self, day: int, elements: Sequence[str] | None = None) -> Mapping[str, bytes]:
        """What is carried into the day, by element."""

    def life(self, first: int) -> Iterable[Sign]:
        """Signs of life from the day `first` on."""

    def notices(self) -> Iterable[StoredNotice]:
        """Every notice that is known."""

    def ends(self, day: int, elements: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """What each element read at the end of the day, as far as it was counted."""

    def transitions(self, first: int) -> Transitions:
        """The transitions of the day `first` and later."""

    def causes(self, elements: Sequence[str], first: int, last: int) -> Mapping[str, Mapping[int, str]]:
        """The known causes of transitions of the days `first` to `last`, by element and moment."""

    def states(self) -> Iterable[ElementNow]:
        """What was shown last of each element."""

    def save_evidence(self, changes: Changes, horizon: int) -> None:
        """Keep evidence. What lies before the horizon joins what is stored: memory holds only a part of it."""

    def save_again(self, found: ReadAgain) -> None:
        """Keep what was read again of days before the horizon."""


class Opens(Protocol):
    """Opens the storage for one piece of work, whole or not at all."""

    def __call__(self) -> AbstractContextManager[EngineState]:
        """A view that is kept when its block ends well."""
