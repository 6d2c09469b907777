"""Archived lines of made-up history, by the million: text templates that give what `stores.entries.entry_of` gives.

A test holds the two together. Only ids that need no escaping in JSON are put into them.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from btswatch.demo.declarations import Beat, Declared, Said, Sender
from btswatch.demo.script import State
from schemas.status import Status, Track
from schemas.time import format_ms
from stores.entries import entry_of
from stores.journal import Origin

ORIGIN: Origin = "simulated"
STATUS: Final = "btswatch.status.v1"
MAINTENANCE: Final = "btswatch.maintenance.v1"


class Line(NamedTuple):
    """An archived event: when it was received, its own time (ms), its type, its subject, its reporter, its text."""

    received: int
    time: int
    type: str
    subject: str
    reporter: str
    text: bytes


def status_line(
    *, id_: str, source: str, subject: str, at: int, received: int, state: State, track: Track, reporter: str
) -> Line:
    """A status event. `at` is in whole seconds."""
    cause = f',"cause":"{state.cause.value}"' if state.cause else ""
    text = (
        f'{{"specversion":"1.0","id":"{id_}","source":"{source}","subject":"{subject}","time":"{instant(at)}",'
        f'"type":"btswatch.status.v1","data":{{"status":"{state.status.value}"{cause}}},'
        f'"receivedtime":"{receipt_time(received)}","track":"{track.value}","reporter":"{reporter}","origin":"{ORIGIN}"}}'
    )
    return Line(received, at, STATUS, subject, reporter, text.encode())


def heartbeat_line(sender: Sender, beat: Beat) -> Line:
    """A heartbeat."""
    name = sender.enterprise.id
    text = (
        f'{{"specversion":"1.0","id":"hb-{beat.at}","source":"{name}/noc","subject":"{name}",'
        f'"time":"{instant(beat.at)}","type":"btswatch.heartbeat.v1","data":{{}},'
        f'"receivedtime":"{receipt_time(beat.sent)}","track":"declared","reporter":"{name}","origin":"{ORIGIN}"}}'
    )
    return Line(beat.sent, beat.at, "btswatch.heartbeat.v1", name, name, text.encode())


def declared_line(sender: Sender, said: Said) -> Line:
    """What an enterprise said."""
    name = sender.enterprise.id
    if isinstance(said, Beat):
        return heartbeat_line(sender, said)
    if isinstance(said, Declared):
        return status_line(
            id_=f"{said.element}-{said.at}",
            source=f"{name}/noc",
            subject=said.element,
            at=said.at,
            received=said.sent,
            state=said.state,
            track=Track.DECLARED,
            reporter=name,
        )
    entry = entry_of(
        sender.event(said),
        received_ms=said.sent,
        track=Track.DECLARED,
        reporter=name,
        origin=ORIGIN,
        remember=False,
    )
    return Line(said.sent, said.at, MAINTENANCE, name, name, entry.body)


def measured_line(poller: str, agent: str, element: str, at: int, state: State, *, silent: bool) -> Line:
    """What a poll found."""
    said = State(Status.NO_RESPONSE) if silent else state
    return status_line(
        id_=f"{at}-{element}",
        source=f"{poller}/snmp/{agent}",
        subject=element,
        at=at,
        received=at + 412,
        state=said,
        track=Track.MEASURED,
        reporter=poller,
    )


def instant(ms: int) -> str:
    """As pydantic writes an instant: seconds, with microseconds where there is a fraction."""
    return f"{_to_the_second(ms)}.{ms % 1000:03d}000Z" if ms % 1000 else f"{_to_the_second(ms)}Z"


def receipt_time(ms: int) -> str:
    """The same as `schemas.time.format_ms`, for moments that lie close together."""
    return f"{_to_the_second(ms)}.{ms % 1000:03d}Z"


def _to_the_second(ms: int) -> str:
    return f"{_minute(ms // 60_000)}{ms % 60_000 // 1000:02d}"


@lru_cache(maxsize=20_000)
def _minute(number: int) -> str:
    return format_ms(number * 60_000)[: len("2026-11-02T05:00:")]
