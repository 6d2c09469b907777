"""`python -m btswatch.demo.history`: writes the demonstration's past in a process of its own, and ends."""

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from btswatch.cli.exits import Exit
from btswatch.demo.bar import bar
from btswatch.demo.declarations import senders
from btswatch.demo.pace import ENGINE, FORWARDER, EngineLag
from btswatch.demo.past import PERIOD_S, Past
from btswatch.demo.past_days import past_days
from btswatch.demo.past_writer import PastWriter, Stopped
from btswatch.demo.record import (
    RECORD,
    DemoRecord,
    DemoRecordError,
    read,
)
from btswatch.demo.script import Script
from btswatch.ledger import ledger_of
from btswatch.logs import configure
from btswatch.parts.part import Ending, PartFailedError, run_until_told
from btswatch.settings import Settings
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory
from stores.ledger.trouble import TROUBLE, in_a_line
from stores.registry.load import load

_LOG = structlog.get_logger()


def history_of(
    settings: Settings, record: DemoRecord, registry: Registry, told: Callable[[int, int], None]
) -> PastWriter:
    """The demonstration's history, its stores not opened yet."""
    script = Script(registry, record.seed, record.live_from)
    enterprises = registry.enterprises.values()
    days = past_days(record.live_from, record.days, settings.conventions(), settings.closing.delay_s)
    past = Past(
        script,
        senders(script, enterprises, {one.id: PERIOD_S for one in enterprises}),
        settings.poll.vantage,
        LocalCalendar(settings.zone).start_of(days.open[0]),
        record.live_from,
    )
    directory = DataDirectory(settings.data)
    return PastWriter(
        settings,
        directory,
        registry,
        past,
        days,
        ledger_of(settings, directory),
        directory.journal(settings.journal),
        _lag(settings).entries,
        told,
        threading.Event(),
    )


def _lag(settings: Settings) -> EngineLag:
    status = settings.status
    if settings.form == "cluster":
        return EngineLag(f"http://{status.host}:{status.forwarder_port}/metrics", FORWARDER)
    return EngineLag(f"http://{status.host}:{status.engine_port}/metrics", ENGINE)


class HistoryPart:
    """The history in a thread of its own process, which ends with it."""

    def __init__(self, history: PastWriter, ending: Ending) -> None:
        self._history = history
        self._ending = ending
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, or go on."""
        self._history.ledger.open()
        self._history.journal.open()
        self._task = asyncio.create_task(self._run(), name="history")

    async def stop(self, deadline_s: float) -> None:
        """Break off; what is half done is done again."""
        self._history.stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=deadline_s)
        self._history.journal.close()
        self._history.ledger.close()

    def not_ready(self) -> str | None:
        """Nobody asks."""
        return None

    async def _run(self) -> None:
        try:
            await asyncio.to_thread(self._history.run)
            self._ending.tell()
        except Stopped:
            _LOG.info("history broken off; it goes on at the next start")
        except Exception as error:  # noqa: BLE001 - the process ends with it, and is started again
            self._ending.fail(error)


def main() -> None:
    """Write the past and end."""
    parser = argparse.ArgumentParser(description="The demonstration's history.")
    parser.add_argument("--settings", type=Path, required=True)
    settings = Settings.load(parser.parse_args().settings)
    configure()
    os.nice(10)
    record = read(settings.data / RECORD, DemoRecord)
    if record is None:
        raise DemoRecordError(settings.data / RECORD, "is missing: this is no demonstration's directory")
    try:
        with bar(shown=sys.stderr.isatty()) as told:
            history = history_of(settings, record, load(settings.registry, zone=settings.zone), told)
            ending = Ending()
            asyncio.run(run_until_told(HistoryPart(history, ending), ending, stop_s=settings.stop_s * 0.6))
    except (PartFailedError, *TROUBLE) as error:
        trouble = error.__cause__ if isinstance(error, PartFailedError) else error
        if not isinstance(trouble, TROUBLE):
            raise
        # The supervisor starts it again, and it goes on where it was.
        _LOG.error("history broken off", reason=in_a_line(trouble))
        sys.exit(Exit.NO)


if __name__ == "__main__":
    main()
