"""The demonstration on the cluster: servers, the product's processes, the simulated world, in one directory.

DIR/secrets/    as btswatch/stack/secrets.py says
DIR/servers/    the servers' data and logs
DIR/btswatch/   the product's data directory, as `btswatch demo` makes it
DIR/env         for a shell: what commands need to find all of it
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from btswatch.cli.demo import children_of, made_of, told_of
from btswatch.cli.exits import Exit
from btswatch.demo.build import Wanted
from btswatch.settings import StatusSettings
from btswatch.stack.secrets import READ_TOKEN, make_secrets
from btswatch.stack.server import StackError
from btswatch.stack.servers import Servers
from btswatch.stack.wiring import scrape_settings, shell, variables
from btswatch.supervise import Supervisor
from stores.data_directory import DataDirectory

DATA: Final = "btswatch"
SECRETS: Final = "secrets"
ENVIRONMENT: Final = "env"
_AGAIN_S: Final = 60.0
# What is made on the servers before the product runs; under compose these are services that end.
PREPARATIONS: Final[Sequence[Sequence[str]]] = (
    ("topics", "apply"),
    ("influx", "apply"),
    ("stack", "reader", "--into"),
)


class Stack:
    """The servers of a demonstration's directory, ready for the product.

    Args:
        directory: DIR above.
        programs: where `btswatch stack install` put the servers.
        tell: takes lines of progress.
    """

    def __init__(self, directory: Path, programs: Path, tell: Callable[[str], None]) -> None:
        self._directory = directory
        self._programs = programs
        self._tell = tell
        self._servers: Servers | None = None

    def start(self) -> Mapping[str, str]:
        """Start all servers; the environment that the product's processes get.

        Raises:
            StackError: one can't be started.
        """
        secrets = self._directory / SECRETS
        make_secrets(secrets, ("localhost", "127.0.0.1"), datetime.now(UTC))
        servers = Servers(self._programs, self._directory / "servers", secrets)
        self._servers = servers
        self._tell("Starting PostgreSQL, InfluxDB and Kafka ...")
        return variables(servers.start().addresses)

    def prepare(self, settings: Path) -> None:
        """Topics, buckets and Grafana's token: by the same commands as under compose.

        Raises:
            StackError: one of them failed.
        """
        token = str(self._directory / SECRETS / READ_TOKEN)
        for arguments in PREPARATIONS:
            into = (token,) if arguments[-1] == "--into" else ()
            command = [sys.executable, "-m", "btswatch", *arguments, *into, "--settings", str(settings)]
            done = _done(command)
            if done.returncode:
                raise StackError(f"`btswatch {' '.join(arguments)}` failed:", *done.stderr.splitlines())

    def keep_environment(self, chosen: Mapping[str, str], settings: Path) -> None:
        """Write down for a shell what the product's processes were given: files are named in it, no secret stands there."""
        text = shell({"BTSWATCH_SETTINGS": str(settings), **chosen})
        (self._directory / ENVIRONMENT).write_text(text, "utf-8")

    def told(self) -> Sequence[str]:
        """Where the servers are, and how commands find them."""
        assert self._servers is not None
        where = self._servers.addresses
        secrets = self._directory / SECRETS
        return (
            f"Kafka    {where.kafka}   PostgreSQL {where.postgres}   passwords in {secrets}",
            f"InfluxDB {where.influx}   a token that reads: {secrets / READ_TOKEN}",
            f"Commands . {self._directory / ENVIRONMENT}   then any, such as: btswatch topics diff",
        )

    def stop(self) -> None:
        """Stop the servers; their data stays."""
        if self._servers is not None:
            self._servers.stop()


def _done(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """A server that has just started on a busy machine may need longer for its first answer than clients wait."""
    end, pause = time.monotonic() + _AGAIN_S, 0.5
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
        if done.returncode != Exit.UNREACHABLE or time.monotonic() > end:
            return done
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def run_province(stack: Stack, directory: DataDirectory, wanted: Wanted, tell: Callable[[str], None]) -> int:
    """The whole demonstration until it is told to stop; the exit code.

    Raises:
        StackError: a server or a preparation failed.
        DataDirectoryError: see `btswatch demo`.
    """
    directory.path.mkdir(parents=True, exist_ok=True)
    directory.lock()
    try:
        # Settings come from the environment, for this process and for those that it starts.
        chosen = stack.start()
        os.environ.update(chosen)
        made = made_of(directory, replace(wanted, further=_scraped_here))
        stack.keep_environment(chosen, made.settings_path)
        tell("Making topics, buckets and tables ...")
        stack.prepare(made.settings_path)
        told = "\n".join(told_of(made, stack.told()))
        supervisor = Supervisor(children_of(made.settings_path, made.settings), stop_s=made.settings.stop_s)
        return asyncio.run(supervisor.run(lambda: tell(told)))
    finally:
        stack.stop()
        directory.unlock()


def _scraped_here(status: StatusSettings) -> str:
    return scrape_settings(lambda _: "127.0.0.1", status)
