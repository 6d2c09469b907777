"""Receipts that were given out, anchored in the audit chain: each can be proven later, also when the journal forgot it.

An anchor is a Merkle root over the digests of some receipts in the order of their ids; the digests are kept beside it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection

from schemas.audit import AuditEntry, AuditKind, NewAuditEntry, merkle_path, merkle_root
from schemas.canonical import canonical_json
from stores.journal import KeptReceipt
from stores.ledger import Ledger, audit, snapshots

ACTOR: Final = "gateway"


@dataclass(frozen=True, slots=True)
class ReceiptProof:
    """That a receipt was given out as it is: the entry that anchors it, and the way from it to the entry's root."""

    receipt: str
    reporter: str
    digest: str
    entry: int
    entry_digest: str
    at_ms: int
    root: str
    index: int
    size: int
    path: Sequence[str]


def receipt_digest(body: bytes) -> str:
    """The digest of a receipt's content, however its JSON is written.

    Raises:
        ValueError: it is no JSON.
    """
    return f"sha256:{sha256(canonical_json(json.loads(body)).encode()).hexdigest()}"


def anchored(connection: Connection, journal: int) -> int:
    """The number up to which the journal's receipts are anchored: as the chain says, and nothing beside it."""
    last = audit.newest(connection, AuditKind.RECEIPTS.value, _subject(journal))
    return int(last.content["last"]) if last is not None else 0


def anchor(ledger: Ledger, journal: int, receipts: Sequence[KeptReceipt], now_ms: int) -> AuditEntry | None:
    """Write the receipts into the chain; those that are in it already are passed over.

    Args:
        ledger: open.
        journal: the number of the journal that they are from.
        receipts: in the order of their numbers, without gaps since the last ones but for those that were evicted.
        now_ms: the moment of writing.
    """
    with ledger.writing() as connection:
        done = anchored(connection, journal)
        new = [one for one in receipts if one.number > done]
        if not new:
            return None
        content = {
            one.id: {"reporter": one.reporter, "digest": receipt_digest(one.body), "at_ms": one.at_ms}
            for one in new
        }
        root = merkle_root(_leaves(content))
        told = {
            "root": root,
            "receipts": len(new),
            "first": new[0].number,
            "last": new[-1].number,
            "lost": new[-1].number - done - len(new),
            "from_ms": min(one.at_ms for one in new),
            "to_ms": max(one.at_ms for one in new),
        }
        snapshots.save(connection, root, AuditKind.RECEIPTS.value, {"receipts": content})
        audit.append(connection, [NewAuditEntry(now_ms, AuditKind.RECEIPTS, _subject(journal), ACTOR, told)])
        return audit.newest(connection, AuditKind.RECEIPTS.value)


def prove(connection: Connection, receipt: str) -> ReceiptProof | None:
    """The proof of the receipt of that id; None where no anchor has it. The newest anchor is asked first."""
    for entry in audit.of_kind(connection, AuditKind.RECEIPTS.value):
        content = _content(connection, entry)
        found = content.get(receipt)
        if found is None:
            continue
        leaves, index = _leaves(content), sorted(content).index(receipt)
        return ReceiptProof(
            receipt,
            found["reporter"],
            found["digest"],
            entry.number,
            entry.digest,
            found["at_ms"],
            entry.content["root"],
            index,
            len(leaves),
            merkle_path(leaves, index),
        )
    return None


def root_of(connection: Connection, entry: AuditEntry) -> str:
    """The root over the digests that are kept beside an anchor."""
    return merkle_root(_leaves(_content(connection, entry)))


def leaf_of(receipt: str, reporter: str, digest: str, at_ms: int) -> bytes:
    """What of a receipt stands in the tree."""
    return canonical_json([receipt, reporter, digest, at_ms]).encode()


def _leaves(content: Mapping[str, Mapping[str, Any]]) -> list[bytes]:
    return list(_in_order(content))


def _in_order(content: Mapping[str, Mapping[str, Any]]) -> Iterator[bytes]:
    for name, one in sorted(content.items()):
        yield leaf_of(name, one["reporter"], one["digest"], one["at_ms"])


def _content(connection: Connection, entry: AuditEntry) -> Mapping[str, Any]:
    kept = snapshots.load(connection, entry.content["root"])
    return kept["receipts"] if kept is not None else {}


def _subject(journal: int) -> str:
    return f"journal:{journal}"
