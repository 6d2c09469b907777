"""Drive-test samples: the counts are those of the good rows, whatever their order, the files they come in, their repetitions."""

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from btswatch.demo.drive_test import rows
from processors.core.measurements import Amount, amount_of, said, standing
from processors.drive_test.campaign import Campaign, CampaignError, figures
from processors.drive_test.columns import COLUMNS
from processors.drive_test.counting import Counting, nearest_rank
from processors.drive_test.reading import read_files
from processors.drive_test.sample import RowFault
from processors.rules import Rules, load_rules
from schemas.events import ARCHIVED
from schemas.events.measurement import MeasurementData
from schemas.rules import Rule
from schemas.time import LocalCalendar, parse_rfc3339, to_ms

NAMES = ("a", "b")
NOW = to_ms(parse_rfc3339("2026-11-01T00:00:00+07:00"))
CALENDAR = LocalCalendar()
P5 = Rule.model_validate(
    {
        "id": "P5-1",
        "rule": "P5",
        "version": "1",
        "title": "p",
        "title_vi": "p",
        "service": "mobile_data",
        "indicator": "download_p5",
        "method": "percentile",
        "percentile": "5",
        "quantity": "download",
        "comparator": "at_least",
        "threshold": "5",
        "unit": "mbps",
        "period": "campaign",
        "legal_basis": "a test",
        "kind": "legal",
        "confidence": "high",
        "note": "a test",
    }
)
RULES = Rules((*load_rules().rules, P5))


def count(directory, files, rules=RULES):
    """(what became of the rows, the figures, refused rows) of files given as lists of lines."""
    paths = []
    for number, lines in enumerate(files):
        path = directory / f"{number}.csv"
        path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
        paths.append(path)
    counting, refused = Counting(NAMES, rules, CALENDAR), []
    read = read_files(paths, counting, NAMES, NOW, directory, lambda *told: refused.append(told))
    return read, list(figures(counting, rules)), refused


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("campaign")


def amounts(found):
    return {(one.enterprise, one.service, one.indicator, one.first, one.end): one.amount for one in found}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32))
def test_order_files_and_repetitions_change_no_figure(directory, seed):
    r = Random(seed)
    lines = list(rows(NAMES, date(2026, 9, 30), r.randrange(1, 60), seed))[1:]
    once = count(directory, [lines])
    again = r.choices(lines, k=r.randrange(9))
    mixed = [*lines, *again]
    r.shuffle(mixed)
    cut = r.randrange(len(mixed) + 1)
    read, found, refused = count(directory, [mixed[:cut], mixed[cut:]])
    assert found == once[1]
    assert (read.good, read.rows, read.refused) == (
        len(lines),
        len(mixed),
        Counter({RowFault.DUPLICATE: len(again)} if again else {}),
    )
    assert len(refused) == len(again)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 80))
def test_the_whole_is_the_sum_of_its_parts(directory, seed, cut):
    lines = list(rows(NAMES, date(2026, 9, 30), 81, seed))[1:]
    whole = amounts(count(directory, [lines])[1])
    halves = [amounts(count(directory, [part])[1]) for part in (lines[:cut], lines[cut:])]
    for key, amount in whole.items():
        if not key[2].endswith("_p5"):
            parts = [half.get(key, Amount(Fraction(0), 0)) for half in halves]
            assert parts[0] + parts[1] == amount


