"""Makes journal entries from events: the line as it will stand in the archive, and the digest of what was submitted."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from schemas.events import SUBMITTED, CloudEvent, Received
from schemas.status import Track
from schemas.time import format_ms
from stores.journal_entry import NewEntry, Origin

# Made once: json.dumps would build an encoder for every call that asks for sorted keys.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def entry_of(
    event: CloudEvent | Mapping[str, Any],
    *,
    received_ms: int,
    track: Track,
    reporter: str,
    origin: Origin | None = None,
    remember: bool = True,
) -> NewEntry:
    """The journal entry of an event.

    Its body is one line of compact JSON in UTF-8: the submitted fields (those that are given), then
    `receivedtime`, `track`, `reporter` and, where it was not observed live, `origin`.

    Args:
        event: a submitted event as its model, or as a mapping, which is then validated.
        received_ms: the receiver's clock.
        track: from the sender's identity, never from the content.
        reporter: enterprise, poller or probe.
        origin: None for what was observed live.
        remember: whether its identity is remembered. False is for pollers, which make each id once and
            whose evidence needs no deduplication: it saves about 150 bytes of disk an event.

    Raises:
        pydantic.ValidationError: the mapping is no submitted event.
        TypeError: the event is archived already.
    """
    if isinstance(event, Received):
        raise TypeError(f"event {event.id} of {event.reporter} is already archived")
    submitted = event if isinstance(event, CloudEvent) else SUBMITTED.validate_python(event)
    dumped = submitted.model_dump_json(by_alias=True, exclude_none=True).encode()
    line = (
        f',"receivedtime":"{format_ms(received_ms)}","track":"{track.value}","reporter":{_quoted(reporter)}'
        + (f',"origin":"{origin}"' if origin else "")
        + "}"
    )
    return NewEntry(
        kind="event",
        reporter=reporter,
        source=submitted.source,
        id=submitted.id,
        digest=digest_of(dumped) if remember else b"",
        received_ms=received_ms,
        body=dumped[:-1] + line.encode(),
        origin=origin,
    )


def digest_of(submitted_json: bytes) -> bytes:
    """SHA-256 of the canonical form: keys sorted, separators `,` and `:`, ASCII-escaped.

    `submitted_json` is the event as its model writes it, so that two spellings of one content
    (the order of keys, 5 and 5.0, absent and null) are the same content.
    """
    return sha256(_canonical(json.loads(submitted_json)).encode()).digest()


def trap_entry(datagram: bytes, *, received_ms: int, sender: str) -> NewEntry:
    """The journal entry of a trap or inform exactly as it came; `sender` is `ip:port`."""
    return NewEntry("trap", sender, "", "", sha256(datagram).digest(), received_ms, datagram)
