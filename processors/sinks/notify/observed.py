"""From messages to what they say of watched conditions. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydantic import TypeAdapter, ValidationError

from processors.sinks.notify.phases import Condition, Phase, Stand
from processors.sinks.port import Message
from schemas.figure_record import FigureRecord
from schemas.live import DayTransitions
from schemas.time import to_ms
from schemas.verdict import Verdict

TOPICS: Final = ("transitions", "findings")
_FINDING: Final[TypeAdapter[Verdict | FigureRecord]] = TypeAdapter(Verdict | FigureRecord)
_OF_STATE: Final = {"down": Condition.HOLDS, "unknown": Condition.UNSURE}
_OF_RESULT: Final = {"fail": Condition.HOLDS, "pass": Condition.GONE}


class UnreadableError(Exception):
    """A message that is none of its topic's."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one message says of one condition.

    Attributes:
        labels: of the alert.
        facts: for its text.
        stamp: changes of a lower stamp are history; of the same stamp they are replaced, of a higher one they follow.
        as_of_ms: of two messages of one stamp the later holds.
        changes: in order of time.
        before: how it stood before the first change, as far as the message says.
    """

    labels: Mapping[str, str]
    stamp: int
    as_of_ms: int
    changes: tuple[tuple[int, Condition], ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    before: Stand = field(default_factory=Stand)


def observed(message: Message, start_of: Callable[[date], int]) -> Observed | None:
    """None where it is nothing to watch.

    Args:
        message: of one of the topics.
        start_of: the instant at which a local day starts.

    Raises:
        UnreadableError: it is no message of its topic.
    """
    try:
        if message.topic == "transitions":
            return _of_transitions(DayTransitions.model_validate_json(message.value), start_of)
        finding = _FINDING.validate_json(message.value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UnreadableError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return _of_verdict(finding, message.at_ms) if isinstance(finding, Verdict) else None


def _of_transitions(day: DayTransitions, start_of: Callable[[date], int]) -> Observed:
    labels = {
        "alertname": "ElementDown",
        "element": day.element,
        "kind": day.kind.value,
        "enterprise": day.enterprise,
        **({"unit": day.unit} if day.unit else {}),
    }
    changes = tuple((to_ms(one.at), _OF_STATE.get(one.to, Condition.GONE)) for one in day.changes)
    was_down = bool(day.changes) and day.changes[0].from_ == "down"
    cause = next((one.cause for one in reversed(day.changes) if one.to == "down" and one.cause), None)
    return Observed(
        labels,
        stamp=day.day.toordinal(),
        as_of_ms=to_ms(day.as_of),
        changes=changes,
        facts={"cause": cause.value} if cause else {},
        before=Stand(Phase.PENDING, start_of(day.day)) if was_down else Stand(),
    )


def _of_verdict(verdict: Verdict, at_ms: int) -> Observed:
    as_of_ms = at_ms if verdict.as_of is None else to_ms(verdict.as_of)
    labels = {
        "alertname": "Finding",
        "enterprise": verdict.enterprise,
        "subject": verdict.subject,
        "period": verdict.period,
        "from": verdict.from_.date().isoformat(),
        **({"kind": verdict.kind.value} if verdict.kind else {}),
        **({"rule": verdict.rule} if verdict.rule else {}),
    }
    facts = {
        "threshold": None if verdict.threshold is None else repr(verdict.threshold),
        "down_s": str(verdict.seconds.down),
        "budget_s": None if verdict.budget_s is None else str(verdict.budget_s),
        "reason": verdict.reason,
    }
    return Observed(
        labels,
        stamp=as_of_ms,
        as_of_ms=as_of_ms,
        changes=((as_of_ms, _OF_RESULT.get(verdict.result, Condition.UNSURE)),),
        facts={name: value for name, value in facts.items() if value is not None},
    )
