"""Inspection certificates (giấy chứng nhận kiểm định): class A stations need one, no older than the rule's years."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from processors.rules import Rules
from schemas.registry import Kind, Registry
from schemas.time import DEFAULT_ZONE, LocalCalendar
from stores.ledger.unwatched import was_in_service

CLASS_A: Final = "A"
WARN_DAYS: Final = (30, 90)


class CertificateState(StrEnum):
    """Vietnamese: còn hạn, sắp hết hạn (90 ngày), sắp hết hạn (30 ngày), hết hạn, chưa có, kiểm tra không đạt."""

    VALID = "valid"
    EXPIRES_IN_90_DAYS = "expires_in_90_days"
    EXPIRES_IN_30_DAYS = "expires_in_30_days"
    EXPIRED = "expired"
    MISSING = "missing"
    FAILED_INSPECTION = "failed_inspection"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A station's certificate on a day; `last_day` is the last local day on which it holds."""

    station: str
    enterprise: str
    state: CertificateState
    issued: date | None
    last_day: date | None
    rule: str


def certificates(
    registry: Registry,
    rules: Rules,
    on: date,
    passed: Iterable[tuple[str, date]] = (),
    failed: Iterable[tuple[str, date]] = (),
    zone: str = DEFAULT_ZONE,
) -> Iterator[Certificate]:
    """The certificates of all class A stations in service on the day, by station.

    Args:
        registry: the stations' rows.
        rules: with the certificate's life (indicator `certificate_age`), in force on the day.
        on: the local day.
        passed: (station, day) of later inspections of the certificate that were passed.
        failed: of those that were not; one stands until a later day on which the certificate was issued or passed.
        zone: of the local day.
    """
    rule = next((one for one in rules.in_force(on) if one.indicator == "certificate_age"), None)
    if rule is None or rule.threshold is None:
        return
    renewed, lost = _latest(passed, on), _latest(failed, on)
    calendar = LocalCalendar(zone)
    for station in sorted(registry.elements):
        row = registry.on(station, on)
        if row is None or row.kind is not Kind.STATION or row.inspection_class != CLASS_A:
            continue
        if not was_in_service(row, on, on + timedelta(days=1), calendar):
            continue
        known = row.certificate_issued, renewed.get(station)
        # One that is dated later does not hold yet.
        issued = max((day for day in known if day is not None and day <= on), default=None)
        last_day = _years_after(issued, int(rule.threshold)) if issued is not None else None
        state = _state(last_day, on)
        if station in lost and (issued is None or lost[station] >= issued):
            state = CertificateState.FAILED_INSPECTION
        yield Certificate(station, row.enterprise, state, issued, last_day, rule.id)


def _latest(found: Iterable[tuple[str, date]], on: date) -> dict[str, date]:
    """Each station's last day, up to that one."""
    latest: dict[str, date] = {}
    for station, day in found:
        if day <= on:
            latest[station] = max(day, latest.get(station, day))
    return latest


def _state(last_day: date | None, on: date) -> CertificateState:
    if last_day is None:
        return CertificateState.MISSING
    left = (last_day - on).days
    if left < 0:
        return CertificateState.EXPIRED
    if left <= WARN_DAYS[0]:
        return CertificateState.EXPIRES_IN_30_DAYS
    return CertificateState.EXPIRES_IN_90_DAYS if left <= WARN_DAYS[1] else CertificateState.VALID


def _years_after(day: date, years: int) -> date:
    """A limit of years ends with the same date of its last year, or the month's last day (Civil Code 2015, Art. 148 §3, §4)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, day.month, 28)
