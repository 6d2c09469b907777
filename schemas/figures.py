"""A figure: seconds by state, what follows from them, and how it is printed (spec: availability 5, interfaces)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

TRACK_READINGS: Final = ("unknown", "up", "degraded", "down")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in integer seconds. `longest_s` is None when there was no outage.

    `pairs_s[4 * measured + declared]` is the reconciliation, in the order of `TRACK_READINGS`.
    """

    up: int
    degraded: int
    down: int
    planned: int
    unknown: int
    outages: int
    longest_s: int | None
    pairs_s: tuple[int, ...]

    @property
    def total(self) -> int:
        """All counted seconds."""
        return self.up + self.degraded + self.down + self.planned + self.unknown

    @property
    def ok(self) -> int:
        """In service, also with a part lost."""
        return self.up + self.degraded

    def moved(self, by: Sequence[int]) -> "Figure":
        """With these seconds by state (up, degraded, down, planned, unknown) added, which add up to 0.

        Outages and reconciliation stay: they tell what was read.
        """
        if not any(by):
            return self
        up, degraded, down, planned, unknown = by
        return replace(
            self,
            up=self.up + up,
            degraded=self.degraded + degraded,
            down=self.down + down,
            planned=self.planned + planned,
            unknown=self.unknown + unknown,
        )

    def ratios(self) -> dict[str, float | None]:
        """A, A_up, A_gross, A_min, A_max and coverage, each rounded to 9 decimals or None where its denominator is 0."""
        ok, down, planned, total = self.ok, self.down, self.planned, self.total
        return {
            "A": ratio(ok, ok + down),
            "A_up": ratio(self.up, ok + down),
            "A_gross": ratio(ok, ok + down + planned),
            "A_min": ratio(ok, total - planned),
            "A_max": ratio(ok + self.unknown, total - planned),
            "coverage": ratio(total - self.unknown, total),
        }

    def as_dict(self) -> dict[str, Any]:
        """The parts `seconds`, `ratios`, `outages` and `reconciliation` of the published object."""
        return {
            "seconds": {
                "up": self.up,
                "degraded": self.degraded,
                "down": self.down,
                "planned": self.planned,
                "unknown": self.unknown,
                "total": self.total,
            },
            "ratios": self.ratios(),
            "outages": {
                "count": self.outages,
                "longest_s": self.longest_s,
                "mttr_s": mean(self.down, self.outages),
                "mtbf_s": mean(self.ok, self.outages),
            },
            "reconciliation": {
                measured: {declared: self.pairs_s[4 * m + d] for d, declared in enumerate(TRACK_READINGS)}
                for m, measured in enumerate(TRACK_READINGS)
            },
        }


NO_TIME: Final = Figure(0, 0, 0, 0, 0, 0, None, (0,) * 16)


def total_of(figures: Iterable[Figure]) -> Figure:
    """A scope's figure: sums of its elements' seconds and outages, the greatest of their longest."""
    found = list(figures)
    return Figure(
        sum(one.up for one in found),
        sum(one.degraded for one in found),
        sum(one.down for one in found),
        sum(one.planned for one in found),
        sum(one.unknown for one in found),
        sum(one.outages for one in found),
        max((one.longest_s for one in found if one.longest_s is not None), default=None),
        tuple(map(sum, zip(NO_TIME.pairs_s, *(one.pairs_s for one in found), strict=True))),
    )


def ratio(numerator: int, denominator: int) -> float | None:
    """Rounded to 9 decimals; None for a denominator of 0, never 0 or 1."""
    return round(numerator / denominator, 9) if denominator else None


def mean(seconds: int, count: int) -> float | None:
    """Seconds per outage, 3 decimals; None without outages."""
    return round(seconds / count, 3) if count else None
