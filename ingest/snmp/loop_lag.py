"""How long the event loop stood still: what a machine that is too slow does to every poll at once."""

from collections import deque
from dataclasses import dataclass, field

PULSE_S = 0.1


@dataclass(slots=True)
class LoopLag:
    """Told of every pulse (a standstill is seen up to one pulse shorter than it was), it knows the worst delay in any span of the last minutes. Times in seconds, monotonic."""

    keep_s: float = 300.0
    _last: float | None = None
    _stalls: deque[tuple[float, float]] = field(default_factory=deque)

    def pulse(self, now_s: float) -> float:
        """The loop came round; returns by how much it was late."""
        late = max(0.0, now_s - self._last - PULSE_S) if self._last is not None else 0.0
        self._last = now_s
        if late > PULSE_S / 10:
            self._stalls.append((now_s, late))
        while self._stalls and self._stalls[0][0] < now_s - self.keep_s:
            self._stalls.popleft()
        return late

    def worst_since(self, start_s: float, now_s: float) -> float:
        """The longest stall that ended after `start_s`; one that nobody has told of yet counts too."""
        unseen = max(0.0, now_s - self._last - PULSE_S) if self._last is not None else 0.0
        return max(unseen, *(late for at, late in self._stalls if at >= start_s), 0.0)
