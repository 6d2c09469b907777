from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from btswatch.rules_reference import PAGE, main
from processors.rules import SHIPPED, Rules, RulesError, load_rules
from schemas.canonical import canonical_json
from schemas.events.measurement import MeasurementData
from schemas.refusal import Refusal
from schemas.registry import DeclaredLevel
from schemas.rules import Kind, Method, Rule
from tests.one_rule import RULE

NOW = date(2026, 11, 23)


def rule(**changes) -> dict:
    own = {
        "id": "T-1",
        "rule": "T",
        "title": "Availability",
        "title_vi": "Độ khả dụng",
        "threshold": "99.5",
        "period": "quarter",
    }
    return RULE | own | changes


@pytest.fixture
def rules_of(tmp_path):
    def make(*rules, file="a.yaml"):
        (tmp_path / file).write_text(yaml.safe_dump({"about": "a test", "rules": list(rules)}))
        return tmp_path

    return make


def lines_of(directory) -> tuple[str, ...]:
    with pytest.raises(RulesError) as error:
        load_rules(directory)
    return error.value.lines


RADIO = {"indicator": "radio_availability", "method": "samples", "weight": None, "period": "campaign"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"comparator": "at_most"}, "at_least"),
        ({"comparator": "above"}, "at_least"),
        ({"threshold": "100.1"}, "more than the whole"),
        ({"threshold": "-1"}, "more than the whole"),
        ({"unit": "ratio", "threshold": "99"}, "more than the whole"),
        ({"unit": "per_mille", "threshold": "995"}, "unit: per_mille"),
        (RADIO | {"comparator": "equals"}, "at_least or at_most"),
        (RADIO | {"comparator": "alert_from"}, "at_least or at_most"),
        (RADIO | {"unit": "per_1000"}, "unit: per_1000"),
        (RADIO | {"threshold": "101"}, "more than the whole"),
        (
            RADIO | {"indicator": "x", "method": "mean", "unit": "ms", "comparator": "above"},
            "at_least or at_most",
        ),
    ],
)
def test_a_rule_that_would_be_judged_otherwise_than_it_reads_is_refused(rules_of, changes, said):
    """Whatever is not at_least was held to at_most, a share of time always to at_least, and unknown units to shares."""
    (line,) = lines_of(rules_of(RULE | changes))
    assert said in line


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": "100"},
        {"unit": "ratio", "threshold": "0.995"},
        RADIO | {"comparator": "at_most", "threshold": "0"},
        RADIO | {"indicator": "x", "method": "ratio", "unit": "per_100_customers", "threshold": "250"},
        RADIO | {"indicator": "x", "method": "mean", "unit": "ms", "threshold": "250"},
        RADIO | {"threshold": None, "confidence": "missing"},
    ],
)
def test_a_rule_that_is_judged_as_it_reads_is_taken(rules_of, changes):
    load_rules(rules_of(RULE | changes))


@pytest.mark.parametrize("day", ["0", "32", "20.5", "-1"])
def test_a_deadline_is_a_day_that_months_have(rules_of, day):
    deadline = {"indicator": "x", "method": "deadline", "comparator": "at_most", "unit": "day_of_next_month"}
    (line,) = lines_of(rules_of(RULE | deadline | {"threshold": day}))
    assert "is no day of a month" in line
    load_rules(rules_of(RULE | deadline | {"threshold": "31"}))


def test_the_shipped_rules_are_whole_and_their_page_is_theirs():
    rules = load_rules()
    assert len(rules.rules) >= 67
    assert rules == load_rules(SHIPPED)
    assert main(["--check"]) == 0
    assert all(one.id in PAGE.read_text() for one in rules.rules)


def test_only_what_is_sure_may_judge_in_law():
    judging = {one.id for one in load_rules().rules if one.may_judge}
    assert "V36-22-D" in judging
    assert "O-BTS-A" not in judging, "operational"
    assert "V36-22-DROP" not in judging, "a guess"
    assert "I-DUR" not in judging, "not known to be in force"
    assert "D81-19-DL" not in judging, "no figure"


def test_a_figure_from_the_press_or_an_operators_page_never_judges_in_law():
    second_hand = ("press article", "operator's page", "not verified", "a guess")
    for one in load_rules().rules:
        assert not (one.may_judge and any(words in one.note for words in second_hand)), one.id
    assert not next(one for one in load_rules().rules if one.id == "S82-E2E").may_judge


def test_a_decree_is_suggested_for_no_rule_that_ended_before_it_and_for_no_act_before_it():
    for one in load_rules().rules:
        said = one.consequence
        if said is not None and "174/2026" in said.article:
            assert said.since == date(2026, 7, 1), one.id
            assert one.in_force_to is None or one.in_force_to > said.since, one.id
            assert not said.applies_to(date(2026, 7, 1))
            assert said.applies_to(date(2026, 7, 2))


