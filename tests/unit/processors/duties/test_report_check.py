from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.core.measurements import Amount
from processors.core.verdict import Reason
from processors.duties.report_check import Against, compared
from schemas.events import ArchivedReport
from schemas.figures import Figure
from schemas.rules import Method
from schemas.status import Track


def report(**values) -> ArchivedReport:
    return ArchivedReport.model_validate(
        {
            "specversion": "1.0",
            "type": "btswatch.report.v1",
            "id": "1",
            "source": "alpha/oss",
            "subject": "alpha",
            "time": "2026-10-10T00:00:00Z",
            "data": {"duty": "quality-quarterly", "period": "2026-Q3", "values": values},
            "receivedtime": "2026-10-10T00:00:00Z",
            "track": "declared",
            "reporter": "alpha",
        }
    )


def availability(up, down, unknown, enterprise="alpha", reason=None):
    """A verdict, as far as a report is held against it."""
    figure = Figure(up, 0, down, 0, unknown, 0, None, (0,) * 16)
    held = SimpleNamespace(by=SimpleNamespace(rule=SimpleNamespace(service="mobile_voice")))
    return SimpleNamespace(
        enterprise=enterprise,
        subject=enterprise,
        held=(held,),
        judgement=SimpleNamespace(figure=figure, reason=reason),
    )


def indicator(total, of, track, name="dropped_calls", enterprise="alpha", reason=None):
    rule = SimpleNamespace(service="mobile_voice", indicator=name, unit="percent", method=Method.RATIO)
    amount = Amount(Fraction(total), of)
    return SimpleNamespace(
        enterprise=enterprise, track=track, rule=rule, judgement=SimpleNamespace(amount=amount, reason=reason)
    )


def seconds(up, down, unknown, track):
    """A verdict by seconds that were sent, as far as a report is held against it."""
    rule = SimpleNamespace(
        service="fixed_broadband", indicator="service_availability", unit="percent", method=Method.TIME
    )
    figure = Figure(up, 0, down, 0, unknown, 0, None, (0,) * 16)
    return SimpleNamespace(
        enterprise="alpha",
        track=track,
        rule=rule,
        judgement=SimpleNamespace(amount=Amount(Fraction(up), up + down)),
        over_time=SimpleNamespace(figure=figure),
    )


def told(found):
    return [(one.name.rpartition(".")[2], one.against, one.differs) for one in found]


@pytest.mark.parametrize(
    ("reported", "differs"),
    [(99.0, False), (98.9, True), (99.5, False), (99.6, True), (98.96, True), (99.2, False)],
)
def test_availability_is_held_against_what_it_may_be(reported, differs):
    (found,) = compared(report(**{"mobile_voice.D": reported}), [availability(9900, 50, 50)])
    assert (found.against, found.differs) == (Against.AVAILABILITY, differs)
    assert (found.least, found.most) == (99.0, 99.5)


def test_a_figure_may_be_written_with_few_places():
    (found,) = compared(report(**{"mobile_voice.D": 99.3}), [availability(9934, 66, 0)])
    assert found.differs is False
    (found,) = compared(report(**{"mobile_voice.D": 99.30001}), [availability(9934, 66, 0)])
    assert found.differs is True


@pytest.mark.parametrize(("reported", "differs"), [(1e-05, True), (3e-05, False), (2.9e-05, True)])
def test_a_small_figure_is_as_exact_as_it_was_written(reported, differs):
    """Billing errors are held to 0.01 %: such shares are written with an exponent."""
    own = indicator(3, 10_000_000, Track.DECLARED)
    (found,) = compared(report(**{"mobile_voice.dropped_calls": reported}), [], [own])
    assert found.differs is differs


def test_a_large_figure_is_exact_to_the_unit():
    (found,) = compared(
        report(**{"mobile_voice.dropped_calls": 1e16}), [], [indicator(3, 10, Track.DECLARED)]
    )
    assert found.differs is True


