"""Verdicts of closed periods stand under the rules of their closing: whoever changes a rule file changes none of them.

The closing seals a period's verdicts in the audit chain once its last day is closed, with the digests of rules and
registry; a signature seals them again. From then on the period is judged under those rules, as the ledger keeps them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from processors.changed_since import changed_since
from processors.closing import CLOSING
from processors.core.periods import CalendarPeriod
from processors.findings import as_contract
from processors.indicators import IndicatorVerdict
from processors.provenance import rules_under
from processors.rejudging import root_of_what_is_said, said
from processors.rules import Rules
from processors.signing import counted, standing, told_from, without_registry
from processors.verdicts import PeriodVerdict, verdicts
from schemas.audit import AuditEntry, AuditKind, NewAuditEntry, merkle_root
from schemas.canonical import canonical_json
from schemas.registry import Registry
from stores.ledger import Ledger, audit, signatures


@dataclass(frozen=True, slots=True)
class Basis:
    """The rules that a period is judged under, and the entry that says so; None while nothing was sealed.

    `lost` is the digest of the sealed rules where the ledger keeps them no more: `rules` are the current ones then, and
    what is judged by them is not what was sealed.
    """

    rules: Rules
    entry: AuditEntry | None
    lost: str | None = None


@dataclass(frozen=True, slots=True)
class LostRules:
    """A period that was sealed by `entry` under rules that the ledger keeps no more."""

    period: str
    entry: AuditEntry
    rules: str


def basis_of(connection: Connection, period: CalendarPeriod, current: Rules) -> Basis:
    """The rules of the period's newest signature, else those of its closing, else the current ones."""
    for kind in (AuditKind.SIGNED_OFF, AuditKind.VERDICTS):
        entry = audit.newest(connection, kind.value, period.name)
        if entry is not None:
            digest = entry.content["rules"]
            kept = current if current.digest == digest else rules_under(connection, digest)
            return Basis(current, entry, digest) if kept is None else Basis(kept, entry)
    return Basis(current, None)


def lost_rules(
    connection: Connection, periods: Iterable[CalendarPeriod], current: Rules
) -> Iterator[LostRules]:
    """Those of the periods that were sealed or signed under rules that are kept nowhere."""
    for period in periods:
        basis = basis_of(connection, period, current)
        if basis.entry is not None and basis.lost is not None:
            yield LostRules(period.name, basis.entry, basis.lost)


def periods_of(day: date) -> Iterator[CalendarPeriod]:
    """The day, and the month, quarter and year that it lies in."""
    quarter = f"{day.year:04}-Q{(day.month + 2) // 3}"
    for name in (day.isoformat(), f"{day:%Y-%m}", quarter, f"{day.year:04}"):
        yield CalendarPeriod.named(name)


def stand(
    connection: Connection,
    entry: AuditEntry,
    found: Iterable[PeriodVerdict],
    rules: Rules,
    zone: str,
    indicators: Iterable[IndicatorVerdict] = (),
) -> bool:
    """Whether the period's verdicts are those that the entry seals; a closing seals those over time only.

    Else days were restated or adjusted since, measurements came, or the registry's dated rows tell otherwise of them.
    """
    told = list(_told(found, rules, zone))
    if entry.kind == AuditKind.VERDICTS:
        return _root(told) == str(entry.content["root"])
    revision = entry.content["revision"]
    signed = [one for one in signatures.of_period(connection, entry.subject) if one.revision == revision]
    told += counted(indicators, rules, zone)
    return bool(signed) and [without_registry(one) for one in signed[0].verdicts] == told


def seal_verdicts(
    ledger: Ledger, registry: Registry, rules: Rules, closed: Sequence[date], zone: str, now_ms: int
) -> list[CalendarPeriod]:
    """Seal the verdicts of the periods that ended with one of these closed days and have no open day left.

    A period that was sealed stays so; one without figures or rules is passed over.
    """
    sealed = []
    for period in _ended(closed):
        content, number = _verdicts_of(ledger, registry, rules, period, zone)
        while content is not None:
            with ledger.writing() as connection:
                # They were judged without the writer's lock: what a person changed meanwhile is not in them.
                if not changed_since(connection, period, number):
                    entry = NewAuditEntry(now_ms, AuditKind.VERDICTS, period.name, CLOSING, content)
                    audit.append(connection, [entry])
                    sealed.append(period)
                    break
            content, number = _verdicts_of(ledger, registry, rules, period, zone)
    return sealed


def _verdicts_of(
    ledger: Ledger, registry: Registry, rules: Rules, period: CalendarPeriod, zone: str
) -> tuple[dict[str, Any] | None, int]:
    """What an entry says of the period's verdicts, None where there is nothing to seal; and how long the chain was."""
    with ledger.reading() as connection:
        number = audit.length(connection)
        known = audit.newest(connection, AuditKind.VERDICTS.value, period.name)
        stands = standing(connection, period, period.end)
        if known is not None or stands.missing:
            return None, number
        found = list(verdicts(connection, registry, rules, period, zone=zone))
    if not found:
        return None, number
    told = list(_told(found, rules, zone))
    content = {
        "root": _root(told),
        "verdicts": len(told),
        "said": root_of_what_is_said(said(found, rules, zone)),
        "results": dict(sorted(Counter(one["result"] for one in told).items())),
        "registry": registry.digest,
        "rules": rules.digest,
    } | told_from(stands)
    return content, number


def _ended(closed: Iterable[date]) -> Iterator[CalendarPeriod]:
    for day in sorted(closed):
        for period in periods_of(day):
            if period.end == day + timedelta(days=1):
                yield period


def _told(found: Iterable[PeriodVerdict], rules: Rules, zone: str) -> Iterator[dict[str, Any]]:
    """The verdicts as others read them, without the registry's digest: not every row of it is about them."""
    for one in found:
        told = as_contract(one, f"sha256:{'0' * 64}", rules, zone)
        yield without_registry(told.model_dump(mode="json", by_alias=True, exclude_none=True))


def _root(told: Iterable[Mapping[str, Any]]) -> str:
    return merkle_root([canonical_json(one).encode() for one in told])
