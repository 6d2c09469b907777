"""Where the enterprise's word and the measurement part: the 4 x 4 table of seconds, findings and a score. Pure.

A pair (measured, declared) counts seconds of counted slots (spec: availability, section 5). `(down, up)` is undeclared
outage time, `(up, down)` over-declared; what either side does not know decides nothing. What of the declared time was
told late is found when days are closed (`late_declarations`).
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
    """Vietnamese: mất liên lạc không khai báo, khai báo thừa, nguồn tin im lặng, khai báo muộn, nguyên nhân khác nhau."""

    UNDECLARED_OUTAGE = "undeclared_outage"
    OVER_DECLARED_OUTAGE = "over_declared_outage"
    FEED_SILENCE = "feed_silence"
    LATE_DECLARATION = "late_declaration"
    DIFFERING_CAUSE = "differing_cause"


FORMULA: Final = "score = (1 - (undeclared + over-declared) / known to both) x (1 - late / declared)"


@dataclass(frozen=True, slots=True)
class Divergence:
    """What of a figure's counted seconds the two tracks say.

    `both_s` is known to both; `undeclared_s` and `over_declared_s` lie in it; `silent_s` was measured while the enterprise
    said nothing; `on_word_s` only the enterprise knows. Of closed days `declared_s` is what it said anything of, and
    `late_s` what of that it said late.
    """

    both_s: int
    undeclared_s: int
    over_declared_s: int
    silent_s: int
    on_word_s: int
    declared_s: int = 0
    late_s: int = 0

    @property
    def agreement(self) -> Fraction | None:
        """The share of the time known to both in which they don't contradict each other on service; None without any."""
        if not self.both_s:
            return None
        return 1 - Fraction(self.undeclared_s + self.over_declared_s, self.both_s)

    @property
    def punctuality(self) -> Fraction | None:
        """The share of the declared time that was told in time; None where no day is closed or nothing was declared."""
        return 1 - Fraction(self.late_s, self.declared_s) if self.declared_s else None

    @property
    def score(self) -> float | None:
        """`FORMULA`; without closed days their factor is 1, and without time known to both there is none."""
        if self.agreement is None:
            return None
        late = self.punctuality
        return float(round(self.agreement * (1 if late is None else late), 9))


def divergence(figure: Figure, declared_s: int = 0, late_s: int = 0) -> Divergence:
    """The parts of a figure's table, with what its closed days were told late."""

    def pair(measured: int, declared: int) -> int:
        return figure.pairs_s[4 * measured + declared]

    return Divergence(
        both_s=sum(pair(m, d) for m in _KNOWN for d in _KNOWN),
        undeclared_s=pair(_DOWN, _UP) + pair(_DOWN, _DEGRADED),
        over_declared_s=pair(_UP, _DOWN) + pair(_DEGRADED, _DOWN),
        silent_s=sum(pair(m, _UNKNOWN) for m in _KNOWN),
        on_word_s=sum(pair(_UNKNOWN, d) for d in _KNOWN),
        declared_s=declared_s,
        late_s=late_s,
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
