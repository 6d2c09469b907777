"""Samples to counts, by day, enterprise and technology: sums of integers, so order does not matter."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import Final

from processors.core.measurements import Amount
from processors.drive_test.sample import OUTCOMES, TECHNOLOGIES, Sample
from processors.indicators import MINIMUM_SIGNAL, RADIO_AVAILABILITY
from processors.rules import Rules
from schemas.rules import Method, Rule
from schemas.time import LocalCalendar

# What a sample of a technology says something about. A call is a call, whatever carries it.
CALLS: Final = "mobile_voice"
DATA: Final[Mapping[str, tuple[str, ...]]] = {
    "2G": (),
    "3G": ("mobile_data", "mobile_data_3g"),
    "4G": ("mobile_data", "mobile_data_4g"),
    "5G": ("mobile_data_5g",),
}
SIGNAL: Final[Mapping[str, tuple[str, ...]]] = {
    "2G": (CALLS,),
    "3G": (CALLS, *DATA["3G"]),
    "4G": (CALLS, *DATA["4G"]),
    "5G": DATA["5G"],
}
_FROM_MBPS: Final = re.compile(r"samples_from_(\d{1,5})_mbps")
# Percentiles are exact to 10 kbit/s and a hundredth of a dBm: their memory is bounded.
_STEP: Final = 10
Key = tuple[date, str, str, str]


@dataclass(slots=True)
class Tally:
    """Counts of one day, enterprise and technology. `level` is the least signal (thousandths of dBm), where one is known."""

    level: int | None = None
    signals: int = 0
    available: int = 0
    without_level: int = 0
    calls: int = 0
    failed: int = 0
    dropped: int = 0
    downloads: int = 0
    downloaded: int = 0
    uploads: int = 0
    uploaded: int = 0
    last_ms: int = 0
    from_kbps: Counter[int] = field(default_factory=Counter)
    histograms: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))


class Counting:
    """Counts the samples of a campaign.

    Args:
        enterprises: the ids, by the samples' index.
        rules: what is asked for on a day decides what is counted.
        calendar: whose local days.
    """

    def __init__(self, enterprises: Iterable[str], rules: Rules, calendar: LocalCalendar) -> None:
        self._enterprises = tuple(enterprises)
        self._rules = rules
        self._calendar = calendar
        self.tallies: dict[tuple[date, str, str], Tally] = {}
        self._quick: dict[tuple[int, int, int], Tally] = {}
        self.shares = sorted(
            {int(found[1]) for rule in rules.rules if (found := _FROM_MBPS.fullmatch(rule.indicator))}
        )
        self._percentiles = {rule.quantity for rule in rules.rules if rule.method is Method.PERCENTILE}
        self._day = lru_cache(4_096)(lambda quarter: calendar.day_of(quarter * 900_000))

    def add(self, sample: Sample) -> None:
        """Count a sample."""
        # Days begin at full quarters of an hour, everywhere.
        quarter = sample.time_ms // 900_000
        key = quarter, sample.enterprise, sample.technology
        tally = self._quick.get(key)
        if tally is None:
            tally = self._tally(*key)
            if len(self._quick) > 100_000:
                self._quick.clear()
            self._quick[key] = tally
        tally.last_ms = max(tally.last_ms, sample.time_ms)
        if sample.signal is not None:
            if tally.level is None:
                tally.without_level += 1
            else:
                tally.signals += 1
                tally.available += sample.signal >= tally.level
        if sample.outcome is not None:
            tally.calls += 1
            tally.failed += sample.outcome == _FAILED
            tally.dropped += sample.outcome == _DROPPED
        if sample.download is not None or sample.upload is not None:
            self._speeds(tally, sample)
        if self._percentiles:
            self._note(tally, sample)

    def _speeds(self, tally: Tally, sample: Sample) -> None:
        if sample.download is not None:
            tally.downloads += 1
            tally.downloaded += sample.download
            for mbps in self.shares:
                if sample.download >= mbps * 1_000:
                    tally.from_kbps[mbps] += 1
        if sample.upload is not None:
            tally.uploads += 1
            tally.uploaded += sample.upload

    def _note(self, tally: Tally, sample: Sample) -> None:
        values = {"signal": sample.signal, "download": sample.download, "upload": sample.upload}
        for name, value in values.items():
            if name in self._percentiles and value is not None:
                tally.histograms[name][value // _STEP] += 1

    def _tally(self, quarter: int, enterprise: int, technology: int) -> Tally:
        day, name = self._day(quarter), TECHNOLOGIES[technology]
        key = day, self._enterprises[enterprise], name
        if key not in self.tallies:
            self.tallies[key] = Tally(level=_level(self._rules, day, name))
        return self.tallies[key]

    def days(self) -> dict[Key, Amount]:
        """What was counted by (day, enterprise, service, indicator), of the indicators that rules ask for on that day."""
        found: dict[Key, Amount] = defaultdict(lambda: Amount(Fraction(0), 0))
        for (day, enterprise, technology), tally in self.tallies.items():
            asked = {(rule.service, rule.indicator) for rule in self._rules.in_force(day)}
            for service, indicator, amount in _indicators(technology, tally, self.shares):
                if (service, indicator) in asked and amount.of:
                    found[day, enterprise, service, indicator] += amount
        return dict(found)

    def percentiles(self) -> Iterator[tuple[str, Rule, Amount]]:
        """(enterprise, rule, percentile times samples) over the whole campaign, by nearest rank."""
        days = sorted({key[0] for key in self.tallies})
        wanted = self._rules.in_force(days[-1]) if days else []
        for rule in (rule for rule in wanted if rule.method is Method.PERCENTILE and rule.quantity):
            merged: dict[str, Counter[int]] = defaultdict(Counter)
            for (_, enterprise, technology), tally in self.tallies.items():
                services = SIGNAL if rule.quantity == "signal" else DATA
                if rule.service in services[technology]:
                    merged[enterprise].update(tally.histograms.get(str(rule.quantity), {}))
            for enterprise, histogram in sorted(merged.items()):
                if histogram:
                    samples = histogram.total()
                    value = Fraction(nearest_rank(histogram, rule.percentile or Decimal(50)) * _STEP, 1_000)
                    yield enterprise, rule, Amount(value * samples, samples)

    def without_level(self) -> Counter[str]:
        """How many samples of a technology have a signal of which nothing says the least level."""
        found: Counter[str] = Counter()
        for (_, _, technology), tally in self.tallies.items():
            found[technology] += tally.without_level
        return +found


_FAILED: Final = OUTCOMES.index("failed")
_DROPPED: Final = OUTCOMES.index("dropped")


def nearest_rank(histogram: Mapping[int, int], percentile: Decimal) -> int:
    """The least value that at least that many percent of the samples do not exceed."""
    rank = ceil(Fraction(percentile) * sum(histogram.values()) / 100)
    reached = 0
    for value in sorted(histogram):
        reached += histogram[value]
        if reached >= rank:
            return value
    raise ValueError("nothing was counted")


def _indicators(technology: str, tally: Tally, shares: Iterable[int]) -> Iterator[tuple[str, str, Amount]]:
    for service in SIGNAL[technology]:
        yield service, RADIO_AVAILABILITY, Amount(Fraction(tally.available), tally.signals)
    established = tally.calls - tally.failed
    yield CALLS, "call_setup_failure", Amount(Fraction(tally.failed), tally.calls)
    yield CALLS, "call_setup_success", Amount(Fraction(established), tally.calls)
    yield CALLS, "dropped_calls", Amount(Fraction(tally.dropped), established)
    for service in DATA[technology]:
        yield service, "mean_download", Amount(Fraction(tally.downloaded, 1_000), tally.downloads)
        yield service, "mean_upload", Amount(Fraction(tally.uploaded, 1_000), tally.uploads)
        for mbps in shares:
            yield (
                service,
                f"samples_from_{mbps}_mbps",
                Amount(Fraction(tally.from_kbps[mbps]), tally.downloads),
            )


def _level(rules: Rules, day: date, technology: str) -> int | None:
    for rule in rules.in_force(day, f"radio_{technology.lower()}"):
        if rule.indicator == MINIMUM_SIGNAL and rule.threshold is not None:
            return int(rule.threshold * 1_000)
    return None
