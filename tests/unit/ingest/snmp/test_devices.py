from datetime import date

import pytest

from ingest.snmp.devices import canaries_of, devices_of, split_agent
from ingest.snmp.engine import EngineName
from ingest.snmp.profiles import load_profiles
from ingest.snmp.vantage import EVERYWHERE
from schemas.credentials import Community
from schemas.registry import Element, Enterprise, Kind, Registry
from schemas.settings.poll import CanarySettings, GroupSettings, PollSettings, VantageSettings

PROFILES = load_profiles()
CREDENTIALS = {"c": Community("c", "2c", "x"), "d": Community("d", "2c", "y")}
TODAY = date(2026, 11, 23)


def station(id_, agent="10.0.0.1", **rest):
    return Element(id_, Kind.STATION, "vnx", agent=agent, **{"credential": "c", **rest})


def link(id_, agent="10.0.0.1", **rest):
    return Element(id_, Kind.LINK, "vnx", agent=agent, **{"credential": "c", "if_name": "ge1", **rest})


def devices(*rows, **settings):
    registry = Registry(
        enterprises={"vnx": Enterprise("vnx", "VNX")}, elements={row.id: (row,) for row in rows}
    )
    return devices_of(registry, TODAY, CREDENTIALS, PROFILES, PollSettings(**settings))


def views(device):
    return [(view.element, view.row, view.guessed) for view in device.views]


def test_one_device_carries_all_elements_of_its_agent():
    [device] = devices(station("S1"), link("L1", "10.0.0.1:161")).devices
    assert device.id == "10.0.0.1:161"
    assert views(device) == [("S1", None, False), ("L1", "ge1", False)]


def test_two_credentials_at_one_address_are_two_devices():
    found = devices(station("S1"), station("S2", credential="d")).devices
    assert [device.id for device in found] == ["10.0.0.1:161#c", "10.0.0.1:161#d"]


def test_a_link_is_looked_for_at_its_other_end_by_its_own_id():
    rows = [station("A"), station("B", "10.0.0.2"), link("L", a_end="A", b_end="B")]
    near, far = devices(*rows).devices
    assert views(near) == [("A", None, False), ("L", "ge1", False)]
    assert views(far) == [("B", None, False), ("L", "L", True)]


def test_a_link_without_an_agent_is_seen_from_its_ends():
    [device] = devices(station("A"), Element("L", Kind.LINK, "vnx", a_end="A")).devices
    assert views(device) == [("A", None, False), ("L", "L", True)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (station("S", credential=None), "no credential"),
        (station("S", credential="nobody"), "'nobody'"),
        (station("S", profile="nothing"), "no profile 'nothing'"),
        (station("S", agent="10.0.0.1:port"), "no UDP port"),
    ],
)
def test_an_element_that_cannot_be_polled_is_said_and_its_neighbours_are_polled(row, why):
    found = devices(row, station("good", "10.0.0.9"))
    assert [device.id for device in found.devices] == ["10.0.0.9:161"]
    [undone] = found.undone
    assert undone.element == "S"
    assert why in undone.why


def test_rows_not_in_force_today_are_not_polled():
    assert devices(station("S", valid_from=date(2027, 1, 1))).devices == ()


def test_a_device_is_never_polled_less_often_than_twice_in_the_validity_of_its_evidence():
    [device] = devices(station("S", measured_valid_for_s=60), link("L")).devices
    assert (device.timing.interval_ms, device.timing.slowest_ms) == (30_000, 30_000)
    assert device.deadline_s <= 30


def test_the_first_group_that_fits_decides():
    groups = (
        GroupSettings(enterprise="other", engine="pysnmp"),
        GroupSettings(match="10.0.*", engine="pysnmp", interval_s=30, timeout_s=2, retries=0),
        GroupSettings(match="*", interval_s=20),
    )
    [device] = devices(station("S"), groups=groups).devices
    assert device.engine is EngineName.PYSNMP
    assert (device.timing.interval_ms, device.target.timeout_s, device.target.retries) == (30_000, 2, 0)


def test_a_group_can_be_chosen_by_profile():
    groups = (GroupSettings(profile="bts_demo", engine="pysnmp"),)
    found = devices(station("S", profile="bts_demo"), station("T", "10.0.0.2"), groups=groups).devices
    assert [device.engine for device in found] == [EngineName.PYSNMP, EngineName.GUFO]


def test_canaries_show_no_element_and_stand_on_a_path():
    canaries = (
        CanarySettings(agent="10.9.9.9", credential="c", enterprise="vnx"),
        CanarySettings(agent="h:1", credential="c"),
    )
    found = canaries_of(PollSettings(health=VantageSettings(canaries=canaries)), CREDENTIALS)
    assert [(d.id, d.path, d.views) for d in found] == [
        ("canary/10.9.9.9:161", "vnx", ()),
        ("canary/h:1", EVERYWHERE, ()),
    ]


def test_a_canary_with_an_unknown_credential_is_refused():
    settings = PollSettings(
        health=VantageSettings(canaries=(CanarySettings(agent="h", credential="nobody"),))
    )
    with pytest.raises(ValueError, match="nobody"):
        canaries_of(settings, CREDENTIALS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bts1.example", ("bts1.example", 161)),
        ("10.0.0.1:1161", ("10.0.0.1", 1161)),
        ("2001:db8::1", ("2001:db8::1", 161)),
        ("[2001:db8::1]:1161", ("2001:db8::1", 1161)),
    ],
)
def test_addresses_of_agents(text, expected):
    assert split_agent(text) == expected


@pytest.mark.parametrize("text", ["", ":161", "h:0", "h:70000", "h:x", "1:2:3", "[2001:db8::1]:x"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError):
        split_agent(text)


def test_a_deadline_longer_than_the_interval_is_refused():
    with pytest.raises(ValueError, match=r"groups\.1\.deadline_s"):
        PollSettings(groups=(GroupSettings(deadline_s=70),))
