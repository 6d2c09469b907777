"""From the topics' messages to what the ledger stores; a message that says nothing storable is told with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import TypeAdapter, ValidationError

from processors.sinks.port import Message
from schemas.element_state import ElementState
from schemas.figure_record import FigureRecord
from schemas.figures import TRACK_READINGS, Figure
from schemas.live import DayTransitions, FeedActivity, LateEvidence
from schemas.refusal import Refusal
from schemas.status import Reading
from schemas.time import to_ms
from schemas.verdict import Verdict
from stores.ledger.feed_shares import FeedShare, RefusedShare
from stores.ledger.feeds import LateEvidence as Proposal
from stores.ledger.figures import PROVISIONAL, DayFigure
from stores.ledger.findings import Finding
from stores.ledger.history import Transition
from stores.ledger.province_view import ElementNow

TOPICS: Final = ("transitions", "figures", "states", "feeds", "findings")


@dataclass(frozen=True, slots=True)
class Gone:
    """The element's state was deleted, at the producer's instant: it left the registry."""

    element: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Transitions:
    """All transitions of an element on a local day."""

    element: str
    day: date
    as_of_ms: int
    found: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A feed's activity in one partition."""

    share: FeedShare
    refused: tuple[RefusedShare, ...]


Item = ElementNow | Gone | DayFigure | Transitions | Share | Proposal | Finding


