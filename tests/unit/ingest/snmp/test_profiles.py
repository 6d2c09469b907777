"""Profiles as files: read, checked, chosen, and what they make the poller ask."""

import pytest

from ingest.snmp.engine import Answer, Rows, Stop, Varbind, VarbindKind
from ingest.snmp.profile_model import Object
from ingest.snmp.profiles import ProfileError, load_profiles
from ingest.snmp.requests import SNMP_ENGINE_TIME, gather, plan_requests
from ingest.snmp.values import Unreadable, read

PROFILES = load_profiles()
UPTIME = "1.3.6.1.2.1.1.3.0"
SOUND = """
name: mine
title: Mine
subject: station
scalars:
  state: {oid: 1.3.6.1.4.1.99999.1.0, kind: enum, values: {1: good, 2: bad}}
status:
  - when: {state: good}
    status: up
"""


def load(tmp_path, text, name="mine"):
    (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_profiles(tmp_path)


def problems(tmp_path, text, name="mine"):
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text, name)
    return caught.value.problems


def test_a_users_profile_is_read_and_replaces_a_shipped_one_of_its_name(tmp_path):
    assert load(tmp_path, SOUND).by_name["mine"].title == "Mine"
    assert load(tmp_path, SOUND.replace("name: mine", "name: ups"), "ups").by_name["ups"].title == "Mine"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("1.3.6.1.4.1.99999.1.0", "IF-MIB::ifDescr"), "mine.yaml: scalars.state.oid: 'IF-MIB::ifDescr' is no numeric OID"),
        (("1.3.6.1.4.1.99999.1.0", ".1.3.6"), "no leading dot"),
        (("state: good", "stat: good"), "status rule 1: there is no field 'stat' here; fields: state"),
        (("state: good", "state: well"), "status rule 1: state is never 'well'; its values: good, bad"),
        (("status: up", "status: no_response"), "status.1: no_response is the poller's word"),
        (("status: up", "status: up\n    cause: fault"), "status up has no cause"),
        (("kind: enum", "kind: gauge"), "`values` belongs to kind enum"),
        (("title: Mine", "titel: Mine"), "mine.yaml: titel: Extra inputs are not permitted"),
        (("name: mine", "name: other"), "it must be the file's name"),
        (("subject: station", "subject: station\nextends: nothing"), "it extends 'nothing', which is no other profile"),
        (("subject: station", "subject: station\nextends: mine"), "it extends 'mine', which is no other profile"),
        (("state: good", "state: {lt: limit}"), "state is compared with 'limit', which is no field here"),
        (("state: good", "state: {}"), "an empty test"),
        (("subject: station", "subject: station\nselect: {table: rows}"), "select: there is no table 'rows'"),
        (("title: Mine", "title: [Mine"), "mine.yaml: no YAML"),
        (("subject: station", "subject: equipment\nmatch: {sys_object_id: [1.3.6.1.2.1.33]}"), "is claimed by"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_file_and_place(tmp_path, change, said):
    assert any(said in problem for problem in problems(tmp_path, SOUND.replace(*change))), problems(
        tmp_path, SOUND.replace(*change)
    )


def test_all_mistakes_are_found_at_once(tmp_path):
    (tmp_path / "second.yaml").write_text("[]")
    text = SOUND.replace("kind: enum", "kind: what").replace("status: up", "status: upp")
    assert len(problems(tmp_path, text)) >= 3


@pytest.mark.parametrize(
    ("oid", "link", "registry", "name"),
    [
        ("1.3.6.1.4.1.99999.36.1.1", False, None, "bts_demo"),
        (".1.3.6.1.4.1.99999.36.1.1", False, None, "bts_demo"),
        ("1.3.6.1.4.1.99999.36.1.1.7", False, None, "bts_demo"),
        ("1.3.6.1.4.1.99999.36.1.11", False, None, "system"),
        ("1.3.6.1.4.1.99999.36.1.1", True, None, "interface"),
        ("1.3.6.1.2.1.33", False, None, "ups"),
        ("0.0", False, None, "system"),
        (None, False, None, "system"),
        (None, True, None, "interface"),
        ("1.3.6.1.2.1.33", False, "genset_himoinsa", "genset_himoinsa"),
    ],
)
def test_the_registry_chooses_then_the_longest_prefix_then_the_kind(oid, link, registry, name):
    assert PROFILES.choose(oid, link=link, registry=registry).name == name


def test_a_profile_that_the_registry_invents_is_an_error():
    with pytest.raises(KeyError):
        PROFILES.choose(None, registry="nonesuch")


@pytest.mark.parametrize("name", sorted(PROFILES.by_name))
def test_every_shipped_profile_asks_for_the_uptime_first_and_no_oid_twice(name):
    plan = plan_requests(PROFILES.by_name[name])
    assert plan.scalars[0] == UPTIME
    assert len(set(plan.scalars)) == len(plan.scalars)


def test_known_rows_are_read_by_the_get_with_the_counters_next_to_the_uptime():
    profile = PROFILES.by_name["interface"]
    plan = plan_requests(profile, rows=["7"], engine_time=True)
    columns = profile.tables["interfaces"].columns
    guarded = {
        columns[n].oid + ".7"
        for n in ("ifInErrors", "ifOutErrors", "ifHCInOctets", "ifHCOutOctets", "ifCounterDiscontinuityTime")
    }
    assert set(plan.scalars[3:8]) == guarded
    assert plan.scalars[2] == SNMP_ENGINE_TIME
    assert plan.tables == ()
    assert plan.scalars[-1] == "1.3.6.1.2.1.31.1.5.0"


def test_counters_come_with_what_guards_them():
    (octets,) = [c for c in plan_requests(PROFILES.by_name["interface"]).counters if c.name == "ifHCInOctets"]
    assert (octets.bits, octets.metric, octets.scale, octets.table) == (64, "in_bps", 8, "interfaces")
    assert octets.discontinuity == "1.3.6.1.2.1.31.1.1.1.19"
    assert (octets.speed, octets.speed_scale) == ("1.3.6.1.2.1.31.1.1.1.15", 1_000_000)


def test_answers_and_walks_become_evidence_without_what_the_agent_does_not_have():
    profile = PROFILES.by_name["interface"]
    oper = profile.tables["interfaces"].columns["ifOperStatus"].oid
    plan = plan_requests(profile, rows=["7", "8"])
    answer = Answer(
        (
            Varbind(UPTIME, VarbindKind.VALUE, 5),
            Varbind(f"{oper}.7", VarbindKind.VALUE, 1),
            Varbind(f"{oper}.8", VarbindKind.NO_SUCH),
        ),
        0.01,
    )
    got = gather(profile, plan, answer)
    assert got.tables == {"interfaces": {"7": {oper: 1}}}
    cut = gather(
        profile, plan_requests(profile), answer, {"interfaces": Rows({"7": {oper: 1}}, 0.1, Stop.MAX_ROWS)}
    )
    assert cut.partial == {"interfaces"}


@pytest.mark.parametrize(
    ("described", "value", "expected"),
    [
        ({"kind": "gauge", "scale": 0.1}, -584, -58.4),
        ({"kind": "gauge", "no_reading": [2147483647]}, 2147483647, None),
        ({"kind": "gauge"}, b"12", 12),
        ({"kind": "gauge"}, b"\x9fx\x04\x42\x28\x00\x00", 42.0),
        ({"kind": "number_text"}, b"54.01", 54.01),
        ({"kind": "number_text"}, b"41.9 Watt", 41.9),
        ({"kind": "number_text"}, b"-62,8", -62.8),
        ({"kind": "timeticks"}, 4242, 42.42),
        ({"kind": "truth"}, 2, False),
        ({"kind": "text"}, "Trạm 1".encode() + b"\x00", "Trạm 1"),
        ({"kind": "text"}, None, None),
    ],
)
def test_values_are_read_as_the_profile_says(described, value, expected):
    assert read(Object.model_validate({"oid": "1.3.6"} | described), value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("gauge", b"12 V"),
        ("gauge", b""),
        ("truth", 3),
        ("counter64", -1),
        ("number_text", b"n/a"),
        ("gauge", float("nan")),
        ("gauge", b"9" * 400),
    ],
)
def test_what_cannot_be_read_is_said(kind, value):
    assert isinstance(read(Object(oid="1.3.6", kind=kind), value), Unreadable)
