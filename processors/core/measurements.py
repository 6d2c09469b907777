"""Measurements that count: the first per (reporter, subject, service, indicator, unit, period), through its corrections.

Everything here depends on what was received, and on when, never on the order in which it is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from schemas.canonical import canonical_json
from schemas.events import ArchivedMeasurement
from schemas.events.measurement import MeasurementData
from schemas.indicators import Form, form_of
from schemas.status import Track
from schemas.time import to_ms


@dataclass(frozen=True, slots=True)
class Amount:
    """What sums are made of: numerators, or values times their samples; and denominators, or samples. Exact."""

    total: Fraction
    of: int

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.total + other.total, self.of + other.of)

    @property
    def quotient(self) -> Fraction | None:
        """The ratio, or the mean; None where nothing was counted."""
        return self.total / self.of if self.of else None


_PARTS: Final = 1_000
NOTHING: Final = Amount(Fraction(0), 0)
Key = tuple[str, str, str, str, str, int, int]


@dataclass(frozen=True, slots=True)
class Said:
    """One measurement event. Instants are in ms, the period is `[from_ms, to_ms)`; `order` breaks ties of receipt."""

    reporter: str
    track: Track
    source: str
    id: str
    subject: str
    service: str
    indicator: str
    unit: str
    from_ms: int
    to_ms: int
    amount: Amount
    received_ms: int
    replaces: str | None = None
    basis: str | None = None
    form: Form = Form.RATIO
    order: str = ""

    @property
    def key(self) -> Key:
        """What there is one measurement of."""
        return (
            self.reporter,
            self.subject,
            self.service,
            self.indicator,
            self.unit,
            self.from_ms,
            self.to_ms,
        )


class Fate(StrEnum):
    """What became of a measurement. Vietnamese: có hiệu lực, đã đính chính, trùng lặp, đính chính không có hiệu lực."""

    STANDS = "stands"
    REPLACED = "replaced"
    REPEATED = "repeated"
    SUPERSEDED = "corrects what another correction replaced"
    DANGLING = "corrects nothing that counts"


def said(event: ArchivedMeasurement) -> Said:
    """The event as it is counted."""
    data = event.data
    return Said(
        reporter=event.reporter,
        track=event.track,
        source=event.source,
        id=event.id,
        subject=event.subject,
        service=data.service,
        indicator=data.indicator,
        unit=data.unit,
        from_ms=to_ms(data.period.from_),
        to_ms=to_ms(data.period.to),
        amount=amount_of(data),
        received_ms=to_ms(event.receivedtime),
        replaces=data.replaces,
        basis=data.basis,
        form=form_of(data),
        order=canonical_json(data.model_dump(mode="json", by_alias=True, exclude_none=True)),
    )


def amount_of(data: MeasurementData) -> Amount:
    """What the measurement adds to a sum."""
    if data.numerator is not None:
        return Amount(Fraction(data.numerator), data.denominator or 0)
    # As it was written: 0.1 is a tenth.
    written, samples = data.value or 0.0, data.samples or 0
    total = Fraction(Decimal(repr(written))) * samples
    # A mean that has no end is written cut off: of a sum in thousandths, as drive tests have it, it is that sum again.
    near = Fraction(round(total * _PARTS), _PARTS)
    return Amount(near if samples and float(near / samples) == written else total, samples)


def fates(events: Iterable[Said]) -> Iterator[tuple[Said, Fate]]:
    """Every event once and what became of it, by key and receipt; what was sent twice counts as its first receipt."""
    first: dict[tuple[str, str, str], Said] = {}
    for one in events:
        identity = one.reporter, one.source, one.id
        known = first.get(identity)
        if known is None or _order(one) < _order(known):
            first[identity] = one
    by_key: dict[Key, list[Said]] = defaultdict(list)
    for one in first.values():
        by_key[one.key].append(one)
    for key in sorted(by_key):
        yield from _of_key(sorted(by_key[key], key=_order))


def standing(events: Iterable[Said]) -> list[Said]:
    """The measurements that count."""
    return [one for one, fate in fates(events) if fate is Fate.STANDS]


def _of_key(events: list[Said]) -> Iterator[tuple[Said, Fate]]:
    corrections: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(events):
        if one.replaces is not None:
            corrections[one.replaces].append(at)
    found: dict[int, Fate] = {}
    current = next((at for at, one in enumerate(events) if one.replaces is None), None)
    while current is not None:
        following = [
            at for at in corrections.get(events[current].id, ()) if at not in found and at != current
        ]
        found[current] = Fate.REPLACED if following else Fate.STANDS
        found |= dict.fromkeys(following[1:], Fate.SUPERSEDED)
        current = following[0] if following else None
    for at, one in enumerate(events):
        otherwise = Fate.REPEATED if one.replaces is None else Fate.DANGLING
        yield one, found.get(at, otherwise)


def _order(one: Said) -> tuple[int, str, str, str]:
    return one.received_ms, one.order, one.source, one.id


def total(amounts: Iterable[Amount]) -> Amount:
    """Their sum."""
    return sum(amounts, NOTHING)


@dataclass(frozen=True, slots=True)
class Parts:
    """Measurements that add up to the whole: none lies within another.

    `within` are those whose unit and period another one holds. `overlapping` is a pair of which neither holds the other:
    what they share would be counted twice.
    """

    parts: tuple[Said, ...]
    within: tuple[Said, ...] = ()
    overlapping: tuple[Said, Said] | None = None

    @property
    def amount(self) -> Amount:
        """Numerators and denominators summed."""
        return total(one.amount for one in self.parts)


def parts(events: Iterable[Said], upwards: Mapping[str, tuple[str, ...]]) -> Parts:
    """Those of one reporter, subject and indicator that count together.

    Args:
        events: that stand.
        upwards: a unit's code and those above it; a unit that is not there is alone.
    """

    def above(one: Said) -> tuple[str, ...]:
        return upwards.get(one.unit, (one.unit,))

    whole: list[Said] = []
    within: list[Said] = []
    overlapping: tuple[Said, Said] | None = None
    # The one that reaches farthest, of a unit, and of a unit with all below it; whatever holds another comes before it.
    of_unit: dict[str, Said] = {}
    below: dict[str, Said] = {}
    for one in sorted(events, key=lambda one: (one.from_ms, -one.to_ms, len(above(one)), one.unit)):
        nearby = [of_unit[unit] for unit in above(one) if unit in of_unit]
        if any(other.to_ms >= one.to_ms for other in nearby):
            within.append(one)
            continue
        nearby += [below[one.unit]] if one.unit in below else []
        if overlapping is None:
            overlapping = next(((other, one) for other in nearby if other.to_ms > one.from_ms), None)
        whole.append(one)
        of_unit[one.unit] = one
        for unit in above(one):
            if unit not in below or below[unit].to_ms < one.to_ms:
                below[unit] = one
    return Parts(tuple(whole), tuple(within), overlapping)
