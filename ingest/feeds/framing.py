"""Cutting a body into events without decoding them, so that one bad event can't spoil its neighbours. Pure.

A batch is cut at the commas of its outer array; what stands between them is judged one by one. A decoder for the whole
array would give up at the first fault.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
# Possessive quantifiers: a hostile body can't make the search go back.
_NEXT_AT_TOP: Final = re.compile(rb'(?:[^"\[\]{},]++|' + _STRING + rb")*+([\[\]{},])", re.DOTALL)
_NEXT_INSIDE: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+([\[\]{}])", re.DOTALL)
_OPEN: Final = (b"[", b"{")
BLANK: Final = b" \t\r\n"


class CutError(Exception):
    """The body as a whole is no JSON array or object, or is truncated."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes of one event as sent. `oversized`: it was longer than allowed, `raw` holds its beginning."""

    raw: bytes
    oversized: bool = False


def cut_json(body: bytes, max_event: int) -> Iterator[Frame]:
    """The frames of a body: one for an object, one per item for an array.

    Raises:
        CutError: neither an object nor an array, truncated, or something after its end.
    """
    whole = body.strip(BLANK)
    if whole.startswith(b"{"):
        _expect_end(whole, _end_of_value(whole, 1))
        yield _frame(whole, max_event)
    elif whole.startswith(b"["):
        yield from _items(whole, max_event)
    else:
        raise CutError("the body is neither a JSON object nor a JSON array")


def _items(whole: bytes, max_event: int) -> Iterator[Frame]:
    start = position = 1
    while True:
        found = _NEXT_AT_TOP.match(whole, position)
        if found is None:
            raise CutError("the array is truncated: its end is missing")
        position, token = found.end(), found[1]
        if token in _OPEN:
            position = _end_of_value(whole, position)
            continue
        item = whole[start : position - 1].strip(BLANK)
        if token == b",":
            yield _frame(item, max_event)
            start = position
        elif token == b"]":
            _expect_end(whole, position)
            if item or start > 1:
                yield _frame(item, max_event)
            return
        else:
            raise CutError("a brace closes what was opened as an array")


def _end_of_value(whole: bytes, position: int) -> int:
    """The position after the bracket that closes the value opened before `position`."""
    depth = 1
    while depth:
        found = _NEXT_INSIDE.match(whole, position)
        if found is None:
            raise CutError("the body is truncated: a value is not closed")
        depth += 1 if found[1] in _OPEN else -1
        position = found.end()
    return position


def _expect_end(whole: bytes, position: int) -> None:
    if position != len(whole):
        raise CutError("something follows the end of the JSON value")


def _frame(item: bytes, max_event: int) -> Frame:
    return Frame(item[:max_event], oversized=True) if len(item) > max_event else Frame(item)


class LineCutter:
    """NDJSON in pieces of any size to frames, keeping at most one event in memory. Blank lines are no events."""

    def __init__(self, max_event: int) -> None:
        self._max_event = max_event
        self._rest = bytearray()
        self._oversized = False

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """The frames that are complete with this piece."""
        *complete, rest = piece.split(b"\n")
        for line in complete:
            self._hold(line)
            yield from self.end()
        self._hold(rest)

    def end(self) -> Iterator[Frame]:
        """The frame that the end of the line, or of the stream, completes."""
        line, oversized = bytes(self._rest).strip(BLANK), self._oversized
        self._rest.clear()
        self._oversized = False
        if line:
            yield Frame(line, oversized=True) if oversized else Frame(line)

    def _hold(self, part: bytes) -> None:
        room = self._max_event - len(self._rest)
        self._rest += part[:room]
        self._oversized = self._oversized or len(part) > room
