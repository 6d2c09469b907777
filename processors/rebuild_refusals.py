"""Why the ledger's days are not made again from the archive: each ends the rebuild before anything wrong is written."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from schemas.audit import AuditEntry
from stores.ledger.closings import ClosedDay

_SHOWN: Final = 10


class BeforeTheArchiveError(Exception):
    """Nobody watched yet: a day without any evidence would become official, and closing would go on from there."""

    def __init__(self, day: date, begins: date | None) -> None:
        super().__init__(
            f"{day}: the archive has nothing at all: is `data` the right directory?"
            if begins is None
            else f"{day}: the archive and what is official begin with {begins}: nothing is made of earlier days"
        )
        self.day = day
        self.begins = begins


class OfficialChangeError(Exception):
    """The archive gives other official figures than the ledger holds: changing them is a restatement, not a rebuild."""

    def __init__(self, day: date, elements: Sequence[str]) -> None:
        shown = ", ".join(elements[:_SHOWN]) + (", ..." if len(elements) > _SHOWN else "")
        super().__init__(
            f"{day}: the archive gives other official figures than the ledger holds, of {len(elements)} elements: {shown}"
        )
        self.day = day
        self.elements = elements


class RestatedLostError(Exception):
    """Rows that a person restated are lost: the archive alone does not give them."""

    def __init__(self, day: date, elements: Sequence[str]) -> None:
        super().__init__(
            f"{day}: rows that were restated are not there, of {', '.join(elements[:_SHOWN])}: the archive does not give them; "
            f"take them from a backup"
        )
        self.day = day
        self.elements = elements


class OtherBasisError(Exception):
    """Registry or archive are others than when the day was closed."""

    def __init__(self, closed: ClosedDay, registry_digest: str) -> None:
        what = "the registry or the archive" if closed.registry_digest != registry_digest else "the archive"
        super().__init__(
            f"{closed.day}: {what} gives other evidence than the day was closed from "
            f"(registry then {closed.registry_digest[:15]}, now {registry_digest[:15]}): nothing of it is written"
        )
        self.day = closed.day


class SealBrokenError(Exception):
    """The chain holds a seal of the day, and the rows that stand now are others."""

    def __init__(self, day: date, entry: AuditEntry) -> None:
        super().__init__(
            f"{day}: with what the archive gives, the day's figures are not those that entry {entry.number} of the audit"
            f" chain sealed: btswatch ledger verify"
        )
        self.day = day
        self.entry = entry


class StillImportedError(Exception):
    """History is being imported: nothing of those days can be told yet."""

    def __init__(self, held: date) -> None:
        super().__init__(f"the days from {held} on are still being imported: wait until that is done")
        self.held = held
