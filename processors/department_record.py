"""What the Department found and measured itself, in the audit chain: inspections on site, drive-test campaigns.

The events are in journal and archive; an entry vouches for their content. Written again, it stays one entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from processors.provenance import NOTICED, By
from schemas.audit import AuditEntry, AuditKind, NewAuditEntry
from schemas.events import ArchivedInspection
from stores.entries import digest_of
from stores.journal import NewEntry
from stores.ledger import Ledger, audit


@dataclass(frozen=True, slots=True)
class Campaign:
    """An import: digests of its files, what was in them, and what became of its figures."""

    name: str
    files: Sequence[str]
    rows: int
    good: int
    refused: Mapping[str, int]
    sent: int
    changed: int
    unchanged: int


def note_inspection(
    ledger: Ledger, entry: NewEntry, data: Mapping[str, Any], inspector: str, now_ms: int
) -> bool:
    """Write a finding on site into the chain; False where it is there already.

    Args:
        ledger: open.
        entry: as it went into the journal: its digest is that of what was submitted.
        data: the event's data.
        inspector: who found it.
        now_ms: the moment of writing.
    """
    content = {"digest": f"sha256:{entry.digest.hex()}", "source": entry.source} | {
        name: data[name] for name in ("station", "kind", "result", "document") if data.get(name)
    }
    with ledger.writing() as connection:
        known = audit.newest(connection, AuditKind.INSPECTION.value, entry.id)
        if known is not None and known.content["digest"] == content["digest"]:
            return False
        audit.append(connection, [NewAuditEntry(now_ms, AuditKind.INSPECTION, entry.id, inspector, content)])
    return True


def note_campaign(ledger: Ledger, one: Campaign, now_ms: int, by: By = NOTICED) -> bool:
    """Write an import into the chain; False where it changed nothing and the chain has one of these files."""
    content = {
        "files": [f"sha256:{digest}" for digest in sorted(one.files)],
        "rows": one.rows,
        "good": one.good,
        "refused": dict(sorted(one.refused.items())),
        "figures": one.sent + one.unchanged,
        "sent": one.sent,
        "changed": one.changed,
    } | ({"reason": by.reason} if by.reason else {})
    with ledger.writing() as connection:
        known = audit.newest(connection, AuditKind.CAMPAIGN.value, one.name)
        if known is not None and not one.sent and known.content["files"] == content["files"]:
            return False
        audit.append(connection, [NewAuditEntry(now_ms, AuditKind.CAMPAIGN, one.name, by.actor, content)])
    return True


def inspection_entries(connection: Connection) -> dict[str, AuditEntry]:
    """The first entry about each inspection, by its event's id: what came later is no inspection of that id."""
    return {one.subject: one for one in audit.of_kind(connection, AuditKind.INSPECTION.value)}


def is_as_entered(event: ArchivedInspection, entry: AuditEntry) -> bool:
    """Whether the archived event has the content that the entry vouches for."""
    submitted = event.model_dump_json(
        by_alias=True, exclude_none=True, exclude={"receivedtime", "track", "reporter", "origin"}
    )
    return bool(entry.content["digest"] == f"sha256:{digest_of(submitted.encode()).hex()}")
