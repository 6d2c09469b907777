"""What a device's answers mean: the ordered rules of a profile."""

import pytest

from ingest.snmp.assessment import Assessment, evaluate, worse
from ingest.snmp.profile_model import Profile
from ingest.snmp.profiles import load_profiles
from schemas.status import Cause, Status

PROFILES = load_profiles().by_name
BTS, LINK, UPS = PROFILES["bts_demo"], PROFILES["interface"], PROFILES["ups"]
HEALTHY = {
    "btsOperState": 1, "btsAdminState": 1, "cellsTotal": 6, "cellsInService": 6, "cellsEnergySaving": 0,
    "btsTransportState": 1, "mainsPresent": 1, "batteryVoltage": 5400,
}  # fmt: skip


def bts(**changed):
    values = {name: value for name, value in (HEALTHY | changed).items() if value is not ...}
    return evaluate(BTS, {BTS.scalars[name].oid: value for name, value in values.items()})


def interface(row="eth0", **columns):
    described = LINK.tables["interfaces"].columns
    cells = {described[name].oid: value for name, value in ({"ifName": b"eth0"} | columns).items()}
    return evaluate(LINK, {}, {"interfaces": {"1": cells}}, row)


@pytest.mark.parametrize(
    ("changed", "status", "cause"),
    [
        ({}, Status.UP, None),
        ({"mainsPresent": 2}, Status.UP, None),
        ({"btsAdminState": 2}, Status.DOWN, Cause.MANUAL),
        ({"btsAdminState": 2, "btsOperState": 2}, Status.DOWN, Cause.MANUAL),
        ({"btsOperState": 2}, Status.DOWN, Cause.FAULT),
        ({"btsOperState": 2, "mainsPresent": 2, "batteryVoltage": 4310}, Status.DOWN, Cause.POWER),
        ({"btsOperState": 2, "mainsPresent": 2, "batteryVoltage": 5000}, Status.DOWN, Cause.FAULT),
        ({"btsOperState": 2, "btsTransportState": 2}, Status.DOWN, Cause.TRANSPORT),
        ({"cellsInService": 0}, Status.DOWN, Cause.FAULT),
        ({"cellsInService": 0, "cellsEnergySaving": 6}, Status.DOWN, Cause.ENERGY_SAVING),
        ({"cellsInService": 5}, Status.DEGRADED, Cause.FAULT),
        ({"cellsInService": 4, "cellsEnergySaving": 2}, Status.DEGRADED, Cause.ENERGY_SAVING),
    ],
)
def test_the_first_rule_that_holds_decides(changed, status, cause):
    got = bts(**changed)
    assert (got.status, got.cause) == (status, cause)
    assert got.condition is status


def test_what_was_not_read_makes_no_rule_true():
    assert bts(btsOperState=..., cellsInService=...).status is None
    assert evaluate(BTS, {}) == Assessment(None, detail="no rule of the profile applies")


def test_numbers_are_scaled_and_exported():
    assert bts(mainsPresent=2).metrics == {
        "cells_total": 6, "cells_in_service": 6, "cells_energy_saving": 0, "mains_present": 0, "battery_v": 54.0,
    }  # fmt: skip


def test_a_value_that_is_not_what_the_profile_says_is_named_and_left_out():
    got = bts(btsOperState=9, cellsTotal=b"six")
    assert got.status is None
    assert [problem.split(":")[0] for problem in got.problems] == ["btsOperState", "cellsTotal"]


def test_null_and_numbers_as_text_are_read():
    got = bts(batteryVoltage=None, cellsInService=b"6")
    assert got.status is Status.UP
    assert "battery_v" not in got.metrics
    assert got.problems == ()


@pytest.mark.parametrize(
    ("columns", "status", "cause"),
    [
        ({"ifAdminStatus": 1, "ifOperStatus": 1}, Status.UP, None),
        ({"ifAdminStatus": 2, "ifOperStatus": 2}, Status.DOWN, Cause.MANUAL),
        ({"ifAdminStatus": 2, "ifOperStatus": 1}, Status.DOWN, Cause.MANUAL),
        ({"ifAdminStatus": 1, "ifOperStatus": 2}, Status.DOWN, Cause.TRANSPORT),
        ({"ifAdminStatus": 1, "ifOperStatus": 7}, Status.DOWN, Cause.TRANSPORT),
        ({"ifAdminStatus": 1, "ifOperStatus": 6}, Status.DOWN, Cause.FAULT),
        ({"ifAdminStatus": 1, "ifOperStatus": 4}, None, None),
        ({"ifAdminStatus": 1, "ifOperStatus": 5}, None, None),
        ({"ifOperStatus": 1}, Status.UP, None),
        ({"ifAdminStatus": 1}, None, None),
    ],
)
def test_an_interface_is_what_its_admin_and_oper_status_say(columns, status, cause):
    got = interface(**columns)
    assert (got.status, got.cause) == (status, cause)


