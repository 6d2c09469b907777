"""What the last polls of each device came to, for those who look after the devices."""

from dataclasses import dataclass

from ingest.snmp.engine import AgentError, AuthenticationFailed, Failure, Malformed, NoAnswer, Unreachable


@dataclass(frozen=True, slots=True)
class LastPoll:
    """A device as its polls see it.

    Attributes:
        outcome: answered, partial, silent, refused or malformed, as btswatch_polls_total has them. A poll that could not
            be done properly taught nothing of the device and changes nothing here.
        since_ms: the sending of the first poll of the unbroken row with this outcome.
        answered_ms: when it told something last; None: never since the start.
        rtt_ms: round trip of that answer.
        failures: polls in a row that told nothing.
        detail: what stood in the way; holds no secrets.
    """

    outcome: str
    since_ms: int
    answered_ms: int | None
    rtt_ms: int | None
    failures: int
    detail: str | None


class LastPolls:
    """By device, since the start."""

    def __init__(self) -> None:
        self._known: dict[str, LastPoll] = {}

    def told(self, device: str, sent_ms: int, at_ms: int, rtt_ms: int, partial: tuple[str, ...]) -> None:
        """It answered; `partial` names what went unanswered after that."""
        outcome = "partial" if partial else "answered"
        since_ms = self._since(device, outcome, sent_ms)
        detail = "; ".join(partial) or None
        self._known[device] = LastPoll(outcome, since_ms, at_ms, rtt_ms, 0, detail)

    def failed(self, device: str, sent_ms: int, outcome: str, failure: Failure) -> None:
        """It told nothing."""
        before = self._known.get(device)
        self._known[device] = LastPoll(
            outcome,
            self._since(device, outcome, sent_ms),
            before.answered_ms if before else None,
            before.rtt_ms if before else None,
            before.failures + 1 if before else 1,
            _detail(failure),
        )

    def forget(self, device: str) -> None:
        """It is polled no more, or is another device now."""
        self._known.pop(device, None)

    def snapshot(self) -> dict[str, LastPoll]:
        """All devices that were polled."""
        return dict(self._known)

    def _since(self, device: str, outcome: str, sent_ms: int) -> int:
        before = self._known.get(device)
        return before.since_ms if before and before.outcome == outcome else sent_ms


def _detail(failure: Failure) -> str:
    match failure:
        case NoAnswer():
            told = ""
        case Unreachable(detail=detail) | Malformed(detail=detail):
            told = detail
        case AuthenticationFailed(report=report):
            told = report.value
        case AgentError(status=status):
            told = status
        case _:
            told = ""
    name = type(failure).__name__
    return f"{name}: {told}" if told else name