def by_the_letter(lines):
    """The counts of one day straight from the text."""
    found = Counter()
    for line in lines:
        _, _, _, owner, technology, signal, download, _, outcome = line.split(",")
        if technology in ("3G", "4G") and signal:
            level = -100 if technology == "3G" else -121
            found[owner, "signals"] += 1
            found[owner, "available"] += float(signal) >= level
        if outcome:
            found[owner, "calls"] += 1
            found[owner, outcome] += 1
        if download and technology == "5G":
            found[owner, "5g"] += 1
            found[owner, "5g from 30"] += float(download) >= 30
            found[owner, "5g kbps"] += round(float(download) * 1000)
    return found


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32))
def test_every_indicator_is_what_its_name_says(directory, seed):
    lines = list(rows(NAMES, date(2026, 9, 30), 300, seed, {"b": 20.0}))[1:]
    found, text = amounts(count(directory, [lines])[1]), by_the_letter(lines)
    days = {(date(2026, 9, 30), date(2026, 10, 1))}
    assert {key[3:] for key in found} == days

    def of(owner, service, indicator):
        return found.get((owner, service, indicator, *next(iter(days))), Amount(Fraction(0), 0))

    for owner in NAMES:
        calls, failed, dropped = (text[owner, name] for name in ("calls", "failed", "dropped"))
        assert of(owner, "mobile_voice", "call_setup_failure") == Amount(Fraction(failed), calls)
        assert of(owner, "mobile_voice", "dropped_calls") == Amount(Fraction(dropped), calls - failed)
        radio = Amount(Fraction(text[owner, "available"]), text[owner, "signals"])
        assert of(owner, "mobile_data", "radio_availability") == radio
        assert of(owner, "mobile_data_5g", "samples_from_30_mbps") == Amount(
            Fraction(text[owner, "5g from 30"]), text[owner, "5g"]
        )
        assert of(owner, "mobile_data_5g", "mean_download") == Amount(
            Fraction(text[owner, "5g kbps"], 1000), text[owner, "5g"]
        )
        speeds = sorted(
            float(line.split(",")[6])
            for line in lines
            if line.split(",")[3] == owner and line.split(",")[4] in ("3G", "4G") and line.split(",")[6]
        )
        if speeds:
            lowest = Fraction(str(speeds[-(-len(speeds) * 5 // 100) - 1]))
            assert of(owner, "mobile_data", "download_p5") == Amount(lowest * len(speeds), len(speeds))


@given(
    st.lists(st.integers(0, 50), min_size=1), st.sampled_from([*map(Decimal, ("1", "5", "50", "95", "99.5"))])
)
def test_a_percentile_is_the_least_value_that_reaches_its_rank(values, percentile):
    found = nearest_rank(Counter(values), percentile)
    assert sum(one <= found for one in values) * 100 >= percentile * len(values)
    assert sum(one < found for one in values) * 100 < percentile * len(values)


def archived(planned, at):
    added = {"receivedtime": CALENDAR.format(at), "track": "measured", "reporter": "department"}
    return [said(ARCHIVED.validate_python({**one, **added})) for one in planned.events]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32))
def test_after_an_import_exactly_its_figures_stand_and_the_same_again_sends_nothing(directory, seed):
    r = Random(seed)
    campaign = Campaign("c", "20", "a test", CALENDAR)
    known = []
    for round_ in range(3):
        lines = list(rows(NAMES, date(2026, 9, 30), r.randrange(1, 60), r.randrange(5)))[1:]
        found = [one for one in count(directory, [lines])[1] if not one.indicator.endswith("_p5")]
        known += archived(campaign.plan(found, known, correct=True), NOW + 1000 * round_)
        stand = {one.key[1:4]: one.amount for one in standing(known) if one.amount.of}
        told = {
            (one.enterprise, one.service, one.indicator): amount_of(
                MeasurementData.model_validate(
                    campaign._event(campaign._key(one), one.form, one.amount, one.last_ms, None, 0)["data"]
                )
            )
            for one in found
        }
        assert stand == told
        r.shuffle(known)
        again = campaign.plan(found, known)
        assert (again.events, again.unchanged) == ((), len(found))


def test_other_figures_of_the_same_days_are_never_replaced_unasked(directory):
    first, second = (
        count(directory, [list(rows(NAMES, date(2026, 9, 30), 50, seed))[1:]])[1] for seed in (1, 2)
    )
    known = archived(Campaign("c", "20", "a test", CALENDAR).plan(first, []), NOW)
    with pytest.raises(CampaignError, match="with --correct to replace what stands"):
        Campaign("c", "20", "a test", CALENDAR).plan(second, known)
    with pytest.raises(CampaignError, match="department/c has figures of the same days"):
        Campaign("d", "20", "a test", CALENDAR).plan(second, known, correct=True)
    next_day = count(directory, [list(rows(NAMES, date(2026, 10, 1), 50, 2))[1:]])[1]
    assert Campaign("c", "20", "a test", CALENDAR).plan(next_day, known).corrected == 0


@pytest.mark.parametrize(
    ("signal", "available"), [("-100", 1), ("-100.0004", 0), ("-99.9996", 1), ("-100.001", 0)]
)
def test_a_signal_below_the_least_is_not_rounded_up_to_it(directory, signal, available):
    line = f"2026-09-30T08:00:00+07:00,21.85,106.76,a,3G,{signal},4.9999,,"
    found = amounts(count(directory, [[line]])[1])
    radio = [one for key, one in found.items() if key[2] == "radio_availability"]
    assert {int(one.total) for one in radio} == {available}


def test_a_campaign_may_be_moved_to_its_right_area(directory):
    """The figures of the wrong area are taken back, and those of the right one stand under names of their own."""
    found = count(directory, [list(rows(NAMES, date(2026, 9, 30), 50, 1))[1:]])[1]
    known = archived(Campaign("c", "20", "a test", CALENDAR).plan(found, []), NOW)
    moved = archived(Campaign("c", "w", "a test", CALENDAR).plan(found, known, correct=True), NOW + 1)
    assert not {one.id for one in known} & {one.id for one in moved}
    stand = [one for one in standing([*known, *moved]) if one.amount.of]
    assert {one.unit for one in stand} == {"w"}
    assert len(stand) == len(found)


def test_a_sample_of_a_clock_that_was_never_set_is_refused(directory):
    line = next(one for one in rows(NAMES, date(2026, 9, 30), 5, 1) if one.startswith("2026"))
    rest = line.partition(",")[2]
    old = [f"{year}-01-01T00:00:00Z,{rest}" for year in ("0001", "1970", "1999", "2000")]
    read, _, refused = count(directory, [[line, *old]])
    assert (read.good, [(one[1], one[2]) for one in refused]) == (2, [(n, RowFault.TIME) for n in (3, 4, 5)])


@given(st.lists(st.integers(0, 20_000_000), min_size=1, max_size=50))
def test_a_mean_that_was_sent_is_the_sum_that_it_was_made_of(kbps):
    """A third has no end as a float: three samples of a day, and one of the next, may meet a threshold exactly."""
    total, samples = Fraction(sum(kbps), 1_000), len(kbps)
    data = MeasurementData.model_validate(
        {
            "service": "mobile_data_5g",
            "indicator": "mean_download",
            "unit": "20",
            "period": {"from": "2026-09-30T00:00:00+07:00", "to": "2026-10-01T00:00:00+07:00"},
            "value": float(total / samples),
            "samples": samples,
        }
    )
    assert amount_of(data) == Amount(total, samples)


@pytest.mark.parametrize(("value", "samples"), [(0.3333, 3), (0.1, 3), (50.0, 7), (1e-7, 10), (0.12345, 1)])
def test_a_value_is_what_was_written(value, samples):
    data = MeasurementData.model_construct(value=value, samples=samples, numerator=None)
    assert amount_of(data).total == Fraction(repr(value)) * samples