def test_what_the_regulation_counts_apart_is_apart():
    """One failing indicator and more than one are two articles (QCVN 36:2022 2.1.5.1, 2.1.5.2, 2.1.6.1, 2.1.6.2)."""
    named = {one.legal_basis: one.indicator for one in load_rules().in_force(NOW, "mobile_voice")}
    parts = ("2.1.4", "2.1.5.1", "2.1.5.2", "2.1.6.1", "2.1.6.2")
    assert len({named[f"QCVN 36:2022/BTTTT {part}"] for part in parts}) == len(parts)


def test_radio_availability_and_service_availability_are_never_the_same_thing():
    for one in load_rules().rules:
        assert (one.indicator == "radio_availability") <= (one.method is Method.SAMPLES)
        assert (one.indicator == "service_availability") == (one.method is Method.TIME)
        assert (one.method is Method.TIME) == (one.weight is not None)


def test_mobile_data_has_no_legal_availability_over_time():
    data = {"mobile_data", "mobile_data_3g", "mobile_data_4g", "mobile_data_5g"}
    assert not [
        one for one in load_rules().rules if one.service in data and one.indicator == "service_availability"
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2010, 12, 31), None),
        (date(2011, 1, 1), "V36-11-DROP"),
        (date(2016, 6, 30), "V36-11-DROP"),
        (date(2016, 7, 1), "V36-15-DROP"),
        (date(2023, 6, 30), "V36-15-DROP"),
        (date(2023, 7, 1), "V36-22-DROP"),
        (NOW, "V36-22-DROP"),
    ],
)
def test_each_day_has_the_version_of_that_day(day, expected):
    found = [one.id for one in load_rules().in_force(day, "mobile_voice") if one.rule == "V36-DROP"]
    assert found == ([expected] if expected else [])


def test_versions_that_overlap_are_told_with_both_rows(rules_of):
    rules_of(rule(id="T-1", in_force_to="2024-01-01"), rule(id="T-2", in_force_from="2024-01-01"))
    directory = rules_of(rule(id="T-3", in_force_from="2025-05-01", in_force_to="2025-05-02"), file="b.yaml")
    assert lines_of(directory) == (
        (
            "a.yaml: T-2 (2024-01-01 to today) overlaps T-3 (2025-05-01 to 2025-05-02) in b.yaml:"
            " both are versions of T"
        ),
    )


def test_a_figure_that_stands_twice_is_an_error_and_not_the_last_one(rules_of):
    file = rules_of(rule()) / "a.yaml"
    file.write_text(file.read_text() + "  threshold: '9.95'\n")
    (line,) = lines_of(file.parent)
    assert line.startswith("a.yaml: ")
    assert "threshold stands twice" in line


def test_a_file_under_another_ending_is_not_passed_over(rules_of):
    directory = rules_of(rule())
    (directory / "b.yml").write_text("rules: []")
    assert lines_of(directory) == ("b.yml: is not read: rename it to b.yaml",)


def test_all_that_is_wrong_is_told_in_one_pass(rules_of):
    rules_of(
        rule(treshold="99"),
        rule(weight=None),
        rule(threshold=None),
        rule(consequence={"article": "x", "from_vnd": 3}),
    )
    (directory := rules_of(rule(), rule(), file="b.yaml")).joinpath("c.yaml").write_text("rules: [")
    found = lines_of(directory)
    assert [line.split(":")[0] for line in found] == ["a.yaml"] * 4 + ["c.yaml", "b.yaml"]
    assert "a.yaml: rules.0.treshold: Extra inputs are not permitted" in found
    assert "a.yaml: rules.1: an indicator over time needs a weight: station, cells or subscribers" in found
    assert "a.yaml: rules.2: confidence is `missing` exactly when there is no threshold" in found
    assert "b.yaml: T-1: stands in b.yaml too" in found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"period": "campaign"}, "needs a period of the calendar"),
        ({"indicator": "radio_availability"}, "service_availability is a share of time"),
        ({"method": "samples", "weight": None}, "service_availability is a share of time"),
        ({"indicator": "radio_availability", "method": "ratio", "weight": None}, "a share of samples"),
        ({"indicator": "x", "method": "percentile", "weight": None}, "`percentile` says which one"),
    ],
)
def test_a_rule_file_can_not_mix_up_time_and_samples(rules_of, changes, said):
    assert said in lines_of(rules_of(rule(**changes)))[0]


def test_a_directory_without_rules_is_no_empty_set_of_rules(tmp_path):
    assert "no rules" in lines_of(tmp_path)[0]
    assert "no such directory" in lines_of(tmp_path / "absent")[0]


def level(value, enterprise="viettel", indicator="service_availability", **dates) -> DeclaredLevel:
    return DeclaredLevel(enterprise, "mobile_voice", indicator, value, **dates)


