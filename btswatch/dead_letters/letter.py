"""A dead letter as the operator sees it, the same of the journal's list and of the topic `deadletter`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from stores.journal import Action


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who dealt with a letter, when, and what came of it or why."""

    action: Action
    at_ms: int
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One refused thing.

    Attributes:
        id: `j` and its number in the journal's list, or `k` and its offset in the topic.
        entrance: who refused it.
        place: where in Kafka it was read, as topic/partition/offset; None for the journal's.
        body: what came, as it came; None where it is settled and no longer kept.
        truncated: only its beginning was kept.
        tries: how often it was put back and refused again.
        settled: None while nobody has dealt with it.
    """

    id: str
    at_ms: int
    entrance: str
    reporter: str
    code: str
    detail: str
    body: bytes | None
    place: str | None = None
    truncated: bool = False
    tries: int = 0
    settled: Settlement | None = None


@dataclass(frozen=True, slots=True)
class PutBack:
    """What came of a replay: whether its entrance took it, and a line that says more."""

    taken: bool
    said: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are wanted; None asks for all."""

    code: str | None = None
    reporter: str | None = None
    entrance: str | None = None
    since_ms: int | None = None
    settled: bool = False

    def holds(self, letter: Letter) -> bool:
        """Whether the letter is one of them."""
        return (
            self.code in (None, letter.code)
            and self.reporter in (None, letter.reporter)
            and self.entrance in (None, letter.entrance)
            and (self.since_ms is None or letter.at_ms >= self.since_ms)
            and (letter.settled is not None) == self.settled
        )


class LetterError(Exception):
    """A letter can't be dealt with here; the text says what to do instead."""


class Letters(Protocol):
    """Dead letters in one place."""

    def letters(self, wanted: Filter) -> Iterator[Letter]:
        """Those that are wanted, oldest first."""

    def find(self, number: int) -> Letter | None:
        """The one of this number, settled or not."""

    def replay(self, number: int, actor: str) -> PutBack:
        """Put it back through the entrance that refused it.

        Raises:
            LetterError: it is settled, or can't be put back.
        """

    def drop(self, number: int, actor: str, reason: str) -> None:
        """Take it off the list for good; who and why is kept.

        Raises:
            LetterError: it is settled already.
        """
