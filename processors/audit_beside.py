"""What stands in the ledger beside the audit chain, held against the entry that vouches for it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from processors.provenance import snapshot_digest
from processors.receipt_anchors import root_of
from schemas.audit import AuditEntry, AuditKind, merkle_root
from schemas.canonical import canonical_json
from stores.ledger import closings, objections, requests, restatements, signatures, snapshots

_MOST: Final = 1 << 63


def said(entry: AuditEntry) -> Mapping[str, Any]:
    """The entry's content.

    Raises:
        ValueError: it is no object.
    """
    if not isinstance(entry.content, Mapping):
        raise ValueError("its content is no object")  # noqa: TRY004 # as all that can't be read
    return entry.content


def numbered(entry: AuditEntry, name: str) -> int:
    """The number that its content has under a name: one that the databases can be asked for.

    Raises:
        ValueError: it has none.
    """
    found = said(entry).get(name)
    if not isinstance(found, int) or not 0 <= found < _MOST:
        raise ValueError(f"its content has no number under {name}")
    return found


def named(entry: AuditEntry, name: str) -> str:
    """The text that its content has under a name.

    Raises:
        ValueError: it has none.
    """
    found = said(entry).get(name)
    if not isinstance(found, str):
        raise ValueError(f"its content has no text under {name}")  # noqa: TRY004 # as all that can't be read
    return found


def _signature(connection: Connection, entry: AuditEntry) -> str | None:
    content = said(entry)
    revision = content.get("revision")
    kept = next(
        (one for one in signatures.of_period(connection, entry.subject) if one.revision == revision), None
    )
    same = kept is not None and (
        merkle_root([canonical_json(one).encode() for one in kept.verdicts]),
        kept.root,
        kept.signed_by,
        kept.signed_ms,
        kept.note,
    ) == (content.get("root"), content.get("root"), entry.actor, entry.at_ms, content.get("note"))
    return None if same else f"the verdicts of {entry.subject} are not those that {entry.actor} signed"


def _restatement(connection: Connection, entry: AuditEntry) -> str | None:
    number, content = numbered(entry, "restatement"), said(entry)
    kept = restatements.get(connection, number)
    same = kept is not None and (
        (str(kept.day), kept.at_ms, kept.person) == (entry.subject, entry.at_ms, entry.actor)
        and (kept.element, kept.reason) == (content.get("element"), content.get("reason"))
        and (kept.before, kept.after) == (content.get("before"), content.get("after"))
    )
    return None if same else f"restatement {number} of {entry.subject} is not what was sealed"


def _objection(connection: Connection, entry: AuditEntry) -> str | None:
    number = numbered(entry, "number")
    kept = objections.get(connection, number)
    same = (
        kept is not None
        and all(
            getattr(kept, name) == entry.content.get(name)
            for name in ("enterprise", "from_ms", "to_ms", "claim", "evidence")
        )
        and (kept.element, kept.raised_by, kept.raised_ms) == (entry.subject, entry.actor, entry.at_ms)
    )
    return None if same else f"objection {number} about {entry.subject} is not what was taken in"


def _ruling(connection: Connection, entry: AuditEntry) -> str | None:
    number = numbered(entry, "number")
    kept = objections.get(connection, number)
    same = kept is not None and (kept.state, kept.ruling, kept.ruled_by, kept.ruled_ms) == (
        entry.content.get("state"),
        entry.content.get("ruling"),
        entry.actor,
        entry.at_ms,
    )
    return None if same else f"the ruling on objection {number} is not what was sealed"


def _request(connection: Connection, entry: AuditEntry) -> str | None:
    number = numbered(entry, "number")
    kept = requests.get(connection, number)
    same = (
        kept is not None
        and (kept.enterprise, kept.asked_by, kept.asked_ms) == (entry.subject, entry.actor, entry.at_ms)
        and (kept.about, kept.working_days, kept.deadline.isoformat())
        == tuple(entry.content.get(name) for name in ("about", "working_days", "deadline"))
    )
    return None if same else f"request {number} to {entry.subject} is not what was asked for"


def _withdrawal(connection: Connection, entry: AuditEntry) -> str | None:
    number = numbered(entry, "number")
    kept = requests.get(connection, number)
    same = kept is not None and (kept.withdrawn_by, kept.withdrawn_ms, kept.withdrawn_why) == (
        entry.actor,
        entry.at_ms,
        entry.content.get("why"),
    )
    return None if same else f"the withdrawal of request {number} is not what was sealed"


def _snapshot(connection: Connection, entry: AuditEntry) -> str | None:
    wanted = said(entry).get("snapshot")
    kept = snapshots.load(connection, entry.subject)
    # Entries of former versions name none.
    same = wanted is None or (kept is not None and snapshot_digest(kept) == wanted)
    return None if same else f"the rows kept of {entry.subject} are not those that were noted"


def _receipts(connection: Connection, entry: AuditEntry) -> str | None:
    same = root_of(connection, entry) == named(entry, "root")
    return None if same else f"the receipts' digests of {entry.subject} are not those that were anchored"


def _closing(connection: Connection, entry: AuditEntry) -> str | None:
    content, day = said(entry), date.fromisoformat(entry.subject)
    kept = next(iter(closings.complete(connection, day, day)), None)
    # That there is none is told with the days. Entries of a rebuild are later than the record that they found.
    if kept is None:
        return None
    rebuilt = content.get("rebuilt", False)
    now: dict[str, Any] = {
        "inputs": kept.inputs_digest,
        "registry": content.get("registry") if rebuilt else kept.registry_digest,
        "events": kept.events,
        "differences": kept.differences,
    }
    same = rebuilt or kept.closed_at_ms == entry.at_ms
    same = same and all(content.get(name, value) == value for name, value in now.items())
    return None if same else f"the record of closing {day} is not what was sealed"


NEWEST: Final = frozenset({AuditKind.DAY_CLOSED, AuditKind.REGISTRY_CHANGED, AuditKind.RULES_CHANGED})
"""Kinds whose newest entry about a subject vouches for what is kept of it: it is written again there."""

KEPT: Final[Mapping[AuditKind, Callable[[Connection, AuditEntry], str | None]]] = {
    AuditKind.SIGNED_OFF: _signature,
    AuditKind.RESTATED: _restatement,
    AuditKind.OBJECTION: _objection,
    AuditKind.RULING: _ruling,
    AuditKind.RECEIPTS: _receipts,
    AuditKind.REPORT_REQUESTED: _request,
    AuditKind.REQUEST_WITHDRAWN: _withdrawal,
    AuditKind.REGISTRY_CHANGED: _snapshot,
    AuditKind.RULES_CHANGED: _snapshot,
    AuditKind.DAY_CLOSED: _closing,
}
"""What stands beside the chain and that an entry of this kind vouches for: what it is not as, in words, or None."""