@pytest.mark.parametrize(
    ("levels", "threshold", "kind"),
    [
        ([], "99.5", Kind.LEGAL),
        ([level(99.9)], "99.9", Kind.DECLARED),
        ([level(99.6), level(99.9)], "99.9", Kind.DECLARED),
        ([level(99.5)], "99.5", Kind.LEGAL),
        ([level(99.0)], "99.5", Kind.LEGAL),
        ([level(99.9, enterprise="vnpt")], "99.5", Kind.LEGAL),
        ([level(99.9, valid_from=date(2026, 11, 24))], "99.5", Kind.LEGAL),
        ([level(99.9, valid_to=NOW)], "99.5", Kind.LEGAL),
        ([level(99.9, valid_from=NOW)], "99.9", Kind.DECLARED),
        ([level(99.9, indicator="radio_availability")], "99.5", Kind.LEGAL),
    ],
)
def test_the_enterprises_own_level_counts_where_it_is_stricter(levels, threshold, kind):
    (found,) = [one for one in load_rules().applicable(NOW, "viettel", levels) if one.rule.id == "V36-22-D"]
    assert (found.threshold, found.kind) == (Decimal(threshold), kind)


def test_stricter_means_less_where_less_is_asked_for():
    found = {
        one.rule.id: one
        for one in load_rules().applicable(NOW, "viettel", [level(1.5, indicator="dropped_calls")])
    }
    assert found["V36-22-DROP"].threshold == Decimal("1.5")
    assert found["V36-22-DROP"].may_judge, "what the enterprise itself declared is sure"


def test_a_missing_figure_is_the_declared_one_or_none():
    own = DeclaredLevel("viettel", "mobile_data", "mean_download", 25.0)
    with_level, without = (
        next(one for one in load_rules().applicable(NOW, "viettel", levels) if one.rule.id == "D81-19-DL")
        for levels in ([own], [])
    )
    assert (with_level.threshold, with_level.may_judge) == (Decimal("25.0"), True)
    assert (without.threshold, without.may_judge) == (None, False)


def test_the_digest_changes_with_any_content_and_not_with_the_files(rules_of, tmp_path):
    one, other = rule(), rule(id="U-1", rule="U")
    together = load_rules(rules_of(one, other)).digest
    rules_of(one)
    assert load_rules(rules_of(other, file="b.yaml")).digest == together
    assert load_rules(rules_of(other | {"note": "changed"}, file="b.yaml")).digest != together


def test_fields_that_came_later_leave_the_digest_of_rules_without_them_as_it_was(rules_of):
    one = load_rules(rules_of(rule()))
    former = [
        {k: v for k, v in one.rules[0].model_dump(mode="json").items() if k not in ("percentile", "quantity")}
    ]
    assert one.digest == f"sha256:{sha256(canonical_json(former).encode()).hexdigest()}"
    paid = {"article": "Art. 1", "from_vnd": 1, "to_vnd": 2}
    (before,), (after,) = (
        load_rules(rules_of(rule(consequence=paid | more))).rules
        for more in ({}, {"since": date(2026, 7, 1)})
    )
    dumped = before.model_dump(mode="json", exclude={"percentile", "quantity"}) | {"consequence": paid}
    assert Rules((before,)).digest == f"sha256:{sha256(canonical_json([dumped]).encode()).hexdigest()}"
    assert Rules((after,)).digest != Rules((before,)).digest
    asked = rule(indicator="x", method="percentile", weight=None, percentile="5", quantity="download")
    fifth, tenth = (load_rules(rules_of(asked | {"percentile": number})) for number in ("5", "10"))
    assert fifth.digest != tenth.digest


days = st.none() | st.dates(date(2000, 1, 1), date(2000, 3, 1))


@given(days, days, days, days, st.dates(date(1999, 12, 1), date(2000, 4, 1)))
def test_versions_overlap_exactly_when_some_day_has_both(a_from, a_to, b_from, b_to, day):
    try:
        one = Rule(**rule(in_force_from=a_from, in_force_to=a_to))
        other = Rule(**rule(in_force_from=b_from, in_force_to=b_to))
    except ValueError:
        return
    every = [date.fromordinal(n) for n in range(date(1999, 12, 1).toordinal(), date(2000, 4, 1).toordinal())]
    both = any(one.in_force_on(d) and other.in_force_on(d) for d in every)
    assert one.overlaps(other) == other.overlaps(one) == both
    assert not (one.in_force_on(day) and other.in_force_on(day)) or both


@pytest.mark.parametrize("service", ["fixed_broadband", "fixed_voice", "mobile_voice", "leased_line"])
def test_only_service_availability_is_reported_in_seconds_and_in_nothing_else(service):
    known = load_rules().indicators([replace(level(99.9), service=service)])
    start = datetime(2026, 7, 1, tzinfo=UTC)
    whole = {"from": start, "to": start + timedelta(days=1)}

    def fault(indicator, **counts):
        data = {"service": service, "indicator": indicator, "unit": "20", "period": whole, **counts}
        return known.fault(MeasurementData.model_validate(data))

    d, share = "service_availability", {"numerator": 99, "denominator": 100}
    assert fault(d, **share, counted_in="seconds") is None
    for refused in (share, {"value": 99.0, "samples": 100}):
        code, detail = fault(d, **refused)
        assert (code, "in seconds" in detail) == (Refusal.INVALID, True)
    for one, other in known.forms:
        if one == service and other != d:
            assert fault(other, **share, counted_in="seconds")[0] is Refusal.INVALID
