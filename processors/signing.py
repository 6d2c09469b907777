"""Signing off a period: its verdicts are kept with the name of who signed, and sealed in the audit chain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from processors.changed_since import Changed, changed_since
from processors.core.periods import CalendarPeriod
from processors.findings import as_contract
from processors.indicator_findings import indicator_as_contract
from processors.indicators import IndicatorVerdict
from processors.rules import Rules
from processors.verdicts import verdicts
from schemas.audit import AuditKind, NewAuditEntry, merkle_root
from schemas.canonical import canonical_json
from schemas.registry import Registry
from stores.ledger import audit, closings, figures, signatures
from stores.ledger.restatements import Restatement
from stores.ledger.signatures import Signature


class PeriodState(StrEnum):
    """Vietnamese: không có số liệu, đang mở, tạm thời, chính thức, đã điều chỉnh."""

    ABSENT = "absent"
    OPEN = "open"
    PROVISIONAL = "provisional"
    FINAL = "final"
    RESTATED = "restated"


class NotSignableError(Exception):
    """The period can't be signed off; the message says why."""


@dataclass(frozen=True, slots=True)
class PeriodStanding:
    """How a period stands.

    `restated` are restatements of its days that its last signature does not know, `ruled` the numbers of objections that
    were upheld since and moved something of them. `missing` are its days that are not
    closed; days before the installation's first official one (`begun`, None before any was closed) are not asked for.
    """

    period: CalendarPeriod
    state: PeriodState
    days: int
    missing: tuple[date, ...]
    signatures: tuple[Signature, ...]
    restated: tuple[Restatement, ...]
    ruled: tuple[int, ...] = ()
    begun: date | None = None

    @property
    def official_from(self) -> date | None:
        """The day inside it that official figures begin with: what is said of the period is of the days from then on."""
        return (
            self.begun
            if self.begun is not None and self.period.first < self.begun < self.period.end
            else None
        )


def standing(connection: Connection, period: CalendarPeriod, today: date) -> PeriodStanding:
    """The period's state: open until it is over, provisional until signed, final, restated once a signed day changed.

    Absent where it is over and no day of it is, or waits to become, official.
    """
    closed = {one.day for one in closings.complete(connection, period.first, period.end)}
    begun = closings.first_official(connection)
    first = max(period.first, begun or period.first)
    days = [first + timedelta(days=n) for n in range((period.end - first).days)]
    missing = tuple(day for day in days if day not in closed)
    signed = tuple(signatures.of_period(connection, period.name))
    changed = Changed()
    if signed:
        entry = audit.newest(connection, AuditKind.SIGNED_OFF.value, period.name)
        changed = changed_since(connection, period, entry.number if entry is not None else 0)
    if period.end > today:
        state = PeriodState.OPEN
    elif not signed:
        known = bool(days) if begun else figures.any_between(connection, period.first, period.end)
        state = PeriodState.PROVISIONAL if known else PeriodState.ABSENT
    else:
        state = PeriodState.RESTATED if changed or len(signed) > 1 else PeriodState.FINAL
    return PeriodStanding(period, state, len(days), missing, signed, changed.restated, changed.ruled, begun)


def told_from(found: PeriodStanding) -> dict[str, str]:
    """For entries of the chain: which part of the period they are about, where it is not the whole."""
    return {"official_from": str(found.official_from)} if found.official_from else {}


def sign_off(
    connection: Connection,
    registry: Registry,
    rules: Rules,
    period: CalendarPeriod,
    *,
    person: str,
    note: str,
    now_ms: int,
    today: date,
    zone: str,
    indicators: Iterable[IndicatorVerdict] = (),
) -> Signature:
    """Keep the period's verdicts under a person's name. The connection must hold the writer's lock.

    A period that was signed is signed anew only after one of its days was restated, or adjusted by an upheld objection, or
    after measurements came or were corrected; the former signature stays. `indicators` are the verdicts on what was
    measured in it; they are signed with those over time.

    Raises:
        NotSignableError: it is not over, days of it are not closed, or nothing changed since it was signed.
    """
    found = standing(connection, period, today)
    if period.end > today:
        raise NotSignableError(f"{period.name} is not over")
    if found.state is PeriodState.ABSENT:
        raise NotSignableError(f"{period.name}: no figures of it")
    if found.missing:
        shown = ", ".join(map(str, found.missing[:5])) + (", ..." if len(found.missing) > 5 else "")
        raise NotSignableError(f"{period.name}: {len(found.missing)} days are not closed: {shown}")
    measured = counted(indicators, rules, zone)
    if found.signatures and not (found.restated or found.ruled or _signed_counts(found) != measured):
        last = found.signatures[-1]
        raise NotSignableError(
            f"{period.name} was signed by {last.signed_by}, and nothing was restated or adjusted since, nor measured"
        )
    judged = [
        as_contract(one, registry.digest, rules, zone).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        for one in verdicts(connection, registry, rules, period, zone=zone)
    ]
    judged += [{**one, "registry": registry.digest} for one in measured]
    if not judged:
        raise NotSignableError(
            f"{period.name}: no verdict to sign: no figures, or no rule over such a period"
        )
    signature = Signature(
        period=period.name,
        revision=len(found.signatures) + 1,
        signed_ms=now_ms,
        signed_by=person,
        note=note,
        root=merkle_root([canonical_json(one).encode() for one in judged]),
        verdicts=judged,
    )
    signatures.save(connection, signature)
    content = {
        "root": signature.root,
        "verdicts": len(judged),
        "revision": signature.revision,
        "note": note,
        "registry": registry.digest,
        "rules": rules.digest,
        "restatements": [one.number for one in found.restated],
        "objections": list(found.ruled),
    } | told_from(found)
    audit.append(connection, [NewAuditEntry(now_ms, AuditKind.SIGNED_OFF, period.name, person, content)])
    return signature


def counted(indicators: Iterable[IndicatorVerdict], rules: Rules, zone: str) -> list[dict[str, Any]]:
    """The verdicts on indicators as they are signed, without the registry's digest: not every row of it is about them."""
    told = (indicator_as_contract(one, f"sha256:{'0' * 64}", rules.digest, zone) for one in indicators)
    return [without_registry(one.model_dump(mode="json", by_alias=True, exclude_none=True)) for one in told]


def without_registry(told: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict as others read it, without the registry's digest."""
    return {name: value for name, value in told.items() if name != "registry"}


def _signed_counts(found: PeriodStanding) -> list[dict[str, Any]]:
    return [
        without_registry(one)
        for one in found.signatures[-1].verdicts
        if one.get("finding") == "indicator_verdict"
    ]
