"""Rates from counters: pure. Where a difference can't be trusted there is no rate, only the reason (`Gap`).

Rules: a rate comes from two readings of the same row between which the agent neither restarted nor reported a
discontinuity (RFC 2863 3.1.5), over the agent's own time. A Counter64 that went back was reset; a Counter32 may have
wrapped, which is believed only where it can have wrapped once at most. Nothing is faster than its interface.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

TIMETICKS = 2**32
"""sysUpTime counts hundredths of a second and wraps after 497 days."""
SMALLEST_FRAME_BITS = 512
"""64 octets: an interface can't count frames faster than its speed divided by this."""
TOLERANCE = 1.05
"""Agents date their counters by a clock of 10 ms or worse, and some refresh them every few seconds only."""


class Gap(StrEnum):
    """Why there is no rate."""

    FIRST = "first"
    RESTARTED = "restarted"
    DISCONTINUITY = "discontinuity"
    RENUMBERED = "renumbered"
    NO_TIME = "no_time"
    """No time passed on the agent, or it tells none."""
    WENT_BACK = "went_back"
    AMBIGUOUS = "ambiguous"
    """A Counter32 can have wrapped more than once."""
    IMPOSSIBLE = "impossible"
    """Faster than the interface."""


@dataclass(frozen=True, slots=True)
class AgentTime:
    """When an agent was read: its sysUpTime in hundredths of a second, our clock, and snmpEngineBoots where known."""

    uptime_cs: int
    at_ms: int
    boots: int | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """How a counter is read: `scale` makes its metric's unit of its units."""

    metric: str
    bits: int
    scale: float = 1.0

    def fastest(self, speed_bps: float) -> float:
        """The most units a second that an interface of this speed can count. A metric in bit/s counts octets."""
        return speed_bps / 8 if self.metric.endswith("_bps") else speed_bps / SMALLEST_FRAME_BITS


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters of one row (`index` is empty for scalars) at one moment. `speed_bps` is None where unknown."""

    time: AgentTime
    values: Mapping[Counter, int]
    index: str = ""
    discontinuity: int | None = None
    speed_bps: float | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Metric -> rate a second, and metric -> why there is none."""

    per_s: Mapping[str, float] = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)


def rates(before: Reading | None, now: Reading) -> Rates:
    """What happened between two readings."""
    gap = _broken(before, now)
    if before is None or gap:
        return Rates(gaps={counter.metric: gap or Gap.FIRST for counter in now.values})
    seconds = elapsed_s(before.time, now.time)
    if not isinstance(seconds, float):
        return Rates(gaps={counter.metric: seconds for counter in now.values})
    per_s: dict[str, float] = {}
    gaps: dict[str, Gap] = {}
    for counter, value in now.values.items():
        earlier = before.values.get(counter)
        rate = Gap.FIRST if earlier is None else _rate(counter, earlier, value, seconds, now.speed_bps)
        if isinstance(rate, Gap):
            gaps[counter.metric] = rate
        else:
            per_s[counter.metric] = rate
    return Rates(per_s, gaps)


def elapsed_s(before: AgentTime, now: AgentTime) -> float | Gap:
    """Seconds that passed on the agent, which neither our clock's steps nor the network's delays can bend.

    Our own clock only tells a wrap of sysUpTime from a restart: after either the uptime is smaller, and only after
    a wrap does the difference modulo 2^32 agree with the time that passed here.
    """
    if before.boots is not None and now.boots is not None and before.boots != now.boots:
        return Gap.RESTARTED
    passed = ((now.uptime_cs - before.uptime_cs) % TIMETICKS) / 100
    here = (now.at_ms - before.at_ms) / 1000
    if abs(passed - here) > max(5.0, 0.1 * abs(here)):
        return Gap.RESTARTED
    return passed if passed > 0 else Gap.NO_TIME


def restarted(before: AgentTime, now: AgentTime) -> bool:
    """Whether the agent started again in between: what was learnt of its rows may be wrong now."""
    return elapsed_s(before, now) is Gap.RESTARTED


def _broken(before: Reading | None, now: Reading) -> Gap | None:
    if before is None:
        return Gap.FIRST
    if before.index != now.index:
        return Gap.RENUMBERED
    if before.discontinuity != now.discontinuity:
        return Gap.DISCONTINUITY
    return None


def _rate(counter: Counter, earlier: int, value: int, seconds: float, speed_bps: float | None) -> float | Gap:
    increase = value - earlier
    # ifSpeed 0 and ifHighSpeed 0 stand for "not known", not for a standstill.
    fastest = counter.fastest(speed_bps) if speed_bps else None
    if counter.bits == 32 and fastest and seconds * fastest >= 2**32:
        return Gap.AMBIGUOUS
    if increase < 0:
        if counter.bits != 32:
            return Gap.WENT_BACK
        if fastest is None:
            return Gap.AMBIGUOUS
        increase += 2**32
    per_s = increase / seconds
    if fastest and per_s > fastest * TOLERANCE:
        # After a wrap that was none, this is a reset in disguise.
        return Gap.IMPOSSIBLE
    return per_s * counter.scale