def test_what_it_sent_itself_is_held_against_it_and_the_departments_samples_are_told():
    own, campaign = indicator(3, 1000, Track.DECLARED), indicator(9, 1000, Track.MEASURED)
    one = report(**{"mobile_voice.dropped_calls": 0.3})
    assert told(compared(one, [], [own])) == [("dropped_calls", Against.OWN_DATA, False)]
    assert told(compared(report(**{"mobile_voice.dropped_calls": 0.2}), [], [own])) == [
        ("dropped_calls", Against.OWN_DATA, True)
    ]
    for order in ([own, campaign], [campaign, own]):
        (found,) = compared(one, [], order)
        assert (found.against, found.differs, found.difference) == (Against.CAMPAIGN, None, -0.6)


@pytest.mark.parametrize("reason", [Reason.PART_OF_PERIOD, Reason.OVERLAP, Reason.NO_SUM])
def test_a_sum_of_other_than_the_whole_period_is_nothing_to_hold_a_report_against(reason):
    one = report(**{"mobile_voice.dropped_calls": 0.2})
    month = indicator(3, 1000, Track.DECLARED, reason=reason)
    assert told(compared(one, [], [month])) == [("dropped_calls", Against.OWN_DATA, None)]
    whole = indicator(3, 1000, Track.DECLARED, reason=Reason.NO_THRESHOLD)
    assert told(compared(one, [], [whole])) == [("dropped_calls", Against.OWN_DATA, True)]
    overlapping = seconds(9900, 50, 50, Track.DECLARED)
    overlapping.over_time = None
    (found,) = compared(report(**{"fixed_broadband.D": 90.0}), [], [overlapping])
    assert found.differs is None


@pytest.mark.parametrize("reason", [Reason.NO_WEIGHT, Reason.WEIGHT_CHANGED, Reason.NO_THRESHOLD])
def test_an_availability_of_some_of_its_time_is_nothing_to_hold_a_report_against(reason):
    (found,) = compared(report(**{"mobile_voice.D": 98.0}), [availability(9900, 50, 50, reason=reason)])
    assert (found.against, found.differs) == (Against.AVAILABILITY, None)


def test_what_nothing_is_known_of_is_told_as_such():
    others = [availability(1, 1, 1, "beta")], [indicator(1, 2, Track.DECLARED, enterprise="beta")]
    one = report(**{"mobile_voice.D": 99.0, "x.y": 1.0, "mobile_voice.dropped_calls": 0.3})
    assert {(each.against, each.differs) for each in compared(one, *others)} == {(Against.NOTHING, None)}
    (found,) = compared(report(**{"mobile_voice.D": 99.0}), [availability(0, 0, 0)])
    assert (found.own, found.differs) == (None, None)


@given(st.integers(0, 9000), st.integers(0, 9000), st.integers(0, 9000), st.integers(0, 10_000))
def test_our_own_figure_never_differs_from_itself_and_the_order_of_values_is_nothing(
    up, down, unknown, share
):
    verdict = availability(up, down, unknown)
    ratios = verdict.judgement.figure.ratios()
    values = {"mobile_voice.D": (ratios["A"] or 0) * 100, "a.b": share / 100}
    found = list(compared(report(**values), [verdict]))
    assert found == list(compared(report(**dict(reversed(values.items()))), [verdict]))
    assert [one.differs for one in found if one.name == "mobile_voice.D"] in ([False], [None])


@pytest.mark.parametrize("name", ["fixed_broadband.D", "fixed_broadband.service_availability"])
@pytest.mark.parametrize(
    ("reported", "differs"), [(99.0, False), (98.9, True), (99.2, False), (99.5, False), (99.6, True)]
)
def test_a_share_of_time_is_held_against_the_seconds_that_were_sent(name, reported, differs):
    one = report(**{name: reported})
    (found,) = compared(one, [], [seconds(9900, 50, 50, Track.DECLARED)])
    assert (found.against, found.differs) == (Against.OWN_DATA, differs)
    assert (found.least, found.most) == (99.0, 99.5)
    (found,) = compared(one, [], [seconds(9900, 50, 50, Track.MEASURED)])
    assert (found.against, found.differs) == (Against.AVAILABILITY, differs)
    (found,) = compared(one, [], [seconds(0, 0, 100, Track.DECLARED)])
    assert found.against is Against.NOTHING
