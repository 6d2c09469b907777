"""From assessments to status events: one per element and poll, a link's as the worse of the ends that can be seen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ingest.snmp.assessment import Assessment, worse
from ingest.snmp.devices import Device, View
from schemas.events.status import StatusData, StatusEvent
from schemas.metrics import POLL_EVENTS
from schemas.status import Status, Track
from schemas.time import from_ms
from stores.entries import entry_of
from stores.journal import NewEntry, Origin

_DETAIL = 1000


@dataclass(frozen=True, slots=True)
class _End:
    assessment: Assessment
    at_ms: int
    valid_for_ms: int


@dataclass(slots=True)
class EvidenceMaker:
    """Makes journal entries. `source` is `<vantage>/snmp/<device>`; an id is the poll's time and the view's number.

    A device has one poll in flight at most, so no id is made twice.

    Args:
        vantage: this poller's name, the events' reporter.
        now_ms: the receiver's clock.
        origin: None for what is observed live.
    """

    vantage: str
    now_ms: Callable[[], int]
    origin: Origin | None = None
    _ends: dict[str, dict[str, _End]] = field(default_factory=dict)
    """Element -> device -> what that end showed last. Only for elements that several devices show."""

    def watch(self, devices: Mapping[str, Device]) -> None:
        """These devices and no others: which elements have several ends."""
        ends: dict[str, dict[str, _End]] = {}
        for device in devices.values():
            for view in device.views:
                known = self._ends.get(view.element, {}).get(device.id)
                ends.setdefault(view.element, {}).update({device.id: known} if known else {})
        several = {view.element for device in devices.values() for view in device.views if view.guessed}
        self._ends = {element: ends[element] for element in several}

    def told(
        self, device: Device, sent_ms: int, at_ms: int, assessments: Mapping[View, Assessment]
    ) -> Iterator[NewEntry]:
        """What an answer says of the device's elements; nothing for those of which it can't say anything."""
        for number, view in enumerate(device.views):
            assessment = assessments.get(view)
            if assessment is None:
                continue
            ends = self._ends.get(view.element)
            if ends is not None:
                ends[device.id] = _End(assessment, at_ms, view.valid_for_ms)
                # An end that can't see the link leaves speaking to the other.
                if assessment.status is not None:
                    assessment = _combined(ends, device.id, at_ms)
            if assessment.status is not None:
                yield self._entry(device, f"{sent_ms}-{number}", view, at_ms, assessment, assessment.status)

    def silence_begins(self, device: Device) -> None:
        """The device can't be seen any more: what it showed of links counts no more."""
        for view in device.views:
            self._ends.get(view.element, {}).pop(device.id, None)

    def silent(self, device: Device, sent_ms: int) -> Iterator[NewEntry]:
        """no_response for the device's elements, except links that are seen from their other end."""
        for number, view in enumerate(device.views):
            # The far end is a guess: a link may never have been visible there.
            if view.guessed or self._seen_elsewhere(view, sent_ms):
                continue
            yield self._entry(
                device, f"{sent_ms}-{number}", view, sent_ms, Assessment(None), Status.NO_RESPONSE
            )

    def _seen_elsewhere(self, view: View, sent_ms: int) -> bool:
        return any(
            end.assessment.status is not None and end.at_ms + end.valid_for_ms > sent_ms
            for end in self._ends.get(view.element, {}).values()
        )

    def _entry(
        self, device: Device, id_: str, view: View, at_ms: int, assessment: Assessment, status: Status
    ) -> NewEntry:
        POLL_EVENTS.counter().labels(status.value).inc()
        event = StatusEvent(
            specversion="1.0",
            id=id_,
            source=f"{self.vantage}/snmp/{device.id}",
            subject=view.element,
            time=from_ms(at_ms),
            type="btswatch.status.v1",
            data=StatusData(
                status=status,
                cause=assessment.cause,
                metrics=dict(assessment.metrics) or None,
                detail=assessment.detail[:_DETAIL] or None,
            ),
        )
        return entry_of(
            event,
            received_ms=self.now_ms(),
            track=Track.MEASURED,
            reporter=self.vantage,
            origin=self.origin,
            remember=False,
        )


def _combined(ends: Mapping[str, _End], asked: str, at_ms: int) -> Assessment:
    """The worse of the ends, with the metrics of the one that was just asked."""
    fresh = [
        end.assessment for id_, end in ends.items() if id_ == asked or end.at_ms + end.valid_for_ms > at_ms
    ]
    worst = worse([assessment for assessment in fresh if assessment.status is not None])
    return Assessment(
        worst.status, worst.cause, ends[asked].assessment.metrics, worst.detail, worst.condition
    )
