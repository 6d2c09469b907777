"""From results to lines: pure, the same for live results, closed days and what is made again from the archive.

Every point lies on a fixed place of its grid (day, hour, minute, the change's own moment), so that writing it again changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from processors.sinks.influx.decided import Counted, changed_values, decision_values
from processors.sinks.influx.guard import PROVINCE, RefusedSeriesError, SeriesGuard
from processors.sinks.influx.lines import Value, fields, line
from processors.sinks.influx.sums import dark_values, day_values, figure_of, reconciliation_values
from processors.sinks.ledger_messages import Gone, Item, Share
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.dead_letters import DeadLetter
from schemas.figures import Figure, total_of
from schemas.influx import MEASUREMENT
from schemas.registry import Element, Registry
from schemas.status import Reading
from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.ledger.closings import ClosedDay
from stores.ledger.enterprise_word import DeclaredTime
from stores.ledger.feed_shares import FeedShare
from stores.ledger.feeds import LateEvidence as Proposal
from stores.ledger.figures import FINAL, DayFigure
from stores.ledger.findings import Finding
from stores.ledger.history import Transition
from stores.ledger.province_view import ElementNow

NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})
_US: Final = 1_000
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_SECONDS: Final = {
    Reading.UP: "up_s",
    Reading.DEGRADED: "degraded_s",
    Reading.DOWN: "down_s",
    Reading.PLANNED: "planned_s",
    Reading.UNKNOWN: "unknown_s",
}


@dataclass(frozen=True, slots=True)
class PointMaker:
    """Makes lines. All methods may raise `RefusedSeriesError`, for a point whose series may not exist."""

    guard: SeriesGuard
    registry: Registry
    calendar: LocalCalendar

    def place(self, item: Item) -> object:
        """Where the item's points lie: what is written there later takes its place."""
        match item:
            case ElementNow():
                return ElementNow, item.element, self.calendar.day_of(item.updated_ms)
            case Share(share):
                return Share, share.reporter, share.partition, share.as_of_ms // _MINUTE_MS
            case Finding():
                return Finding, item.key
            case Proposal():
                return Proposal, item.journal_offset
            case Gone():
                return Gone, item.element
            case _:
                return type(item), item.element, item.day

    def changes(self, element: str, day: date, found: Iterable[Transition]) -> dict[int, str]:
        """The lines of a local day's changes, by their moment (ms)."""
        series, measurement = self.guard.element("state", element, day), MEASUREMENT["state"]
        return {
            one.at_ms: line(
                series,
                fields(measurement, {"state": int(one.after), "cause": one.cause or ""}),
                one.at_ms * _US,
            )
            for one in found
        }

    def day_start(self, figure: DayFigure) -> Iterator[str]:
        """The state that the day begins with, so that it can be read without the days before it."""
        if figure.runs:
            start_ms, _, reading = figure.runs[0]
            series = self.guard.element("state", figure.element, figure.day)
            values: dict[str, Value] = {"state": int(reading), "day_start": True}
            yield line(series, fields(MEASUREMENT["state"], values), start_ms * _US)

    def figure(self, figure: DayFigure) -> str:
        """A day's figure."""
        return self.counted(Counted(figure))

    def counted(self, one: Counted) -> str:
        """A day's figure, with what was decided about it once it was closed."""
        figure = one.official
        series = self.guard.element("figure", figure.element, figure.day)
        values = day_values(one.figure, final=figure.state == FINAL) | changed_values([one])
        return line(series, fields(MEASUREMENT["figure"], values), self.calendar.start_of(figure.day) * _US)

    def decisions(self, one: Counted) -> Iterator[str]:
        """What was decided about a day's figure: a line for each kind of decision."""
        element, day = one.official.element, one.official.day
        for by, values in decision_values(one):
            series = self.guard.decision(element, day, by)
            yield line(series, fields(MEASUREMENT["decision"], values), self.calendar.start_of(day) * _US)

    def hours(self, figure: DayFigure) -> list[str]:
        """The hours of a day, as far as they are counted."""
        series = self.guard.element("availability", figure.element, figure.day)
        return [
            f"{series} {_WHOLE[seconds] if isinstance(seconds, int) else _hour(seconds)} {hour_ms}000"
            for hour_ms, seconds in hours_of(figure.runs).items()
        ]

    def now(self, state: ElementNow) -> str:
        """How an element stands, at the start of the local day that is spoken of."""
        day = self.calendar.day_of(state.updated_ms)
        values: dict[str, Value | None] = {
            "state": int(state.status),
            "measured": int(state.measured),
            "declared": int(state.declared),
            "since_ms": state.since_ms,
            "as_of_ms": state.updated_ms,
            "cause": state.cause or "",
            **self._place(self.guard.row(state.element, day), day),
        }
        series = self.guard.element("now", state.element, day)
        return line(series, fields(MEASUREMENT["now"], values), self.calendar.start_of(day) * _US)

    def feed(self, share: FeedShare) -> str:
        """What a partition saw of a feed, at the minute."""
        heard = share.last_received_ms
        values = {
            "accepted": share.accepted,
            "refused": share.refused,
            "silent_s": None if heard is None else max(0, share.as_of_ms - heard) // 1000,
        }
        series = self.guard.reporter(share.reporter, share.partition)
        minute_ms = share.as_of_ms // _MINUTE_MS * _MINUTE_MS
        return line(series, fields(MEASUREMENT["feed"], values), minute_ms * _US)

    def dead_letter(self, letter: DeadLetter, offset: int) -> str:
        """One dead letter; `offset` is its own in the topic, and tells those of one millisecond apart."""
        tags = {"entrance": letter.entrance, "code": str(letter.code)}
        values: dict[str, Value] = {"count": 1, "reporter": letter.reporter}
        at_us = to_ms(letter.at) * _US + offset % _US
        return line(self.guard.listed("deadletter", tags), fields(MEASUREMENT["deadletter"], values), at_us)

    def sums(self, finding: Finding) -> list[tuple[str, str]]:
        """A scope's running sums of a day, by measurement; nothing of other periods, which days add up to."""
        if finding.period != "day":
            return []
        day, figure = self.calendar.day_of(finding.from_ms), figure_of(finding.content["figure"])
        return self._sums(finding.scope, finding.subject, finding.kind, day, figure, final=False)

    def scopes(
        self, day: date, counted: Sequence[Counted], word: Mapping[tuple[str, str], DeclaredTime]
    ) -> Iterator[tuple[str, str]]:
        """The sums of a closed day's figures, by every scope and kind; each line with its measurement.

        `word` is what enterprises declared, and declared late, by enterprise and kind.
        """
        found: dict[tuple[str, str, str], list[Counted]] = {}
        for one in counted:
            for scope, id_ in _scopes_of(one.official):
                found.setdefault((scope, id_, one.official.kind), []).append(one)
        for (scope, id_, kind), parts in found.items():
            more: dict[str, Value] = {"elements": len(parts), **changed_values(parts)}
            if scope == "enterprise" and (id_, kind) in word:
                said = word[id_, kind]
                more |= {"told_s": said.declared_s, "late_s": said.late_s}
            try:
                summed = total_of(each.figure for each in parts)
                yield from self._sums(scope, id_, kind, day, summed, final=True, more=more)
            except RefusedSeriesError as error:
                # A unit that the registry lost since: its neighbours' sums are written all the same.
                INFLUX_SKIPPED.counter().labels(error.code).inc()

    def dark(self, day: date, figures: Iterable[DayFigure]) -> Iterator[str]:
        """How long each commune or ward was without any working station on a local day."""
        at_us = self.calendar.start_of(day) * _US
        for unit, values in dark_values(figures):
            if self.registry.unit_on(unit, day) is not None:
                yield line(self.guard.unit("dark", unit), fields(MEASUREMENT["dark"], values), at_us)

    def closed(self, closed: ClosedDay, decisions: str) -> str:
        """That a day's official figures are here, with what was decided about them (a digest); the last line of them."""
        values: dict[str, Value] = {
            "elements": closed.elements,
            "inputs": closed.inputs_digest,
            "registry": closed.registry_digest,
            "decisions": decisions,
        }
        at_us = self.calendar.start_of(closed.day) * _US
        return line("closed", fields(MEASUREMENT["closed"], values), at_us)

    def _sums(
        self,
        scope: str,
        id_: str,
        kind: str,
        day: date,
        figure: Figure,
        *,
        final: bool,
        more: Mapping[str, Value] = NOTHING,
    ) -> list[tuple[str, str]]:
        at_us = self.calendar.start_of(day) * _US
        values = {**day_values(figure, final=final), **more}
        whole = fields(MEASUREMENT["scope"], values)
        found = [("scope", line(self.guard.scope(scope, id_, kind), whole, at_us))]
        for measured, row in reconciliation_values(figure):
            series = self.guard.scope(scope, id_, kind, "reconciliation", measured=measured)
            found.append(("reconciliation", line(series, fields(MEASUREMENT["reconciliation"], row), at_us)))
        return found

    def _place(self, row: Element, day: date) -> dict[str, Value | None]:
        unit = self.registry.unit_on(row.unit, day) if row.unit else None
        lat, lon, place = row.lat, row.lon, "exact"
        if unit is not None and unit.touches_border:
            # Who may see a dashboard is Grafana's business: exact places near the border don't go there.
            lat, lon, place = unit.lat, unit.lon, "unit"
        known = lat is not None and lon is not None
        return {
            "name": row.name,
            "lat": lat if known else None,
            "lon": lon if known else None,
            "place": place if known else None,
        }


