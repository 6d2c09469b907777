"""Which quality indicators exist, and whose areas are whose: what a measurement is held to at every entrance.

Vietnamese: chỉ tiêu chất lượng dịch vụ, địa bàn.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from schemas.events.measurement import MeasurementData
from schemas.refusal import Refusal
from schemas.registry import Registry

# One text for what does not exist and for what is another's: the answer must not tell them apart.
UNKNOWN_AREA: Final = "unit: none of your areas; the province, or a unit in which you have a station"
_TOLD: Final = 3


class Form(StrEnum):
    """How an indicator is given: numerator and denominator, counted or in seconds, or a value with its number of samples."""

    RATIO = "ratio"
    TIME = "time"
    VALUE = "value"


_FIELDS: Final = {
    Form.RATIO: "numerator and denominator, and no `counted_in`",
    Form.TIME: "numerator and denominator in seconds, and `counted_in` as seconds",
    Form.VALUE: "value and samples",
}


def form_of(data: MeasurementData) -> Form:
    """How the measurement is given."""
    if data.numerator is None:
        return Form.VALUE
    return Form.RATIO if data.counted_in is None else Form.TIME


@dataclass(frozen=True, slots=True)
class Indicators:
    """The indicators that may be reported: (service, indicator) and the forms in which it may come."""

    forms: Mapping[tuple[str, str], Collection[Form]] = field(default_factory=dict)

    def fault(self, data: MeasurementData) -> tuple[Refusal, str] | None:
        """Why a measurement is refused, None where its indicator exists and has this form."""
        forms = self.forms.get((data.service, data.indicator))
        if forms is None:
            return Refusal.UNKNOWN_INDICATOR, self._unknown(data.service, data.indicator)
        if form_of(data) not in forms:
            return Refusal.INVALID, f"{data.indicator}: give {_FIELDS[next(iter(forms))]}"
        return None

    def _unknown(self, service: str, indicator: str) -> str:
        of_service = sorted(name for one, name in self.forms if one == service)
        if not of_service:
            services = sorted({one for one, _ in self.forms})
            near = get_close_matches(service, services, n=_TOLD) or services
            return f"service: no such service; known are {', '.join(near)}"
        near = get_close_matches(indicator, of_service, n=_TOLD) or of_service[: 2 * _TOLD]
        return f"indicator: {service} has none of that name; known are {', '.join(near)}"


def area_fault(data: MeasurementData, enterprise: str, registry: Registry) -> tuple[Refusal, str] | None:
    """Why a measurement of the enterprise is refused, None where its unit is one of the enterprise's areas."""
    if data.unit in registry.areas.get(enterprise, ()):
        return None
    return Refusal.UNKNOWN_AREA, UNKNOWN_AREA
