"""Verdicts, error budgets and the spread of outages of the made-up province."""

from schemas.time import LocalCalendar


def verdict_of(number):
    """What the enterprise of that number gets for its quarter: the last one fails, by the law; the one before, by a rule
    that has no force."""
    result = (2, 1, 3, 3)[number]
    return {
        "result": result,
        "reason": "unknown time" if result == 1 else "",
        "force": "operational" if number == 2 else "legal",
        "threshold": 0.995,
        "availability": 0.99499999 if result == 3 else 0.995,
        "gross": 0.9931,
        "coverage": 0.97,
        "budget_s": 10_000,
        "down_s": 2_500 * (number + 1) + 1,
        "total_s": 2_000_000,
        "elements": 6,
        "open_days": 24,
        "standing": "open",
        "adjusted_days": 1 if number == 0 else 0,
        "restated_days": 1 if number == 1 else 0,
    }


def periods(last_ms, elements, enterprises):
    """(measurement, tags, fields, time) of the quarter and the month that hold the last day."""
    calendar = LocalCalendar("Asia/Ho_Chi_Minh")
    last = calendar.day_of(last_ms)
    month = calendar.start_of(last.replace(day=1))
    quarter = calendar.start_of(last.replace(month=(last.month - 1) // 3 * 3 + 1, day=1))
    rule = {"rule": "V36-D", "service": "mobile_voice", "kind": "station"}
    for number, enterprise in enumerate(enterprises):
        of = {"enterprise": enterprise, **rule}
        verdict = verdict_of(number)
        yield (
            "finding",
            {**of, "per": "enterprise", "subject": enterprise, "period": "quarter"},
            verdict,
            quarter,
        )
        for period, start, part in (("quarter", quarter, 1), ("month", month, 3)):
            budget = {"budget_s": 10_000 // part, "spent_s": verdict["down_s"] // part}
            yield "budget", {**of, "period": period}, budget, start
            tags = {"scope": "enterprise", "id": enterprise, "kind": "station", "period": period}
            fields = {"elements": 6, "over_1h": 3, "over_4h": 2, "over_24h": number % 2, "down_s": 9_000}
            yield "spread", tags, {**fields, "worst_share": 0.6}, start
    for number in (0, 3):
        yield from indicators(enterprises[number], quarter)
    for one in elements:
        if one.kind == "station":
            tags = {"enterprise": one.enterprise, "per": "element", "subject": one.id, "kind": "station"}
            tags |= {"period": "month"}
            fields = verdict_of(one.number % 3) | {"force": "operational", "elements": 1, "open_days": 4}
            yield "finding", {**tags, "rule": "O-BTS-A", "service": "base_station"}, fields, month


def indicators(enterprise, quarter):
    """Enough radio availability, too few calls set up."""
    for indicator, method, rule, result, value, threshold in (
        ("radio_availability", "samples", "V36-RADIO", 2, 97.5, 95),
        ("call_setup_success", "ratio", "V36-SETUP", 3, 97.9, 98),
    ):
        tags = {"enterprise": enterprise, "service": "mobile_voice", "indicator": indicator}
        fields = {"result": result, "reason": "", "force": "legal", "value": value, "threshold": threshold}
        fields |= {"unit": "percent", "counted": 2_000, "verdicts": 1}
        yield "indicator", {**tags, "method": method, "period": "quarter", "rule": rule}, fields, quarter
