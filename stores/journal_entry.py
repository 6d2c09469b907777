"""What goes into the journal, what comes out, and what each append was answered with."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Kind = Literal["event", "trap"]
Origin = Literal["simulated", "imported"]
Action = Literal["replayed", "dropped"]


class Outcome(StrEnum):
    """What became of an entry. Identity is (reporter, source, id)."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # the same id with the same content: answered with the first receipt
    CONFLICT = "conflict"  # the same id with another content: not stored


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to append.

    Attributes:
        kind: `event` (body: the archived event as one line of compact JSON, without the newline) or
            `trap` (body: the datagram as received).
        reporter: enterprise, poller or probe; of a trap the sender's address, `ip:port`.
        source: the CloudEvents source; empty for a trap.
        id: the CloudEvents id; empty for a trap.
        digest: SHA-256 of the canonical submitted content. Empty: this entry's identity is neither
            checked nor remembered (a sender inside the product that never sends twice).
        received_ms: the receiver's clock.
        body: what is kept.
        origin: None for what was observed live; a production data directory refuses the others.
    """

    kind: Kind
    reporter: str
    source: str
    id: str
    digest: bytes
    received_ms: int
    body: bytes
    origin: Origin | None = None

    @property
    def identified(self) -> bool:
        """Whether a repetition of it is recognised: traps and entries without a digest have no identity."""
        return self.kind == "event" and bool(self.digest)


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """What a sender was answered with; `number` grows by one from receipt to receipt."""

    number: int
    id: str
    reporter: str
    at_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as read back; `offset` grows by one from entry to entry and is never used twice."""

    offset: int
    kind: Kind
    reporter: str
    received_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """The answer for one entry.

    Attributes:
        outcome: what became of it.
        offset: where it stands; for a DUPLICATE or CONFLICT where the first one stood.
        receipt: the receipt it was accepted under; for a DUPLICATE the first one. None where none was given.
    """

    outcome: Outcome
    offset: int | None
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Something an entrance turned away, kept for replay.

    Attributes:
        at_ms: the receiver's clock.
        reporter: who sent it; empty where that is not known.
        entrance: `gateway`, `traps`, `engine`...
        code: a `schemas.refusal.Refusal` or the entrance's own code.
        detail: what the sender has to change.
        body: what came, as it came.
        truncated: whether the body was longer than what is kept of one (it can't be replayed then).
        number: its place in the list, given by the journal; 0 before.
        tries: how often it was put back and refused again.
    """

    at_ms: int
    reporter: str
    entrance: str
    code: str
    detail: str
    body: bytes
    truncated: bool = False
    number: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """A refused thing that a person has dealt with; its body is no longer kept.

    Attributes:
        number: the one that it had in the list.
        action: `replayed` or `dropped`.
        settled_ms: when.
        actor: who did it.
        note: the reason, or what came of it.
    """

    number: int
    at_ms: int
    reporter: str
    entrance: str
    code: str
    detail: str
    action: Action
    settled_ms: int
    actor: str
    note: str
