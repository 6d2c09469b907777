"""A campaign's counts as measurements of the Department: new ones, unchanged ones, and corrections of what stands."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from processors.core.measurements import NOTHING, Amount, Fate, Key, Said, amount_of, fates
from processors.drive_test.counting import Counting
from processors.rules import FORMS, Rules
from schemas.events.measurement import MeasurementData
from schemas.indicators import Form
from schemas.time import LocalCalendar

REPORTER: Final = "department"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_SHOWN: Final = 5


class CampaignError(Exception):
    """The campaign can't be taken in as it is; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a campaign: whose, of what, over which days `[first, end)`, and when its last sample was taken."""

    enterprise: str
    service: str
    indicator: str
    form: Form
    first: date
    end: date
    amount: Amount
    last_ms: int


@dataclass(frozen=True, slots=True)
class Planned:
    """What an import would send: events as mappings, and how many figures stand as they are."""

    events: tuple[Mapping[str, Any], ...]
    unchanged: int
    corrected: int


def figures(counting: Counting, rules: Rules) -> Iterator[Figure]:
    """Every figure that the samples give, by day; percentiles over the whole campaign."""
    last: dict[tuple[date, str], int] = {}
    for (day, enterprise, _), tally in counting.tallies.items():
        last[day, enterprise] = max(last.get((day, enterprise), 0), tally.last_ms)
    for (day, enterprise, service, indicator), amount in sorted(counting.days().items()):
        asked = rules.in_force(day, service)
        form = next(FORMS[rule.method] for rule in asked if rule.indicator == indicator)
        end = day + timedelta(days=1)
        yield Figure(enterprise, service, indicator, form, day, end, amount, last[day, enterprise])
    days = sorted(day for day, _ in last)
    for enterprise, rule, amount in counting.percentiles():
        at = max(ms for (_, owner), ms in last.items() if owner == enterprise)
        end = days[-1] + timedelta(days=1)
        yield Figure(enterprise, rule.service, rule.indicator, FORMS[rule.method], days[0], end, amount, at)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Makes a campaign's events.

    Attributes:
        name: lower-case letters, digits, `.`, `_`, `-`.
        unit: the area's code, as a rule the province.
        basis: what the figures were counted from.
    """

    name: str
    unit: str
    basis: str
    calendar: LocalCalendar = field(default_factory=LocalCalendar)

    @property
    def source(self) -> str:
        """Of its events."""
        return f"{REPORTER}/{self.name}"

    def plan(self, found: Iterable[Figure], known: Iterable[Said], *, correct: bool = False) -> Planned:
        """What has to be sent so that the figures of these days are these.

        Args:
            found: the campaign's figures.
            known: all measurements so far.
            correct: whether figures that stand otherwise are replaced, and those of these days that are gone
                counted as nothing.

        Raises:
            CampaignError: figures stand otherwise and `correct` is not given, or another campaign has the same days.
        """
        standing: dict[Key, Said] = {}
        # An event's name does not say its area: whoever moves a campaign to another one goes on in the same names.
        chains: Counter[str] = Counter()
        for one, fate in fates(known):
            if one.reporter == REPORTER:
                chains[self._name(one.key)] += 1
                if fate is Fate.STANDS:
                    standing[one.key] = one
        wanted = {self._key(one): one for one in found}
        self._must_be_alone(standing[key] for key in wanted if key in standing)
        days = {key[5:] for key in wanted}
        gone = [
            key
            for key, one in standing.items()
            if key not in wanted and one.source == self.source and key[5:] in days and one.amount.of
        ]
        events: list[Mapping[str, Any]] = []
        differing = [standing[key] for key in gone]
        unchanged = 0
        for key, figure in sorted(wanted.items()):
            before = standing.get(key)
            event = self._event(
                key, figure.form, figure.amount, figure.last_ms, before, chains[self._name(key)]
            )
            if before is not None and before.amount == amount_of(
                MeasurementData.model_validate(event["data"])
            ):
                unchanged += 1
                continue
            events.append(event)
            chains[self._name(key)] += 1
            differing += [before] if before is not None else []
        for key in sorted(gone):
            former = standing[key]
            chain = chains[self._name(key)]
            events.append(self._event(key, former.form, NOTHING, former.from_ms, former, chain))
            chains[self._name(key)] += 1
        if differing and not correct:
            raise CampaignError(
                f"{self.source} has other figures of these days already, such as {_named(differing)};"
                " import all files of these days together, with --correct to replace what stands"
            )
        return Planned(tuple(events), unchanged, len(differing))

    def _must_be_alone(self, known: Iterable[Said]) -> None:
        others = sorted({one.source for one in known if one.source != self.source and one.amount.of})
        if others:
            raise CampaignError(
                f"{others[0]} has figures of the same days, which count: import the files of both as one campaign"
            )

    def _key(self, one: Figure) -> Key:
        start, end = (self.calendar.start_of(day) for day in (one.first, one.end))
        return REPORTER, one.enterprise, one.service, one.indicator, self.unit, start, end

    def _name(self, key: Key) -> str:
        return f"{self.calendar.day_of(key[5])}.{key[1]}.{key[2]}.{key[3]}"

    def _event(
        self, key: Key, form: Form, amount: Amount, at_ms: int, before: Said | None, chain: int
    ) -> Mapping[str, Any]:
        _, enterprise, service, indicator, unit, start, end = key
        named = self._name(key)
        data: dict[str, Any] = {
            "service": service,
            "indicator": indicator,
            "unit": unit,
            "period": {"from": self.calendar.format(start), "to": self.calendar.format(end)},
            "basis": self.basis,
        }
        if form is Form.RATIO:
            data |= {"numerator": int(amount.total), "denominator": amount.of}
        else:
            data |= {"value": float(amount.quotient or 0), "samples": amount.of}
        if before is not None:
            data["replaces"] = before.id
        return {
            "specversion": "1.0",
            "type": "btswatch.measurement.v1",
            "id": f"{named}.{chain + 1}" if chain else named,
            "source": self.source,
            "subject": enterprise,
            "time": self.calendar.format(at_ms),
            "data": data,
        }


def _named(found: Iterable[Said]) -> str:
    return ", ".join(f"{one.subject} {one.service}.{one.indicator}" for one in list(found)[:_SHOWN])
