"""What the engine has taken in and not yet written, gathered in one place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from processors.core.decode import Decoded
from processors.core.province import Province
from processors.engine.feed_watch import Feeds
from processors.engine.intake import Applied
from processors.engine.memory import Unsaved
from stores.ledger.feeds import LateEvidence

# What late evidence is known by: the same event has the same number, however often it comes.
Numbering = Callable[[Applied], int]


@dataclass(slots=True)
class Pending:
    """Waits for the next checkpoint; a checkpoint that fails loses none of it."""

    unsaved: Unsaved
    feeds: Feeds
    numbering: Numbering
    proposals: list[LateEvidence] = field(default_factory=list)

    def saved(self) -> None:
        """All of it is stored."""
        self.unsaved.saved()
        self.feeds.stored()
        self.proposals.clear()

    def propose(self, applied: Applied) -> None:
        """Keep evidence that came after its day's close as a proposal."""
        event = applied.event
        if event["type"] == "btswatch.status.v1":
            self.proposals.append(
                LateEvidence(
                    journal_offset=self.numbering(applied),
                    day=date.fromordinal(applied.day),
                    element=event["subject"],
                    reporter=event["reporter"],
                    at_ms=applied.time_us // 1000,
                    received_ms=applied.entry.received_ms,
                    status=event["data"]["status"],
                )
            )

    def note(self, event: Decoded) -> None:
        """Keep a notice."""
        if event["type"] == "btswatch.maintenance.v1":
            self.unsaved.note(event["reporter"], event["data"]["notice"])


def pending(province: Province, feeds: Feeds, numbering: Numbering) -> Pending:
    """Nothing gathered yet."""
    return Pending(Unsaved(province), feeds, numbering)
