import pytest

from ingest.snmp.ber import Binding, Tag
from ingest.snmp.devices import View
from ingest.snmp.profile_model import Notification as Described
from ingest.snmp.profile_model import Profile
from ingest.snmp.profiles import Profiles, load_profiles
from ingest.snmp.traps.notification import Notification
from ingest.snmp.traps.rules import AUTHENTICATION_FAILURE, COLD_START, LINK_DOWN, LINK_UP, TrapRules
from ingest.snmp.traps.senders import Sender
from schemas.registry import Kind
from schemas.status import Cause, Status
from tests.snmp_agents.trap_service import COMMUNITY, LINK, SHA, SHA256, STATION, device

BTS = "1.3.6.1.4.1.99999.36"


def interface(name, admin, oper):
    return tuple(
        Binding(f"{oid}.7", *value)
        for oid, value in (
            ("1.3.6.1.2.1.2.2.1.7", (Tag.INTEGER, admin)),
            ("1.3.6.1.2.1.2.2.1.8", (Tag.INTEGER, oper)),
            ("1.3.6.1.2.1.31.1.1.1.1", (Tag.OCTET_STRING, name)),
        )
    )


DOWN, UP = interface(b"ge-0/0/1", 1, 2), interface(b"ge-0/0/1", 1, 1)


def judge(
    oid, bindings=(), user="core", *, credential=SHA, views=(LINK,), ambiguous=False, ends=None, profiles=None
):
    rules = TrapRules(profiles or load_profiles(), ends or {})
    return rules.judge(
        Sender((device(credential=credential, views=views),), ambiguous), Notification(oid, bindings, user)
    )


def statuses(verdict):
    return [(each.element, each.assessment.status) for each in verdict.evidence]


def test_a_signed_link_trap_that_names_the_link_is_evidence():
    assert statuses(judge(LINK_DOWN, DOWN)) == [("L1", Status.DOWN)]
    assert statuses(judge(LINK_UP, UP)) == [("L1", Status.UP)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"user": None}, "unsigned"),
        ({"user": "edge"}, "signed by another user than the registry's"),
        ({"credential": COMMUNITY}, "the registry knows the device by a community"),
        ({"credential": SHA256}, "the registry knows the device by another user"),
        ({"ambiguous": True}, "which device it was is not known"),
        ({"bindings": UP}, "the trap says down, its varbinds say up"),
        ({"bindings": DOWN[:2]}, "which link it was is not known"),
        ({"bindings": DOWN[1:]}, "the first rule can't be read"),
        ({"bindings": interface(b"ge-0/0/1", 1, 99)}, "no such status"),
    ],
)
def test_everything_less_makes_the_poller_look(changes, why):
    verdict = judge(LINK_DOWN, **({"bindings": DOWN} | changes))
    assert verdict.evidence == (), why
    assert verdict.poll == {"127.0.0.1:161"}
    assert verdict.name == "linkDown"


def test_up_at_one_of_two_ends_is_no_evidence_and_down_is():
    assert statuses(judge(LINK_UP, UP, ends={"L1": 2})) == []
    assert statuses(judge(LINK_DOWN, DOWN, ends={"L1": 2})) == [("L1", Status.DOWN)]


def test_an_authentication_failure_is_noted_and_nobody_is_polled():
    verdict = judge(AUTHENTICATION_FAILURE)
    assert (verdict.name, verdict.poll, verdict.evidence) == ("authenticationFailure", frozenset(), ())


def test_a_cold_start_makes_the_poller_look():
    assert judge(COLD_START, user=None).poll == {"127.0.0.1:161"}


def test_a_notification_that_no_profile_describes_asks_for_nothing():
    verdict = judge("1.3.6.1.4.1.424242.0.1")
    assert (verdict.name, verdict.poll) == (None, frozenset())


def state(oper=1, serving=3, mains=1):
    values = {"1.1": oper, "1.2": 1, "1.3": 3, "1.4": serving, "1.5": 0, "1.6": 1, "2.1": mains, "2.2": 5400}
    return tuple(Binding(f"{BTS}.2.{oid}.0", Tag.INTEGER, value) for oid, value in values.items())


@pytest.mark.parametrize("view", [STATION, View("S1", Kind.STATION)], ids=["named profile", "chosen by OID"])
def test_a_stations_notification_is_read_by_the_rules_of_its_profile(view):
    verdict = judge(f"{BTS}.0.1", state(serving=1), views=[view])
    assert statuses(verdict) == [("S1", Status.DEGRADED)]
    assert verdict.evidence[0].assessment.cause is Cause.FAULT


def test_a_station_is_not_judged_by_half_of_what_its_rules_read():
    for missing in range(8):
        said = state()[:missing] + state()[missing + 1 :]
        assert judge(f"{BTS}.0.1", said, views=[STATION]).evidence == ()


def test_a_notification_that_says_the_status_by_itself_needs_no_varbinds():
    bts = load_profiles().by_name["bts_demo"]
    alarm = Described(oid="1.3.6.1.4.1.424242.0.1", status=Status.DOWN, cause=Cause.POWER, detail="no power")
    profile = Profile.model_validate(bts.model_dump() | {"notifications": {"powerLost": alarm.model_dump()}})
    verdict = judge(
        alarm.oid,
        views=[STATION],
        profiles=Profiles(
            {"bts_demo": profile, **{n: p for n, p in load_profiles().by_name.items() if n != "bts_demo"}}
        ),
    )
    (said,) = verdict.evidence
    assert (said.assessment.status, said.assessment.cause, said.assessment.detail) == (
        Status.DOWN,
        Cause.POWER,
        "no power",
    )
