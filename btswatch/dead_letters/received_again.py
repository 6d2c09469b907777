"""An archived event that a processor refused, as it goes into the journal once more."""

import json
from collections.abc import Callable

from pydantic import ValidationError

from schemas.events import ARCHIVED
from schemas.submission import refusal_of
from schemas.time import format_ms, to_ms
from stores.journal import NewEntry


def received_again(
    line: bytes, now_ms: int, closed: Callable[[int], bool], *, identity: str = ""
) -> NewEntry | str:
    """The entry, or why it is no archived event.

    While the day of its time is open it keeps the time of its receipt: its sender was in time. Of a closed day it is
    received now and so comes late, as a proposal: a closed figure rests on what was there at the close.

    Args:
        line: the archived event.
        now_ms: the clock.
        closed: whether the day that holds an instant is closed.
        identity: where given, the journal takes an entry of this name once only.
    """
    try:
        event = ARCHIVED.validate_json(line)
    except ValidationError as error:
        return refusal_of(error)[1]
    body = line
    if closed(to_ms(event.time)):
        content = {**json.loads(line), "receivedtime": format_ms(now_ms)}
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return NewEntry(
        kind="event",
        reporter=event.reporter,
        source="dead-letter" if identity else "",
        id=identity,
        digest=b"dead-letter" if identity else b"",
        received_ms=now_ms,
        body=body,
        origin=event.origin,
    )
