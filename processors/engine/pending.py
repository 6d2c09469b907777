"""What the engine has taken in and not yet written: one place to gather it, one to write it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from processors.core.decode import Decoded
from processors.core.province import Province
from processors.engine.feed_watch import FeedWatch
from processors.engine.intake import Applied
from processors.engine.latest import Latest
from processors.engine.live import Results
from processors.engine.memory import Unsaved
from stores.ledger import feeds, figures, history, positions, province_view
from stores.ledger.feeds import LateEvidence

CONSUMER = "engine"


@dataclass(slots=True)
class Pending:
    """Waits for the next checkpoint; a checkpoint that fails loses none of it."""

    unsaved: Unsaved
    feeds: FeedWatch
    proposals: list[LateEvidence] = field(default_factory=list)

    def save_evidence(self, connection: Connection, horizon: int) -> None:
        """Write the core's state."""
        self.unsaved.save(connection, horizon)

    def save_counts(self, connection: Connection, now_ms: int) -> None:
        """Write feeds, refusals and proposals."""
        feeds.save_feeds(connection, self.feeds.changed(now_ms))
        feeds.count_refused(connection, self.feeds.refusals(), now_ms)
        feeds.save_late(connection, self.proposals)

    def saved(self) -> None:
        """The transaction was committed."""
        self.unsaved.saved()
        self.feeds.stored()
        self.proposals.clear()

    def propose(self, applied: Applied) -> None:
        """Keep evidence that came after its day's close as a proposal."""
        event = applied.event
        if event["type"] == "btswatch.status.v1":
            self.proposals.append(
                LateEvidence(
                    journal_offset=applied.entry.offset,
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


def pending(province: Province, feed_watch: FeedWatch) -> Pending:
    """Nothing gathered yet."""
    return Pending(Unsaved(province), feed_watch)


def save_results(
    connection: Connection, results: Results, latest: Latest, elements: Iterable[str], now_ms: int
) -> None:
    """Write transitions, and the states of these elements."""
    history.replace_transitions(connection, results.transitions)
    shown = [element for element in elements if element in latest.shown]
    province_view.save_states(connection, [latest.state_of(element, now_ms) for element in shown])


def save_figures(connection: Connection, results: Results) -> None:
    """Write provisional figures."""
    figures.save_provisional(connection, list(results.figures.values()))


def save_position(connection: Connection, offset: int, now_ms: int) -> None:
    """Up to here everything is in the ledger."""
    positions.save_position(connection, CONSUMER, offset, now_ms)
