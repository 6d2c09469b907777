from btswatch.demo.own_figures import own_figures
from processors.rules import load_rules
from schemas.time import LocalCalendar, parse_rfc3339, to_ms

BEGAN = to_ms(parse_rfc3339("2027-01-05T10:00:00+07:00"))


def test_they_are_of_the_quarter_before_and_known_indicators_and_always_the_same():
    found = list(own_figures("viettel", "20", 1, BEGAN))
    assert list(own_figures("viettel", "20", 1, BEGAN)) == found != list(own_figures("vnpt", "20", 1, BEGAN))
    known = load_rules().indicators(())
    for one in found:
        assert known.fault(one.data) is None
        assert to_ms(one.data.period.from_) == LocalCalendar().start_of(
            parse_rfc3339("2026-10-01T00:00:00Z").date()
        )
        assert to_ms(one.data.period.to) == LocalCalendar().start_of(
            parse_rfc3339("2027-01-01T00:00:00Z").date()
        )
        assert one.id.startswith("2026-Q4-")
