"""Messages of the topic `evidence` as the forwarder writes them, taken apart again; every event byte for byte."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from processors.sinks.port import Message
from schemas.time import could_be_meant, parse_rfc3339, to_ms

_DECODER: Final = json.JSONDecoder()


class MalformedMessageError(Exception):
    """The message is not as the forwarder writes them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a message: its offset in the forwarder's journal, its own time, its receipt (0: unsaid), type, and JSON."""

    offset: int
    time_ms: int
    received_ms: int
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event of a message that can't be filed: without a time or a type. Its neighbours can."""

    offset: int
    body: bytes
    detail: str


def kind_of(message: Message) -> str:
    """evidence, copy, life (events that stand in their shard's evidence too) or control.

    Raises:
        MalformedMessageError: it says nothing of the kind.
    """
    kind = message.headers.get("kind", b"").decode("ascii", "replace")
    if kind not in {"evidence", "copy", "life", "control"}:
        raise MalformedMessageError(f"header kind says {kind!r}")
    return kind


def forwarder_of(message: Message) -> str:
    """Who sent it.

    Raises:
        MalformedMessageError: it says nothing of it.
    """
    try:
        name = message.headers["forwarder"].decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise MalformedMessageError("no header forwarder") from error
    if not name:
        raise MalformedMessageError("the header forwarder is empty")
    return name


def lines_of(message: Message) -> list[Line | Unreadable]:
    """The events of a message of kind evidence or copy.

    Raises:
        MalformedMessageError: it can't be taken apart.
    """
    try:
        offsets = [int(one) for one in message.headers["offsets"].split(b",")]
        found = list(_objects(message.value.decode()))
    except (KeyError, ValueError) as error:
        raise MalformedMessageError(f"{type(error).__name__}: {error}") from error
    if len(found) != len(offsets):
        raise MalformedMessageError(f"{len(found)} events with {len(offsets)} offsets")
    return [_line(offset, event, text) for offset, (event, text) in zip(offsets, found, strict=True)]


def control_of(message: Message) -> tuple[str, datetime | None]:
    """What a control message is, and of a tick until when all that was received was sent.

    Raises:
        MalformedMessageError: it is none.
    """
    try:
        content = json.loads(message.value)
        through = content.get("received_through")
        return str(content["control"]), _meant(through) if through else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(f"{type(error).__name__}: {error}") from error


def _objects(text: str) -> Iterator[tuple[Any, str]]:
    """The array's objects with their own text, as it stands there."""
    at, end = 1, len(text) - 1
    if not (text.startswith("[") and text.endswith("]")):
        raise MalformedMessageError("no JSON array")
    while at < end:
        event, after = _DECODER.raw_decode(text, at)
        yield event, text[at:after]
        if after < end and text[after] != ",":
            raise MalformedMessageError(f"no comma at {after}")
        at = after + 1


def _line(offset: int, event: Any, text: str) -> Line | Unreadable:
    try:
        time_ms, kind = to_ms(_meant(event["time"])), str(event["type"])
        return Line(offset, time_ms, _received_ms(event.get("receivedtime")), kind, text.encode())
    except (ValueError, KeyError, TypeError) as error:
        return Unreadable(offset, text.encode(), f"{type(error).__name__}: {error}")


def _meant(said: str) -> datetime:
    """Not year 9999: what is not received yet by then would never be waited for, and no calendar has its day."""
    moment = parse_rfc3339(said)
    if not could_be_meant(to_ms(moment)):
        raise ValueError(f"no clock could mean {said}")
    return moment


def _received_ms(said: Any) -> int:
    """What is filed need not be good: whoever reads it says so."""
    try:
        return to_ms(parse_rfc3339(said))
    except (ValueError, TypeError):
        return 0
