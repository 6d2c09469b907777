"""From counts to the published figure (spec section 5)."""

from processors.core.tally import Tally
from schemas.figures import NO_TIME, Figure, mean, ratio, total_of

__all__ = ["NO_TIME", "Figure", "figure_of", "mean", "ratio", "total_of"]


def figure_of(tally: Tally, grid_s: int) -> Figure:
    """The figure of one element's tally."""
    unknown, up, degraded, down, planned = (n * grid_s for n in tally.counts)
    longest = tally.longest * grid_s if tally.outages else None
    pairs = tuple(n * grid_s for n in tally.pairs)
    return Figure(up, degraded, down, planned, unknown, tally.outages, longest, pairs)
