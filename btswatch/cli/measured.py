"""Measurements, reports and inspections of an installation, for commands."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from btswatch.cli.configured import directory_of
from btswatch.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.archived_others import NotCounted, Other
    from processors.core.measurements import Said
    from processors.core.periods import CalendarPeriod
    from processors.indicators import IndicatorVerdict
    from processors.rules import Rules
    from schemas.registry import Registry


def others_of(settings: "Settings") -> "Iterator[Other]":
    """The events of `lines_of`."""
    from processors.archived_others import others

    return others(lines_of(settings))


def lines_of(settings: "Settings") -> Iterator[bytes]:
    """What the archive has of them, and of an embedded installation the journal's part that is not archived yet.

    The cluster's archive is fed from Kafka and counts otherwise than the journals of its hosts.
    """
    from processors.archived_others import other_lines
    from stores.archive_files import ArchiveDamagedError
    from stores.journal_errors import JournalError

    directory = directory_of(settings, create=False)
    journal = directory.journal(settings.journal)
    try:
        with ExitStack() as stack:
            beside = settings.form == "embedded" and journal.path.exists()
            there = stack.enter_context(journal) if beside else None
            yield from other_lines(directory.archive(), there)
    except (ArchiveDamagedError, JournalError) as error:
        raise CommandError(Exit.NO, str(error)) from error


def measurements_of(
    settings: "Settings", registry: "Registry", rules: "Rules"
) -> "tuple[list[Said], list[NotCounted]]":
    """All measurements, and those that are not counted with their reason."""
    from processors.archived_others import measured

    return measured(others_of(settings), registry, rules.indicators(registry.declared_levels))


def indicator_verdicts_of(
    settings: "Settings",
    registry: "Registry",
    rules: "Rules",
    period: "CalendarPeriod",
    enterprise: str | None = None,
) -> "list[IndicatorVerdict]":
    """The verdicts on the period's quality indicators; none where there is no data directory yet."""
    from processors.indicators import IndicatorVerdicts
    from schemas.time import LocalCalendar

    counted, _ = measurements_of(settings, registry, rules)
    judging = IndicatorVerdicts(registry, rules, LocalCalendar(settings.zone))
    return list(judging.judge(counted, period, enterprise))


def indicator_line(one: "IndicatorVerdict") -> str:
    """The verdict for people: what was counted, of how many, against what."""
    from processors.indicator_findings import in_unit
    from schemas.rules import Comparator, Method

    judgement, unit = one.judgement, one.rule.unit
    value = in_unit(judgement.amount, one.rule)
    sign = "<=" if one.rule.comparator is Comparator.AT_MOST else ">="
    asked = ", ".join(
        f"{held.by.rule.id} {sign} {held.by.threshold} {unit}"
        + (f" from {held.first}" if len(one.held) > 1 else "")
        for held in one.held
        if held.by.threshold is not None
    )
    reason = f" ({judgement.reason.value})" if judgement.reason else ""
    own = "" if one.own is None else f", its own figure {_number(in_unit(one.own, one.rule))}"
    whose = f"campaign {one.campaign}" if one.campaign else one.track.value
    if one.rule.method is Method.TIME:
        counted, whose = _seconds(one), _WHOSE_SECONDS[one.track.value]
    else:
        counted = f"{_OF[one.rule.method.value]} {judgement.amount.of:,}"
    return (
        f"{one.enterprise:<14} {one.rule.service + '.' + one.rule.indicator:<36}"
        f" {judgement.result.value + reason:<46} {_number(value)} {unit} {counted}"
        f" ({whose}{own})  {asked or one.rule.id}  {one.force.value}"
    )


# A share of samples is never taken for a share of time.
_OF = {"samples": "share of samples,", "ratio": "of", "mean": "mean of", "percentile": "percentile of"}


_WHOSE_SECONDS = {"measured": "measured", "declared": "declared: wholly the enterprise's word"}


def _seconds(one: "IndicatorVerdict") -> str:
    amount = one.judgement.amount
    told = f"share of time, {int(amount.total):,} s of {amount.of:,} s"
    if one.over_time is None:
        return told
    figure = one.over_time.figure
    least, most = ("-" if each is None else f"{each:.3%}" for each in _bounds(figure.ratios()))
    return f"{told}, unknown {figure.unknown:,} s [{least} .. {most}]"


def _bounds(ratios: "Mapping[str, float | None]") -> "tuple[float | None, float | None]":
    return ratios["A_min"], ratios["A_max"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
