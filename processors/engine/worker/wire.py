"""Messages of the topic `evidence` as the worker reads them: batches of archived events, copies, control."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from annotated_types import Len
from faust.types import EventT
from pydantic import Strict, TypeAdapter, ValidationError

from processors.core.decode import Decoded, UndecodableError, decode, decode_array, parse_any
from schemas.control import InForce, Tick
from schemas.time import could_be_meant, to_ms
from stores.journal import Stored

_SEAM: Final = b'},{"'
_CONTROL: Final[TypeAdapter[Tick | InForce]] = TypeAdapter(Tick | InForce)
_OFFSETS: Final = TypeAdapter(Annotated[list[int], Strict(), Len(1)])
_DECODER: Final = json.JSONDecoder()


class Kind(StrEnum):
    """What the header `kind` says. LIFE: events that are in another partition's evidence, here as signs of life."""

    EVIDENCE = "evidence"
    COPY = "copy"
    LIFE = "life"
    CONTROL = "control"


class UnreadableError(Exception):
    """A message that is none of the topic's; the text says why."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came."""

    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Mapping[str, bytes]
    at_ms: int

    @property
    def kind(self) -> Kind:
        """What it is.

        Raises:
            UnreadableError: the header is missing or unknown.
        """
        try:
            return Kind(self.headers["kind"].decode())
        except (KeyError, ValueError) as error:
            raise UnreadableError(f"header kind: {self.headers.get('kind')!r}") from error

    @property
    def forwarder(self) -> str:
        """Who sent it."""
        return self.headers.get("forwarder", b"").decode("utf-8", "replace")

    def offsets(self) -> list[int]:
        """The events' journal offsets there.

        Raises:
            UnreadableError: they are missing or no numbers.
        """
        try:
            return _OFFSETS.validate_json(b"[%b]" % self.headers["offsets"])
        except (KeyError, ValidationError) as error:
            raise UnreadableError(f"header offsets: {self.headers.get('offsets')!r}") from error


def incoming(event: EventT[Any]) -> Incoming:
    """What Faust hands over, as it came."""
    message = event.message
    return Incoming(
        partition=message.partition,
        offset=message.offset,
        key=message.key or b"",
        value=message.value or b"",
        headers=headers_of(message.headers),
        at_ms=int(message.timestamp * 1000),
    )


def headers_of(found: Any) -> dict[str, bytes]:
    """A message's headers, in whichever form the stream has them."""
    return dict(found.items() if hasattr(found, "items") else found or ())


def control(value: bytes) -> Tick | InForce:
    """What a control message says.

    Raises:
        UnreadableError: none of both.
    """
    try:
        said = _CONTROL.validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise UnreadableError(f"control message: {first['msg']}") from error
    if isinstance(said, Tick) and not could_be_meant(to_ms(said.received_through)):
        raise UnreadableError(f"control message: no time could be {said.received_through.isoformat()}")
    return said


def events_of(message: Incoming) -> list[tuple[Stored, Decoded | UndecodableError]]:
    """The batch's events in order, each with its archived form; a bad one has its refusal in its place.

    Raises:
        UnreadableError: the value is no array, or has not as many events as the header has offsets.
    """
    offsets = message.offsets()
    whole = decode_array(message.value)
    if whole is not None and len(whole) == len(offsets):
        lines = _at_seams(message.value, len(offsets)) or _scanned(message.value)
        events: Sequence[Decoded | UndecodableError] = whole
    else:
        lines = _scanned(message.value)
        if len(lines) != len(offsets):
            raise UnreadableError(f"{len(lines)} events with {len(offsets)} offsets")
        events = decode(lines)
    return [
        (_stored(offset, line, event, message.at_ms), event)
        for offset, line, event in zip(offsets, lines, events, strict=True)
    ]


def events_at(
    message: Incoming, lines: Sequence[bytes], offsets: Sequence[int], places: Sequence[int]
) -> list[tuple[Stored, Decoded | UndecodableError]]:
    """The batch's events at these places, as `events_of`."""
    chosen = [lines[at] for at in places]
    return [
        (_stored(offsets[at], line, event, message.at_ms), event)
        for at, line, event in zip(places, chosen, decode(chosen), strict=True)
    ]


def _at_seams(value: bytes, expected: int) -> list[bytes] | None:
    """The objects of an array of that many as they stand in it, none of them empty; None where that can't be told so fast.

    Compact objects meet at `},{"`, and so may objects within them; where there are as many such places as there must
    be between the objects, they are those.
    """
    inner = value.strip()[1:-1].strip()
    pieces = inner.split(_SEAM)
    if len(pieces) != expected:
        return None
    if expected == 1:
        return [inner]
    return [pieces[0] + b"}", *(b'{"' + piece + b"}" for piece in pieces[1:-1]), b'{"' + pieces[-1]]


def _scanned(value: bytes) -> list[bytes]:
    try:
        text = value.decode()
        if not isinstance(json.loads(text), list):
            raise UnreadableError("the value is no array")
    except ValueError as error:
        raise UnreadableError(f"the value is no JSON: {error}") from error
    found: list[bytes] = []
    at = text.index("[") + 1
    while (at := _after_blanks(text, at)) < len(text) and text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = _after_blanks(text, end)
        at += text[at] == ","
    return found


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _stored(offset: int, line: bytes, event: Decoded | UndecodableError, at_ms: int) -> Stored:
    if not isinstance(event, UndecodableError):
        received_ms = to_ms(event["receivedtime"])
        # What no clock could mean the core refuses; it is counted on the day on which it came.
        known_ms = received_ms if could_be_meant(received_ms) else at_ms
        return Stored(offset, "event", event["reporter"], known_ms, line)
    try:
        reporter = parse_any(line).get("reporter", "")
    except ValidationError:
        reporter = ""
    return Stored(offset, "event", reporter if isinstance(reporter, str) else "", at_ms, line)
