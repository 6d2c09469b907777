"""One run of the closing of days."""

import fcntl
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from threading import Event
from typing import Final

import structlog

from btswatch.ledger import ledger_of
from btswatch.parts.completeness import completeness, tell_silent
from btswatch.parts.provenance import note_provenance
from btswatch.settings import Settings
from processors.closed_verdicts import seal_verdicts
from processors.closing import Closer, Progress
from processors.rules import RulesError, load_rules
from schemas.metrics import CLOSING_DAY, CLOSING_DIFFERENCES, CLOSING_SECONDS
from schemas.registry import Registry
from stores.archive import ArchiveReader
from stores.data_directory import DataDirectory
from stores.ledger import Ledger, closings

_LOG = structlog.get_logger()
_SEALED_BACK: Final = 31


def close_due(
    settings: Settings,
    directory: DataDirectory,
    registry: Registry,
    now_ms: Callable[[], int],
    progress: Callable[[Progress], None] = lambda _: None,
    stopping: Event | None = None,
) -> list[date]:
    """Close the days that are due until done or told to stop; nothing where another process is closing.

    Without `stopping` SIGTERM tells it to stop.
    """
    if stopping is None:
        stopping = Event()
        signal.signal(signal.SIGTERM, lambda *_, told=stopping: told.set())
    with alone(directory) as free:
        if not free:
            return []
        with stores_of(settings, directory) as (ledger, archive, complete):
            closer = _closer_of(settings, registry, now_ms, ledger, archive, complete)
            if closer.due():
                # The registry that days are closed with stands in the chain before them.
                note_provenance(settings, directory, registry, now_ms)
            closed = closer.close_due(progress, stopping.is_set)
            _seal_periods(settings, ledger, registry, closed, now_ms())
        if closed:
            directory.bell("console").ring()
        return closed


def progress_line(one: Progress) -> str:
    """A closed day as a line of JSON, for whoever started the closing."""
    return json.dumps({**asdict(one), "day": one.day.isoformat()})


def count(line: bytes) -> None:
    """Take a `progress_line` of the closing's process into the metrics of this one, which a scraper reads."""
    told = json.loads(line)
    CLOSING_DAY.gauge().set(date.fromisoformat(told["day"]).toordinal())
    CLOSING_SECONDS.histogram().observe(told["seconds"])
    CLOSING_DIFFERENCES.counter().inc(told["differences"])


def days_due(
    settings: Settings,
    directory: DataDirectory,
    registry: Registry,
    now_ms: Callable[[], int],
    watching_since_ms: int = 0,
) -> list[date]:
    """The days that could be closed now. In the cluster an alarm is raised where forwarders hold one up for long.

    Forwarders are not blamed for the time before `watching_since_ms`: the whole cluster may have been off.
    """
    with stores_of(settings, directory) as (ledger, archive, complete):
        closer = _closer_of(settings, registry, now_ms, ledger, archive, complete)
        if settings.form == "cluster":
            tell_silent(settings, archive, ledger, closer, now_ms(), watching_since_ms)
        return closer.due()


def _seal_periods(
    settings: Settings, ledger: Ledger, registry: Registry, closed: list[date], now_ms: int
) -> None:
    if not closed:
        return
    try:
        rules = load_rules(settings.rules)
    except RulesError as error:
        _LOG.error("periods not judged at their closing: the rules can't be read", problems=error.lines)
        return
    with ledger.reading() as connection:
        # With those of a run that ended between closing and sealing.
        done = closings.complete(connection, closed[0] - timedelta(days=_SEALED_BACK), closed[-1])
    seal_verdicts(ledger, registry, rules, [one.day for one in done], settings.zone, now_ms)


def _closer_of(
    settings: Settings,
    registry: Registry,
    now_ms: Callable[[], int],
    ledger: Ledger,
    archive: ArchiveReader,
    complete: Callable[[int], bool],
) -> Closer:
    return Closer(
        ledger,
        archive,
        registry,
        settings.conventions(),
        settings.closing,
        complete=complete,
        now_ms=now_ms,
    )


@contextmanager
def stores_of(
    settings: Settings, directory: DataDirectory
) -> Iterator[tuple[Ledger, ArchiveReader, Callable[[int], bool]]]:
    """The open ledger, the archive, and whether it has all that was received up to an instant (ms)."""
    ledger, archive = ledger_of(settings, directory), ArchiveReader(directory.path / "archive")
    with ExitStack() as stack:
        stack.callback(ledger.close)
        ledger.open()
        yield ledger, archive, completeness(settings, directory, archive, stack)


@contextmanager
def alone(directory: DataDirectory) -> Iterator[bool]:
    """Whether this process may close; the system lets go when the process ends, however it ends."""
    with (directory.path / "closing.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
