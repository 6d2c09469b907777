"""A received report against the Department's own figures: each value with what stands here, and by how much they differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from processors.core.verdict import Reason
from processors.indicator_findings import in_unit
from processors.indicators import IndicatorVerdict
from processors.verdicts import PeriodVerdict
from schemas.events import ArchivedReport
from schemas.rules import SERVICE_AVAILABILITY, Method
from schemas.status import Track

# As exact as floating point tells two figures apart.
_ROUNDING: Final = 1e-9
# Our sums are of something else than the whole period then: parts of it are missing, or count twice.
_NOT_ITS_SUM: Final = frozenset({Reason.OVERLAP, Reason.PART_OF_PERIOD, Reason.NO_SUM})
_NOT_ITS_TIME: Final = frozenset({Reason.NO_WEIGHT, Reason.WEIGHT_CHANGED, Reason.NO_THRESHOLD})


class Against(StrEnum):
    """What a value is held against.

    Vietnamese: độ khả dụng đo được, số liệu đo kiểm của Sở, số liệu doanh nghiệp đã gửi, không có số liệu đối chiếu.
    """

    AVAILABILITY = "measured_availability"
    CAMPAIGN = "department_measurement"
    OWN_DATA = "enterprise_data"
    NOTHING = "nothing_here"


@dataclass(frozen=True, slots=True)
class Compared:
    """A reported value beside our own; in the indicator's unit, availabilities in percent.

    `least` and `most` are what it may be by what is known here: A_min and A_max, or the figure itself. `differs` is
    None where nothing decides that: nothing is known here, or only the Department's samples, which are others than the
    enterprise's.
    """

    name: str
    reported: float
    against: Against
    own: float | None = None
    least: float | None = None
    most: float | None = None
    differs: bool | None = None

    @property
    def difference(self) -> float | None:
        """Reported less own; None without an own figure."""
        return None if self.own is None else round(self.reported - self.own, 9)


def compared(
    report: ArchivedReport, verdicts: Iterable[PeriodVerdict], indicators: Iterable[IndicatorVerdict] = ()
) -> Iterator[Compared]:
    """Every value of the report, by name.

    A value stands under `SERVICE.INDICATOR`; availability D also under `SERVICE.D`. Within the bounds of availability both
    may be right: what is unknown here decides nothing. The data that the enterprise sent gives one figure: a report differs
    when it is not that, as exactly as it was written, and when the data is of the whole period; of a share of time, when no
    part of the period that was not sent can make it that. To the Department's own samples only the difference is told.
    """
    known: Mapping[str, Compared] = dict(_known(report.subject, verdicts, indicators))
    for name, reported in sorted(report.data.values.items()):
        own = known.get(name)
        if own is None or own.least is None or own.most is None:
            yield Compared(name, reported, Against.NOTHING if own is None else own.against)
            continue
        # As exact as it was reported: 99.5 stands for what rounds to it.
        slack = 0.5 * 10 ** -_decimals(reported) + _ROUNDING
        outside = not own.least - slack <= reported <= own.most + slack
        differs = None if own.against is Against.CAMPAIGN else outside
        yield Compared(name, reported, own.against, own.own, own.least, own.most, differs)


def _known(
    subject: str, verdicts: Iterable[PeriodVerdict], indicators: Iterable[IndicatorVerdict]
) -> Iterator[tuple[str, Compared]]:
    """Our figures by name; of several about one indicator the last counts: what was measured, before what was said."""
    for one in sorted(indicators, key=lambda one: one.track is Track.MEASURED):
        value = in_unit(one.judgement.amount, one.rule)
        if one.enterprise != subject:
            continue
        if one.rule.method is Method.TIME:
            yield from _sent_time(one, value)
        elif value is not None:
            name = f"{one.rule.service}.{one.rule.indicator}"
            against = Against.CAMPAIGN if one.track is Track.MEASURED else Against.OWN_DATA
            whole = None if one.judgement.reason in _NOT_ITS_SUM else value
            yield name, Compared(name, value, against, whole, whole, whole)
    for verdict in verdicts:
        if verdict.enterprise != subject or verdict.subject != verdict.enterprise or not verdict.held:
            continue
        service = verdict.held[-1].by.rule.service
        ratios = verdict.judgement.figure.ratios()
        whole = verdict.judgement.reason not in _NOT_ITS_TIME
        own, least, most = (_percent(ratios[key]) if whole else None for key in ("A", "A_min", "A_max"))
        for name in (f"{service}.D", f"{service}.{SERVICE_AVAILABILITY}"):
            yield name, Compared(name, 0.0, Against.AVAILABILITY, own, least, most)


def _sent_time(verdict: IndicatorVerdict, value: float | None) -> Iterator[tuple[str, Compared]]:
    """D of what no element shows, by the seconds that were sent; what was not observed decides nothing here either."""
    if value is None:
        return
    own = least = most = None
    if verdict.over_time is not None:
        ratios = verdict.over_time.figure.ratios()
        own, least, most = value, *(_percent(ratios[key]) or 0.0 for key in ("A_min", "A_max"))
    against = Against.AVAILABILITY if verdict.track is Track.MEASURED else Against.OWN_DATA
    for name in ("D", SERVICE_AVAILABILITY):
        named = f"{verdict.rule.service}.{name}"
        yield named, Compared(named, value, against, own, least, most)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
