"""Sealed and signed verdicts judged again from what they name: the official figures, the sealed rules and registry.

A signature's verdicts on what was measured are not judged here: the ledger has no measurements.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import Connection

from processors.audit_beside import named
from processors.changed_since import changed_since
from processors.core.periods import CalendarPeriod
from processors.findings import as_contract
from processors.provenance import registry_under, rules_under
from processors.rules import Rules
from processors.verdicts import PeriodVerdict, verdicts
from schemas.audit import AuditEntry, AuditKind, merkle_root
from schemas.canonical import canonical_json
from schemas.registry import Registry
from stores.ledger import signatures

SEALING: Final = (AuditKind.VERDICTS, AuditKind.SIGNED_OFF)
# What a verdict says; how it is told otherwise may change from version to version.
_SAID: Final = (
    "enterprise",
    "subject",
    "rule",
    "threshold",
    "result",
    "reason",
    "force",
    "budget_s",
    "seconds",
    "elements",
    "adjusted_days",
)
_NOBODY: Final = f"sha256:{'0' * 64}"


class Stands(Enum):
    """Whether sealed verdicts follow from what they name."""

    FOLLOWS = auto()
    DIFFERS = auto()
    MOVED = auto()  # restated or adjusted since: the figures are others by a person's decision
    UNKNOWN = auto()  # rules or registry are not kept, or it was sealed in an earlier form


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What came of an entry; `detail` says why where it does not follow."""

    stands: Stands
    detail: str = ""


class Rejudging:
    """Judges entries of one ledger again; keeps the rules and registries that it has read."""

    def __init__(self, connection: Connection, zone: str) -> None:
        self._connection = connection
        self._zone = zone
        self._rules: dict[str, Rules | None] = {}
        self._registries: dict[str, Registry | None] = {}

    def judge(self, entry: AuditEntry) -> Rejudged:
        """Whether the verdicts of an entry of kind `SEALING` follow."""
        period = CalendarPeriod.named(entry.subject)
        if changed_since(self._connection, period, entry.number):
            return Rejudged(Stands.MOVED)
        rules, registry = self._under(entry)
        if rules is None:
            return _unknown(entry, f"the rules {entry.content['rules']} are kept nowhere")
        if registry is None:
            return _unknown(entry, f"the registry {entry.content['registry']} is kept nowhere")
        found = list(verdicts(self._connection, registry, rules, period, zone=self._zone))
        now = list(said(found, rules, self._zone))
        if entry.kind == AuditKind.SIGNED_OFF:
            return self._signed(entry, now)
        return _sealed(entry, now)

    def _under(self, entry: AuditEntry) -> tuple[Rules | None, Registry | None]:
        rules, registry = named(entry, "rules"), named(entry, "registry")
        if rules not in self._rules:
            self._rules[rules] = rules_under(self._connection, rules)
        if registry not in self._registries:
            self._registries[registry] = registry_under(self._connection, registry)
        return self._rules[rules], self._registries[registry]

    def _signed(self, entry: AuditEntry, now: list[dict[str, Any]]) -> Rejudged:
        revision = entry.content["revision"]
        kept = [
            one for one in signatures.of_period(self._connection, entry.subject) if one.revision == revision
        ]
        if not kept:
            return _unknown(entry, "they are kept no more")
        then = [_essence(one) for one in kept[0].verdicts if one.get("finding") == "verdict"]
        others = list(_others(then, now))
        if not others:
            return Rejudged(Stands.FOLLOWS)
        return _differs(entry, f"signed by {entry.actor}", "; ".join(others[:5]))


def said(found: Iterable[PeriodVerdict], rules: Rules, zone: str) -> Iterator[dict[str, Any]]:
    """What the verdicts say, without how it is told."""
    for one in found:
        told = as_contract(one, _NOBODY, rules, zone)
        yield _essence(told.model_dump(mode="json", by_alias=True, exclude_none=True))


def root_of_what_is_said(found: Iterable[Mapping[str, Any]]) -> str:
    """The Merkle root over what verdicts say."""
    return merkle_root([canonical_json(one).encode() for one in found])


def _essence(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in _SAID if told.get(name) is not None}


def _sealed(entry: AuditEntry, now: list[dict[str, Any]]) -> Rejudged:
    then = entry.content.get("said")
    if then == root_of_what_is_said(now):
        return Rejudged(Stands.FOLLOWS)
    if then is None:
        return _unknown(entry, "they were sealed in an earlier form")
    results = ", ".join(f"{count} {name}" for name, count in entry.content["results"].items())
    return _differs(entry, "sealed by the closing", f"sealed were {results}")


def _others(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[str]:
    """Verdicts that are not there, or say something else."""
    mine, theirs = _by_name(now), _by_name(then)
    for name in sorted({*mine, *theirs}):
        if mine.get(name) != theirs.get(name):
            was, would = (of.get(name, {}).get("result", "absent") for of in (theirs, mine))
            told = f"{was}, would be {would}" if was != would else f"{was} of other figures"
            yield f"{' '.join(name)}: {told}"


def _by_name(found: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {(one["enterprise"], one["subject"], one.get("rule", "-")): one for one in found}


def _differs(entry: AuditEntry, how: str, what: str) -> Rejudged:
    return Rejudged(
        Stands.DIFFERS,
        f"the verdicts of {entry.subject}, {how}, do not follow from the official figures, rules and registry that"
        f" they name: {what}",
    )


def _unknown(entry: AuditEntry, why: str) -> Rejudged:
    return Rejudged(Stands.UNKNOWN, f"the verdicts of {entry.subject} can't be judged again: {why}")
