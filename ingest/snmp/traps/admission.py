"""How much strangers may put into the journal: whoever floods the trap port can't fill the disk.

A datagram's address can be forged, so that all strangers together have a bound too. Agents of the registry have none here.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from schemas.metrics import TRAPS_LIMITED

_WINDOW_S: Final = 60.0


class Admission:
    """Counts strangers' datagrams a minute.

    Args:
        known: whether an address is an agent's.
        per_sender: datagrams a minute of one unknown address.
        together: of all unknown addresses; with it memory is bounded.
        monotonic: seconds that never step.
    """

    def __init__(
        self, known: Callable[[str], bool], per_sender: int, together: int, monotonic: Callable[[], float]
    ) -> None:
        self._known = known
        self._per_sender = per_sender
        self._together = together
        self._monotonic = monotonic
        self._until = 0.0
        self._taken: Counter[str] = Counter()
        self._all = 0
        self._limited = 0

    def admits(self, address: str) -> bool:
        """Whether a datagram of the address goes to the journal; what does not is counted."""
        if self._known(address):
            return True
        now = self._monotonic()
        if now >= self._until:
            self._begin(now)
        if self._all < self._together and self._taken[address] < self._per_sender:
            self._taken[address] += 1
            self._all += 1
            return True
        self._limited += 1
        TRAPS_LIMITED.counter().inc()
        if self._limited == 1:
            # Once a minute at most: the log must not take the flood instead of the journal.
            structlog.get_logger().warning(
                "strangers send too many traps; the rest of this minute is dropped and counted",
                sender=address,
                per_sender=self._per_sender,
                together=self._together,
            )
        return False

    def _begin(self, now: float) -> None:
        self._until = now + _WINDOW_S
        self._taken.clear()
        self._all = self._limited = 0