def test_a_row_is_found_by_name_then_alias_and_never_guessed():
    up = {"ifOperStatus": 1, "ifAlias": b"to SITE-7"}
    assert interface("eth0", **up).rows == ("1",)
    assert interface("to SITE-7", **up).rows == ("1",)
    assert interface("eth1", **up) == Assessment(None, detail="interfaces has no row named 'eth1'")
    assert interface(None, **up).status is None


def test_a_table_that_was_not_read_is_not_an_empty_one():
    assert "was not read" in evaluate(LINK, {}, {}, "eth0").detail
    assert "no row" in evaluate(LINK, {}, {"interfaces": {}}, "eth0").detail


def test_counters_are_no_metrics_by_themselves():
    assert interface(ifOperStatus=1, ifHCInOctets=5, ifHighSpeed=1000).metrics == {"speed_bps": 1_000_000_000}


@pytest.mark.parametrize(
    ("source", "battery", "condition", "status"),
    [
        (3, 2, Status.UP, None),
        (5, 2, Status.DEGRADED, None),
        (4, 2, Status.DEGRADED, None),
        (2, 4, Status.DOWN, Status.DOWN),
    ],
)
def test_equipment_that_is_well_is_no_evidence_that_radio_serves(source, battery, condition, status):
    got = evaluate(
        UPS, {UPS.scalars["upsOutputSource"].oid: source, UPS.scalars["upsBatteryStatus"].oid: battery}
    )
    assert (got.condition, got.status) == (condition, status)


def test_that_an_agent_answers_says_nothing_of_radio():
    got = evaluate(PROFILES["system"], {"1.3.6.1.2.1.1.3.0": 100})
    assert got.status is None
    assert got.metrics == {"uptime_s": 1.0}


def test_numbers_over_a_table_that_was_cut_are_absent():
    siae = PROFILES["microwave_siae_alfoplus2"]
    columns = siae.tables["branches"].columns
    rows = {"1": {columns["rxLevel"].oid: -45, columns["snr"].oid: 400}}
    assert evaluate(siae, {}, {"branches": rows}).status is Status.UP
    assert evaluate(siae, {}, {"branches": rows}, partial=frozenset({"branches"})).status is None


def ceragon(*radios):
    profile = PROFILES["microwave_ceragon_ip20"]
    columns = profile.tables["interfaces"].columns
    rows = {
        str(i): {
            columns["ifDescr"].oid: b"Radio",
            columns["ifAdminStatus"].oid: 1,
            columns["ifOperStatus"].oid: oper,
        }
        for i, oper in enumerate(radios)
    }
    return evaluate(profile, {}, {"interfaces": rows})


@pytest.mark.parametrize(
    ("radios", "status"),
    [((1, 1), Status.UP), ((1, 2), Status.DEGRADED), ((2, 1), Status.DEGRADED), ((2, 2), Status.DOWN)],
)
def test_a_link_of_several_carriers_is_down_only_with_all_of_them(radios, status):
    assert ceragon(*radios).status is status


def test_a_link_is_the_worse_of_its_ends():
    up, down = interface(ifOperStatus=1, ifHighSpeed=100), interface(ifAdminStatus=2)
    unknown = interface(ifOperStatus=4)
    assert worse([up, down]).status is Status.DOWN
    assert worse([down, up]).cause is Cause.MANUAL
    assert worse([up, down]).metrics == {"speed_bps": 100_000_000}
    assert worse([up, unknown]).status is Status.UP
    assert worse([unknown, unknown]).status is None
    assert worse([]).status is None


def test_zero_is_not_false_and_one_is_not_true():
    profile = Profile.model_validate(
        {
            "name": "p", "title": "p", "subject": "station",
            "scalars": {"n": {"oid": "1.3.1", "kind": "gauge"}, "b": {"oid": "1.3.2", "kind": "truth"}},
            "status": [{"when": {"n": True}, "status": "down"}, {"when": {"b": 1}, "status": "down"}, {"when": {"b": True, "n": 1}, "status": "up"}],
        }
    )  # fmt: skip
    assert evaluate(profile, {"1.3.1": 1, "1.3.2": 1}).status is Status.UP