class UnreadableError(Exception):
    """A message that is not what its topic carries."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


_FEEDS: Final[TypeAdapter[FeedActivity | LateEvidence]] = TypeAdapter(FeedActivity | LateEvidence)
_FINDINGS: Final[TypeAdapter[Verdict | FigureRecord]] = TypeAdapter(Verdict | FigureRecord)


def item_of(message: Message) -> Item:
    """What the message says.

    Raises:
        UnreadableError: no JSON, not the topic's contract, or not for the ledger.
    """
    try:
        return _READERS[message.topic](message)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        code = Refusal.MALFORMED if first["type"] == "json_invalid" else Refusal.INVALID
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(code.value, f"{where}: {first['msg']}" if where else first["msg"]) from error


def as_of_ms(item: Item) -> int | None:
    """The engine time of what came; None where it says none."""
    if isinstance(item, Share):
        return item.share.as_of_ms
    if isinstance(item, Finding):
        # Of a verdict it is the producer's clock: no engine time.
        return None
    return getattr(item, "as_of_ms", None)


def _state(message: Message) -> Item:
    if not message.value:
        return Gone((message.key or b"").decode("utf-8", "replace"), message.at_ms)
    said = ElementState.model_validate_json(message.value)
    as_of = to_ms(said.as_of)
    return ElementNow(
        element=said.element,
        enterprise=said.enterprise,
        kind=said.kind.value,
        status=Reading[said.state.upper()],
        since_ms=as_of if said.since is None else to_ms(said.since),
        measured=Reading[said.measured.upper()],
        declared=Reading[said.declared.upper()],
        cause=said.cause.value if said.cause else None,
        detail=said.detail,
        measured_at_ms=None if said.last_measured is None else to_ms(said.last_measured),
        measured_code=said.measured_code,
        declared_at_ms=None if said.last_declared is None else to_ms(said.last_declared),
        declared_code=said.declared_code,
        metrics=said.metrics,
        updated_ms=as_of,
        as_of_ms=as_of,
    )


def _figure(message: Message) -> Item:
    record = FigureRecord.model_validate_json(message.value)
    figure, detail = record.figure, record.detail
    if (figure.scope, figure.period, figure.state) != ("element", "day", PROVISIONAL) or detail is None:
        raise UnreadableError(
            Refusal.INVALID.value, "not a provisional figure of an element and day with its detail"
        )
    if record.enterprise is None:
        raise UnreadableError(Refusal.INVALID.value, "enterprise: an element has one")
    return DayFigure(
        element=figure.id,
        day=figure.from_.date(),
        enterprise=record.enterprise,
        kind=record.kind.value,
        unit=record.unit,
        technologies=tuple(part for part in detail.technologies.split(";") if part),
        figure=_seconds(record),
        head_s=detail.head_s,
        tail_s=detail.tail_s,
        from_ms=detail.from_ms,
        to_ms=detail.to_ms,
        runs=[list(run) for run in detail.runs],
        state=PROVISIONAL,
        as_of_ms=to_ms(record.as_of),
        registry_digest=record.registry,
        rules_digest=record.rules or "",
    )


def _seconds(record: FigureRecord) -> Figure:
    seconds, outages = record.figure.seconds, record.figure.outages
    rows = [getattr(record.figure.reconciliation, measured) for measured in TRACK_READINGS]
    return Figure(
        seconds.up,
        seconds.degraded,
        seconds.down,
        seconds.planned,
        seconds.unknown,
        outages.count,
        outages.longest_s,
        tuple(getattr(row, declared) for row in rows for declared in TRACK_READINGS),
    )


def _transitions(message: Message) -> Item:
    said = DayTransitions.model_validate_json(message.value)
    found = (
        Transition(
            said.element,
            to_ms(one.at),
            Reading[one.from_.upper()],
            Reading[one.to.upper()],
            one.cause.value if one.cause else None,
        )
        for one in said.changes
    )
    return Transitions(said.element, said.day, to_ms(said.as_of), tuple(found))


def _feed(message: Message) -> Item:
    said = _FEEDS.validate_json(message.value)
    if isinstance(said, LateEvidence):
        return Proposal(
            journal_offset=said.number,
            day=said.day,
            element=said.element,
            reporter=said.reporter,
            at_ms=to_ms(said.at),
            received_ms=to_ms(said.received),
            status=said.status.value,
        )
    return Share(
        FeedShare(
            said.reporter,
            said.partition,
            to_ms(said.as_of),
            None if said.last_life is None else to_ms(said.last_life),
            None if said.last_received is None else to_ms(said.last_received),
            said.accepted,
            said.refused,
        ),
        tuple(
            RefusedShare(one.day, said.reporter, one.code.value, said.partition, one.events, to_ms(one.last))
            for one in said.refusals
        ),
    )


def _finding(message: Message) -> Item:
    said = _FINDINGS.validate_json(message.value)
    content = said.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(said, Verdict):
        return Finding(
            finding=said.finding,
            scope="enterprise" if said.subject == said.enterprise else "element",
            subject=said.subject,
            kind=said.kind.value if said.kind else "",
            period=said.period,
            from_ms=to_ms(said.from_),
            rule=said.rule or "",
            enterprise=said.enterprise,
            to_ms=to_ms(said.to),
            result=said.result,
            as_of_ms=to_ms(said.as_of) if said.as_of else message.at_ms,
            content=content,
        )
    figure = said.figure
    return Finding(
        finding="figure",
        scope=figure.scope,
        subject=figure.id,
        kind=said.kind.value,
        period=figure.period,
        from_ms=to_ms(figure.from_),
        rule="",
        enterprise=said.enterprise,
        to_ms=to_ms(figure.to),
        result=None,
        as_of_ms=to_ms(said.as_of),
        content=content,
    )


_READERS: Final = {
    "states": _state,
    "figures": _figure,
    "transitions": _transitions,
    "feeds": _feed,
    "findings": _finding,
}


def newest(items: Sequence[Item]) -> list[Item]:
    """Of several about the same the newest; of equally new ones the last."""
    kept: dict[object, Item] = {}
    for item in items:
        key = _key(item)
        before = kept.get(key)
        if before is None or _order(item) >= _order(before):
            kept[key] = item
    return list(kept.values())


def _order(item: Item) -> int:
    if isinstance(item, Finding):
        return item.as_of_ms
    return item.at_ms if isinstance(item, Gone) else as_of_ms(item) or 0


def _key(item: Item) -> object:
    match item:
        case Share(share):
            return Share, share.reporter, share.partition
        case Finding():
            return Finding, item.key
        case Proposal():
            return Proposal, item.journal_offset
        case ElementNow() | Gone():
            return ElementNow, item.element
        case _:
            return type(item), item.element, item.day
