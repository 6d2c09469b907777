"""What a receiver is to the notifier; what it is told is decided before."""

from typing import Protocol

from processors.sinks.notify.grouping import Notification


class Receiver(Protocol):
    """Somebody outside. Called from one thread of its own."""

    name: str

    def open(self) -> None:
        """Read its secrets. Raises `TargetRefusedError` where they can't be read; it is tried again then."""

    def send(self, notification: Notification) -> None:
        """Deliver; the receiver has it when it returns.

        Raises:
            TargetUnavailableError: it is away or overloaded.
            TargetRefusedError: it answers and refuses us.
        """

    def close(self) -> None:
        """Give its connections back."""
