"""What a sink is to the consumer that feeds it, and what it says when its target can't take anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a sink gets it.

    Attributes:
        topic: the catalogue's name, without the deployment's prefix.
        partition: its partition there.
        offset: its place in the partition.
        key: None where it has none.
        value: the content; empty where the key is deleted (a tombstone of a compacted topic).
        headers: by name; of a name that comes twice the last one.
        at_ms: when it was written to Kafka, by its producer's clock.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Mapping[str, bytes]
    at_ms: int


class TargetUnavailableError(Exception):
    """The target is away or overloaded: the same messages are tried again, for as long as it takes.

    Attributes:
        reason: for logs and readiness.
        retry_after_s: what the target asked for; None leaves it to the consumer.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class TargetRefusedError(TargetUnavailableError):
    """The target answers and refuses us (login, missing bucket, another schema): a person has to act."""


class Sink(Protocol):
    """Writes messages to one target. All methods are called from the consumer's one thread."""

    def open(self) -> None:
        """Make ready. May raise `TargetUnavailableError`; it is tried again then."""

    def write(self, messages: Sequence[Message]) -> None:
        """Write; everything is durable in the target when it returns. Messages may come again.

        Raises:
            TargetUnavailableError: nothing may be taken for written; the same messages come again.
        """

    def idle(self, now_ms: int) -> None:
        """Periodic work, about each second; may raise `TargetUnavailableError`."""

    def close(self) -> None:
        """Give everything back."""


@runtime_checkable
class OwnPositions(Protocol):
    """A sink that keeps, with its target's content, how far it has read.

    It gets all partitions, without sharing them, and reading goes on exactly there; the group's commits only tell others.
    """

    def positions(self) -> Mapping[tuple[str, int], int]:
        """The next offset by (topic, partition), of what is durable; absent: from the beginning."""

    def lost(self, topic: str, partition: int, first: int, available: int) -> None:
        """Told when the brokers no longer have what comes next: offsets `first` to `available`, exclusive."""
