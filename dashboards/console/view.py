"""What the pages show, and the port through which the console reads it.

Everything here is a frozen value, made by one reader per process and shared by all clients. The console never
writes. Instants are milliseconds since the epoch, durations integer seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from schemas.figures import NO_TIME
from schemas.registry import Element
from schemas.status import Reading
from stores.ledger.alarms import Alarm
from stores.ledger.closings import ClosedDay
from stores.ledger.devices import VantageIncident
from stores.ledger.history import Run, Transition
from stores.ledger.periods import PeriodFigure

NO_FIGURE = PeriodFigure("", NO_TIME, 0, final=False)


@dataclass(frozen=True, slots=True)
class Said:
    """What one track says now: its reading, and the last evidence under it (code as in the spec, section 2)."""

    reading: Reading = Reading.UNKNOWN
    at_ms: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class ElementNow:
    """A station or link as it stands: its registry row of today and its live state."""

    element: Element
    enterprise_name: str = ""
    unit_name: str = ""
    state: Reading = Reading.UNKNOWN
    since_ms: int | None = None
    cause: str | None = None
    detail: str | None = None
    measured: Said = Said()
    declared: Said = Said()


@dataclass(frozen=True, slots=True)
class States:
    """Elements as they stand, and the latest instant at which any of them was written (0 before the first)."""

    elements: tuple[ElementNow, ...] = ()
    written_ms: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One period's figures by element id and enterprise id, and the province's. Scopes count stations only."""

    elements: Mapping[str, PeriodFigure] = field(default_factory=dict)
    enterprises: Mapping[str, PeriodFigure] = field(default_factory=dict)
    province: PeriodFigure = NO_FIGURE

    def of(self, element: str) -> PeriodFigure:
        """The element's figure; one without any time where nothing is stored."""
        return self.elements.get(element, NO_FIGURE)


@dataclass(frozen=True, slots=True)
class Place:
    """A commune or ward by its centre. Vietnamese: xã, phường."""

    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class FeedNow:
    """An enterprise's feed. Vietnamese: luồng dữ liệu của doanh nghiệp."""

    enterprise: str
    name: str
    transition: bool = False
    last_life_ms: int | None = None
    last_received_ms: int | None = None
    silent_since_ms: int | None = None
    accepted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class PipelineHealth:
    """How far each part is. `journal_offset` is None where the console can't see the journal."""

    journal_offset: int | None = None
    engine_offset: int = 0
    written_ms: int | None = None
    devices: Mapping[str, int] = field(default_factory=dict)
    incidents: tuple[VantageIncident, ...] = ()
    closed: tuple[ClosedDay, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def lag(self) -> int | None:
        """Journal entries the engine has not read yet."""
        return None if self.journal_offset is None else max(0, self.journal_offset - self.engine_offset)

    @property
    def blind(self) -> tuple[VantageIncident, ...]:
        """Incidents of the regulator's own poller that are open."""
        return tuple(one for one in self.incidents if one.closed_ms is None)


@dataclass(frozen=True, slots=True)
class HistoryProgress:
    """How much of the simulated history has been written, in days."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class History:
    """An element over `[from_ms, to_ms)`: runs of the effective state without a gap, and the exact changes."""

    from_ms: int
    to_ms: int
    runs: tuple[Run, ...]
    transitions: tuple[Transition, ...]


class ProvinceView(Protocol):
    """The console's only source. Its methods block for milliseconds; the console calls them in one thread.

    Counts, worst lists and open outages are drawn from `elements` and `today` (see `summary`), so that they
    can't contradict the tables beside them.
    """

    def elements(self) -> States:
        """Every station and link in service now, also those nobody has heard of."""

    def changed(self, since_ms: int) -> States:
        """Those of them whose live state was written at or after the instant."""

    def places(self) -> tuple[Place, ...]:
        """Today's communes and wards."""

    def today(self) -> Figures:
        """The local day's figures up to now."""

    def month(self) -> Figures:
        """The local month's figures up to now."""

    def feeds(self) -> tuple[FeedNow, ...]:
        """Every enterprise's feed."""

    def history(self, element: str, from_ms: int, to_ms: int) -> History:
        """What the element read over the interval; unknown where nothing is stored."""

    def pipeline_health(self) -> PipelineHealth:
        """How the product itself is."""

    def history_progress(self) -> HistoryProgress | None:
        """Progress of the simulated history; None where there is none or it is complete."""
