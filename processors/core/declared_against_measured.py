"""Where the enterprise's word and the measurement part: the 4 x 4 table of seconds, findings and a score. Pure.

A pair (measured, declared) counts seconds of counted slots (spec: availability, section 5). `(down, up)` is undeclared
outage time, `(up, down)` over-declared; what either side does not know decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from schemas.figures import Figure

_UNKNOWN, _UP, _DEGRADED, _DOWN = range(4)
_KNOWN: Final = (_UP, _DEGRADED, _DOWN)


class FindingKind(StrEnum):
    """Vietnamese: mất liên lạc không khai báo, khai báo thừa, nguồn tin im lặng."""

    UNDECLARED_OUTAGE = "undeclared_outage"
    OVER_DECLARED_OUTAGE = "over_declared_outage"
    FEED_SILENCE = "feed_silence"


@dataclass(frozen=True, slots=True)
class Divergence:
    """What of a figure's counted seconds the two tracks say.

    `both_s` is known to both; `undeclared_s` and `over_declared_s` lie in it; `silent_s` was measured while the enterprise
    said nothing; `on_word_s` only the enterprise knows.
    """

    both_s: int
    undeclared_s: int
    over_declared_s: int
    silent_s: int
    on_word_s: int

    @property
    def score(self) -> float | None:
        """The share of the time known to both in which they don't contradict each other on service; None without any.

        score = 1 - (undeclared_s + over_declared_s) / both_s
        """
        if not self.both_s:
            return None
        return float(round(1 - Fraction(self.undeclared_s + self.over_declared_s, self.both_s), 9))


def divergence(figure: Figure) -> Divergence:
    """The parts of a figure's table."""

    def pair(measured: int, declared: int) -> int:
        return figure.pairs_s[4 * measured + declared]

    return Divergence(
        both_s=sum(pair(m, d) for m in _KNOWN for d in _KNOWN),
        undeclared_s=pair(_DOWN, _UP) + pair(_DOWN, _DEGRADED),
        over_declared_s=pair(_UP, _DOWN) + pair(_DEGRADED, _DOWN),
        silent_s=sum(pair(m, _UNKNOWN) for m in _KNOWN),
        on_word_s=sum(pair(_UNKNOWN, d) for d in _KNOWN),
    )


def table(figure: Figure) -> dict[str, dict[str, int]]:
    """`table[measured][declared]` in seconds; it adds up to the counted time."""
    found: dict[str, dict[str, int]] = figure.as_dict()["reconciliation"]
    return found


def findings(figure: Figure, tolerance_s: int) -> Iterator[tuple[FindingKind, int]]:
    """What of an element's day is over the tolerance, with its seconds. Clocks differ, so a short while is no finding."""
    found = divergence(figure)
    for kind, seconds in (
        (FindingKind.UNDECLARED_OUTAGE, found.undeclared_s),
        (FindingKind.OVER_DECLARED_OUTAGE, found.over_declared_s),
        (FindingKind.FEED_SILENCE, found.silent_s),
    ):
        if seconds > tolerance_s:
            yield kind, seconds
