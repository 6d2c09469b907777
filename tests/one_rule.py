"""A made-up rule over time, judged by the day, that yields legal verdicts: tests change in it what they are about."""

from typing import Any

RULE: dict[str, Any] = {
    "id": "D-1",
    "rule": "D",
    "version": "1",
    "title": "D",
    "title_vi": "D",
    "service": "mobile_voice",
    "indicator": "service_availability",
    "method": "time",
    "comparator": "at_least",
    "threshold": "99",
    "unit": "percent",
    "period": "day",
    "weight": "station",
    "legal_basis": "a test",
    "kind": "legal",
    "confidence": "high",
    "note": "a test",
}
