"""What a partition's session tells, as messages that wait to be sent."""

from collections.abc import Iterable
from datetime import date

from processors.engine.live import Results
from processors.engine.session import Session
from processors.engine.state import ReadAgain
from processors.engine.worker import messages
from processors.engine.worker.messages import Outgoing
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.ledger.figures import DayFigure
from stores.ledger.history import Transition

_Transitions = dict[tuple[str, date], list[Transition]]


class Telling:
    """Messages in the order in which they are to go.

    Args:
        registry: whose the elements are, on each day.
        calendar: of the deployment's zone.
    """

    def __init__(self, registry: Registry, calendar: LocalCalendar) -> None:
        self.outbox: list[Outgoing] = []
        self._registry = registry
        self._calendar = calendar
        # Told since the last checkpoint and not stored yet.
        self._transitions: _Transitions = {}

    def take(self) -> list[Outgoing]:
        """All messages; none wait then."""
        outbox, self.outbox = self.outbox, []
        return outbox

    def take_transitions(self) -> _Transitions:
        """Those that were told since the last call."""
        told, self._transitions = self._transitions, {}
        return told

    def states(self, session: Session, elements: set[str], now_ms: int) -> None:
        """All transitions that were read, and the states of these elements."""
        results, day = session.live.results, date.fromordinal(session.today)
        self._day_transitions(results.transitions, now_ms)
        self._transitions |= results.transitions
        results.transitions.clear()
        for element in sorted(elements):
            if element in session.latest.shown:
                row = self._registry.on(element, day)
                state = session.latest.state_of(element, now_ms)
                unit = None if row is None else row.unit
                self.outbox.append(messages.element_state(state, unit, now_ms))
        # They are to be stored with the next checkpoint.
        results.states |= elements

    def figures(self, results: Results, again: Iterable[ReadAgain], now_ms: int) -> None:
        """Figures that were read, and figures and transitions of days that were read again from what is stored."""
        found: dict[tuple[str, date], DayFigure] = {}
        for one in again:
            found |= {(figure.element, figure.day): figure for figure in one.figures}
            self._day_transitions(one.transitions, now_ms)
        found |= results.figures
        self.outbox += [messages.figure_record(one, self._calendar) for one in found.values()]

    def _day_transitions(self, transitions: _Transitions, now_ms: int) -> None:
        for (element, day), told in transitions.items():
            row = self._registry.on(element, day)
            if row is not None:
                self.outbox.append(messages.day_transitions(row, day, told, now_ms))
