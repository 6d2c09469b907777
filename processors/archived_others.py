"""What is neither evidence nor a notice: measurements, reports and inspections, from the archive and what waits for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from processors.core.measurements import Said, said
from schemas.events import ARCHIVED, Archived, ArchivedInspection, ArchivedMeasurement, ArchivedReport
from schemas.indicators import Indicators, area_fault
from schemas.refusal import Refusal
from schemas.registry import Registry
from schemas.status import Track
from stores.archive_names import FAMILY_OF_TYPE, Family
from stores.archive_reader import ArchiveReader
from stores.journal_reader import JournalReader

_TYPES: Final = tuple(
    f'"{name}"'.encode() for name, family in FAMILY_OF_TYPE.items() if family is Family.OTHER
)
_AT_ONCE: Final = 5_000
Other = ArchivedMeasurement | ArchivedReport | ArchivedInspection


@dataclass(frozen=True, slots=True)
class NotCounted:
    """An archived measurement that is not counted: by the rules and the registry of today it would be refused."""

    event: ArchivedMeasurement
    code: Refusal
    detail: str


def other_lines(archive: ArchiveReader, journal: JournalReader | None = None) -> Iterator[bytes]:
    """All lines of the archive's family `other`, by day, then those of the journal that are in no file yet.

    A line that is archived meanwhile may come twice: its identity tells.

    Raises:
        ArchiveDamagedError: a file does not read back.
    """
    offset = archive.durable_offset()
    for day in archive.days():
        yield from archive.read(day, (Family.OTHER,))
    while journal is not None and (found := journal.read(offset, _AT_ONCE, ["event"])):
        offset = found[-1].offset
        yield from (one.body for one in found if any(name in one.body for name in _TYPES))


def others(lines: Iterable[bytes]) -> Iterator[Other]:
    """The events in them; a line that is no event of these types is passed over: the archive's check names it."""
    for line in lines:
        try:
            event: Archived = ARCHIVED.validate_json(line)
        except ValidationError:
            continue
        if isinstance(event, ArchivedMeasurement | ArchivedReport | ArchivedInspection):
            yield event


def measured(
    events: Iterable[Other], registry: Registry, indicators: Indicators
) -> tuple[list[Said], list[NotCounted]]:
    """The measurements, and those of them that are not counted with their reason."""
    counted: list[Said] = []
    refused: list[NotCounted] = []
    for event in events:
        if not isinstance(event, ArchivedMeasurement):
            continue
        fault = indicators.fault(event.data) or _area(event, registry)
        if fault is None:
            counted.append(said(event))
        else:
            refused.append(NotCounted(event, *fault))
    return counted, refused


def _area(event: ArchivedMeasurement, registry: Registry) -> tuple[Refusal, str] | None:
    if event.track is Track.MEASURED and event.subject in registry.enterprises:
        # The Department measures where it likes: also where the enterprise has no station, which is where it is worst.
        known = event.data.unit in registry.units
        return None if known else (Refusal.UNKNOWN_AREA, "unit: the registry has none of that code")
    if event.track is Track.DECLARED and event.subject != event.reporter:
        return Refusal.UNKNOWN_ELEMENT, "subject: not the reporter"
    return area_fault(event.data, event.subject, registry)