def hours_of(runs: Sequence[Sequence[int]]) -> dict[int, int | list[int]]:
    """What each hour (its start in ms) reads that the runs `[from_ms, to_ms, reading]` touch.

    One reading where the whole hour is one, which nearly all are; else the seconds by reading.
    """
    hours: dict[int, int | list[int]] = {}
    for start, end, reading in runs:
        at = start
        while at < end:
            hour = at - at % _HOUR_MS
            following = hour + _HOUR_MS
            if at == hour and following <= end:
                hours[hour] = reading
            else:
                seconds = hours.get(hour)
                if not isinstance(seconds, list):
                    seconds = hours[hour] = [0] * len(Reading)
                seconds[reading] += (min(end, following) - at) // 1000
            at = following
    return hours


def _hour(seconds: Sequence[int]) -> str:
    return fields(MEASUREMENT["availability"], {name: seconds[reading] for reading, name in _SECONDS.items()})


_WHOLE: Final = tuple(_hour([3600 * (one is reading) for one in Reading]) for reading in Reading)
"""The fields of an hour that reads one thing all along, by reading."""


def _scopes_of(one: DayFigure) -> Iterator[tuple[str, str]]:
    yield "enterprise", one.enterprise
    yield PROVINCE, PROVINCE
    if one.unit:
        yield "unit", one.unit
    for name in one.technologies:
        yield "technology", name


def from_text(instant: str) -> int:
    """Milliseconds from RFC 3339, as the server writes times."""
    return to_ms(parse_rfc3339(instant))
