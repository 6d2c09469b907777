"""What official figures rest on, written into the audit chain: registries and rules with their diffs, key life cycles."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from processors.rules import Rules
from schemas.audit import AuditEntry, AuditKind, NewAuditEntry
from schemas.canonical import canonical_json
from schemas.registry import DeclaredLevel, Element, Registry
from schemas.rules import Rule
from stores.keys import ApiKey, AuditLine
from stores.ledger import Ledger, audit, snapshots
from stores.ledger.snapshots import Content

ACTOR: Final = "btswatch"
_ELEMENTS: Final = TypeAdapter(dict[str, tuple[Element, ...]])
_LEVELS: Final = TypeAdapter(dict[str, DeclaredLevel])
# The chain tells what changed; of a whole new registry the snapshot has the rest.
MOST_CHANGES: Final = 500


@dataclass(frozen=True, slots=True)
class By:
    """Who says so: a person with a reason, or the product itself, which only noticed a change."""

    actor: str = ACTOR
    reason: str = ""


NOTICED: Final = By()


def note_registry(ledger: Ledger, registry: Registry, now_ms: int, by: By = NOTICED) -> bool:
    """Write the registry into the chain if it is another than the last one; whether it was."""
    return _note(ledger, AuditKind.REGISTRY_CHANGED, registry.digest, registry_content(registry), now_ms, by)


def note_rules(ledger: Ledger, rules: Rules, now_ms: int, by: By = NOTICED) -> bool:
    """Write the rules into the chain if they are others than the last ones; whether they were."""
    content = {"rules": {rule.id: rule.model_dump(mode="json") for rule in rules.rules}}
    return _note(ledger, AuditKind.RULES_CHANGED, rules.digest, content, now_ms, by)


def rules_under(connection: Connection, digest: str) -> Rules | None:
    """The rules of that digest, as they were when the chain noted them; None where they are not kept, or are others."""
    kept = snapshots.load(connection, digest)
    if kept is None:
        return None
    try:
        found = Rules(tuple(Rule.model_validate(one) for _, one in sorted(kept.get("rules", {}).items())))
    except ValidationError:
        return None
    return found if found.digest == digest else None


def registry_under(connection: Connection, digest: str) -> Registry | None:
    """What verdicts read of the registry of that digest: its elements and declared levels; None where it is not kept.

    The digest is that of its files: that the rows are those, the chain's entry says (`snapshot`).
    """
    kept = snapshots.load(connection, digest)
    if kept is None:
        return None
    try:
        elements = _ELEMENTS.validate_python(kept.get("elements", {}))
        levels = _LEVELS.validate_python(kept.get("declared_levels", {}))
    except ValidationError:
        return None
    in_order = sorted(levels.items(), key=lambda one: int(one[0]))
    return Registry(elements=elements, declared_levels=tuple(one for _, one in in_order), digest=digest)


def note_keys(ledger: Ledger, lines: Sequence[AuditLine], keys: Sequence[ApiKey] = ()) -> int:
    """Write what happened to API keys since it was written last; how many lines.

    Args:
        ledger: open.
        lines: all of the key store's audit, in order.
        keys: the keys as they are, for whose they are and until when.
    """
    known = {one.key_id: {"enterprise": one.enterprise, "expires_ms": one.expires_ms} for one in keys}
    new: list[NewAuditEntry] = []
    with ledger.writing() as connection:
        # Not by a count: a store that was made anew, or came from a backup, has others in these places.
        told = Counter(_happened(one) for one in audit.of_kind(connection, AuditKind.KEY.value))
        for line in lines:
            content = {"action": line.action, "reason": line.reason} | known.get(line.key_id, {})
            entry = NewAuditEntry(line.at_ms, AuditKind.KEY, line.key_id, line.actor, content)
            if told[_happened(entry)]:
                told[_happened(entry)] -= 1
            else:
                new.append(entry)
        audit.append(connection, new)
    return len(new)


def _happened(one: NewAuditEntry | AuditEntry) -> tuple[Any, ...]:
    return one.at_ms, one.subject, one.actor, one.content.get("action"), one.content.get("reason")


def _note(ledger: Ledger, kind: AuditKind, digest: str, content: Content, now_ms: int, by: By) -> bool:
    with ledger.reading() as connection:
        known = audit.newest(connection, kind.value)
    if known is not None and known.subject == digest:
        return False
    with ledger.writing() as connection:
        known = audit.newest(connection, kind.value)
        if known is not None and known.subject == digest:
            return False
        before = snapshots.load(connection, known.subject) if known is not None else None
        snapshots.save(connection, digest, kind.value, content)
        told = {"before": known.subject if known is not None else None} | difference(before or {}, content)
        told |= {"snapshot": snapshot_digest(content)}
        told |= {"reason": by.reason} if by.reason else {}
        audit.append(connection, [NewAuditEntry(now_ms, kind, digest, by.actor, told)])
    return True


def snapshot_digest(content: Content) -> str:
    """What vouches for the rows that are kept beside the chain: the registry's own digest is that of its files."""
    return f"sha256:{sha256(canonical_json(content).encode()).hexdigest()}"


def registry_content(registry: Registry) -> dict[str, dict[str, Any]]:
    """The registry's rows by section and key, as JSON values."""
    sections: dict[str, dict[str, Any]] = {}
    for field in fields(registry):
        value = getattr(registry, field.name)
        if isinstance(value, Mapping):
            sections[field.name] = {str(key): _plain(one) for key, one in value.items()}
        elif isinstance(value, tuple):
            sections[field.name] = {str(number): _plain(one) for number, one in enumerate(value)}
    return sections


def difference(before: Content, after: Content) -> dict[str, Any]:
    """How many rows of each section were added, removed and changed, and the first of them with what they were."""
    told: dict[str, Any] = {"counts": {}, "changes": []}
    for section in sorted({*before, *after}):
        old, new = before.get(section, {}), after.get(section, {})
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        if not changed:
            continue
        told["counts"][section] = {
            "added": sum(key not in old for key in changed),
            "removed": sum(key not in new for key in changed),
            "changed": sum(key in old and key in new for key in changed),
        }
        room = MOST_CHANGES - len(told["changes"])
        told["changes"] += (
            {"section": section, "key": key, "before": old.get(key), "after": new.get(key)}
            for key in islice(changed, max(0, room))
        )
    return told


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(one) for name, one in asdict(value).items() if one not in (None, (), "")}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value
