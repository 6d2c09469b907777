"""Archived lines of made-up history, by the million: text templates that give what `stores.entries.entry_of` gives.

A test holds the two together. Only ids that need no escaping in JSON are put into them.
"""

from dataclasses import dataclass
from typing import Final

from btswatch.demo.declarations import Beat, Declared, Said, Sender
from btswatch.demo.script import State
from schemas.status import Status, Track
from schemas.time import format_ms
from stores.entries import entry_of
from stores.journal import Origin

ORIGIN: Origin = "simulated"
MAINTENANCE: Final = "btswatch.maintenance.v1"


@dataclass(frozen=True, slots=True)
class Line:
    """An archived event: when it was received, its own time (ms), its type, who reported it, and its text."""

    received: int
    time: int
    type: str
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
        f'"receivedtime":"{format_ms(received)}","track":"{track.value}","reporter":"{reporter}","origin":"{ORIGIN}"}}'
    )
    return Line(received, at, "btswatch.status.v1", reporter, text.encode())


def heartbeat_line(sender: Sender, beat: Beat) -> Line:
    """A heartbeat."""
    name = sender.enterprise.id
    text = (
        f'{{"specversion":"1.0","id":"hb-{beat.at}","source":"{name}/noc","subject":"{name}",'
        f'"time":"{instant(beat.at)}","type":"btswatch.heartbeat.v1","data":{{}},'
        f'"receivedtime":"{format_ms(beat.sent)}","track":"declared","reporter":"{name}","origin":"{ORIGIN}"}}'
    )
    return Line(beat.sent, beat.at, "btswatch.heartbeat.v1", name, text.encode())


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
    return Line(said.sent, said.at, MAINTENANCE, name, entry.body)


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
    text = format_ms(ms)
    return f"{text[:-1]}000Z" if ms % 1000 else f"{text[:-5]}Z"
