from ingest.snmp.devices import View
from ingest.snmp.traps.senders import Senders
from schemas.registry import Kind
from tests.snmp_agents.trap_service import device


def ids(sender):
    return [each.id for each in sender.devices]


def test_an_agent_is_known_by_its_address_from_whatever_port():
    senders = Senders([device("10.0.0.1"), device("10.0.0.2")], {})
    for sender in ("10.0.0.1:161", "10.0.0.1:50000", "::ffff:10.0.0.1:50000"):
        assert ids(senders.find(sender)) == ["10.0.0.1:161"]
        assert not senders.find(sender).ambiguous


def test_a_stranger_is_nobody():
    assert Senders([device("10.0.0.1")], {}).find("10.0.0.9:161") is None


def test_agents_that_share_an_address_are_told_apart_by_their_port_only():
    senders = Senders([device(port=16101), device(port=16102)], {})
    assert ids(senders.find("127.0.0.1:16102")) == ["127.0.0.1:16102"]
    unsure = senders.find("127.0.0.1:40000")
    assert unsure.ambiguous
    assert len(unsure.devices) == 2


def test_names_and_ipv6_are_found_by_address():
    senders = Senders([device("bts.example"), device("2001:db8::1")], {"bts.example": ("10.0.0.7",)})
    assert ids(senders.find("10.0.0.7:9")) == ["bts.example:161"]
    assert senders.find("2001:db8:0:0::1:162").devices[0].target.host == "2001:db8::1"
    assert senders.find("fe80::1%eth0:162") is None


def test_an_elements_ends_are_counted():
    link = View("L1", Kind.LINK)
    senders = Senders([device("10.0.0.1", views=[link]), device("10.0.0.2", views=[link])], {})
    assert senders.ends["L1"] == 2
