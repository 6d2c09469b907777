"""A token bucket on a clock that is an argument."""

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """At most `per_s` takings a second on average, and `burst` of them at once (at least one)."""

    per_s: float = 1.0
    burst: float = 1.0
    now_ms: int = 0
    _tokens: float = -1.0

    def __post_init__(self) -> None:
        self.burst = max(1.0, self.burst)
        self._tokens = self.burst

    def take(self, now_ms: int) -> bool:
        """Take one if there is one. A clock that goes back gives nothing and takes nothing."""
        self._fill(now_ms)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self, now_ms: int) -> None:
        passed = max(0, now_ms - self.now_ms)
        self.now_ms = now_ms
        self._tokens = min(self.burst, self._tokens + passed * self.per_s / 1000)
