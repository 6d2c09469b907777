from collections import Counter
from datetime import date, timedelta

from btswatch.demo.shares import SHARES, divide
from processors.rules import load_rules
from schemas.registry import Kind
from schemas.status import NoResponse, Policy


def test_parts_add_up_and_nobody_with_a_share_is_left_out():
    for total in range(5, 300):
        counts = divide(total, {share.id: share.stations for share in SHARES})
        assert sum(counts.values()) == total
        assert all(bool(counts[share.id]) == bool(share.stations) for share in SHARES)


def test_stations_lie_near_their_commune(registry):
    for rows in registry.elements.values():
        if rows[0].kind is Kind.STATION:
            unit = registry.unit_on(rows[0].unit, date(2026, 11, 24))
            assert abs(rows[0].lat - unit.lat) < 0.2
            assert abs(rows[0].lon - unit.lon) < 0.2


def test_the_mix_has_something_of_everything(registry):
    rows = [found[-1] for found in registry.elements.values()]
    stations = [row for row in rows if row.kind is Kind.STATION]
    assert {row.enterprise for row in rows} == {share.id for share in SHARES}
    assert {Policy.MEASURED_FIRST, Policy.WORST, Policy.DECLARED_ONLY} <= {row.policy for row in stations}
    assert any(row.no_response is NoResponse.UNKNOWN for row in stations)
    assert {row.medium for row in rows if row.kind is Kind.LINK} == {"fibre", "microwave"}
    assert any(row.credential.endswith("-v3") for row in rows if row.credential)
    assert Counter(row.agent is None for row in stations)[True] == sum(
        row.policy is Policy.DECLARED_ONLY for row in stations
    )


def test_some_certificates_are_about_to_end_and_class_b_has_none(registry):
    stations = [found[-1] for found in registry.elements.values() if found[0].kind is Kind.STATION]
    for row in stations:
        assert (row.certificate_issued is not None) == (row.inspection_class == "A")
    limit = date(2026, 11, 24) - timedelta(days=5 * 365 + 1 - 60)
    assert any(row.certificate_issued and row.certificate_issued < limit for row in stations)


def test_declared_levels_are_about_rules_and_one_is_stricter_and_one_is_not(registry):
    rules, today = load_rules(), date(2026, 11, 24)
    because = []
    for owner in sorted({one.enterprise for one in registry.declared_levels}):
        assert rules.without_rule(today, owner, registry.declared_levels) == []
        because += [one.because for one in rules.applicable(today, owner, registry.declared_levels)]
    assert any("stricter than 99.5" in one for one in because)
    assert "as declared" in because


def test_each_station_has_an_agent_address_of_its_own(registry):
    agents = [found[-1].agent for found in registry.elements.values() if found[0].kind is Kind.STATION]
    given = [agent for agent in agents if agent]
    assert len(given) == len(set(given))
