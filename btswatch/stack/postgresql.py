"""PostgreSQL on loopback, with passwords, never as root."""

import os
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zlib import crc32

from btswatch.demo.ports import kept_tcp
from btswatch.stack.places import postgresql_programs
from btswatch.stack.server import Server, StackError

NOT_INSTALLED: Final = "postgresql is not installed: apt-get install postgresql (its own service isn't needed and may be stopped)"
_SERVER_USER: Final = "postgres"


class PostgresServer(Server):
    """One server in a directory.

    It refuses to run as root. Where we are root it runs as the package's user `postgres`, and where that user can't
    reach the directory (a home of mode 0700), its data lies in a directory of its own below /var/tmp.

    Args:
        directory: its data, below `data`.
        password: of the superuser `btswatch`.
        port: 0 takes a free one; it is kept over restarts.
        options: of its configuration.
    """

    # Fast shutdown: open sessions are ended, transactions rolled back.
    stop_signal = 2

    def __init__(
        self, directory: Path, *, password: str, port: int = 0, options: Mapping[str, str] | None = None
    ) -> None:
        root = os.geteuid() == 0
        super().__init__("postgresql", directory, user=_SERVER_USER if root else None)
        self._port = port or kept_tcp()
        self._password = password
        self._options = options or {}
        self.data = _reachable(self.directory) if root else self.directory / "data"

    def url(self, database: str = "postgres") -> str:
        """For SQLAlchemy."""
        password = quote(self._password, safe="")
        return f"postgresql+psycopg://btswatch:{password}@127.0.0.1:{self._port}/{database}"

    @property
    def port(self) -> int:
        """On loopback."""
        return self._port

    @property
    def password(self) -> str:
        """Of the user `btswatch`."""
        return self._password

    def prepare(self) -> None:
        """Make the cluster of databases where it is new."""
        if self.identity is not None:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chown(self.data, *self.identity)
        if (self.data / "PG_VERSION").exists():
            return
        with tempfile.NamedTemporaryFile("w", prefix="btswatch-") as secret:
            secret.write(f"{self._password}\n")
            secret.flush()
            if self.identity is not None:
                os.chown(secret.name, *self.identity)
            done = self._run(
                "initdb",
                *("-D", str(self.data), "-U", "btswatch", f"--pwfile={secret.name}"),
                *(
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                    "--no-instructions",
                ),
            )
        if done.returncode:
            raise StackError("postgresql: initdb failed:", *f"{done.stdout}{done.stderr}".splitlines())

    def command(self) -> Sequence[str]:
        """On loopback TCP alone, without a UNIX socket."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""} | dict(self._options)
        set_ = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return (self._program("postgres"), "-D", str(self.data), "-p", str(self._port), *set_)

    def answers(self) -> bool:
        """What its own `pg_isready` says: that it takes connections."""
        return self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)).returncode == 0

    def _program(self, name: str) -> str:
        programs = postgresql_programs()
        if programs is None:
            raise StackError(NOT_INSTALLED)
        return str(programs / name)

    def _run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [self._program(program), *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        user, group = self.identity or (None, None)
        return subprocess.run(  # noqa: S603 - its own tools
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd="/",
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )


def _reachable(directory: Path) -> Path:
    """Where the user `postgres` can keep data for `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    others = all(parent.stat().st_mode & stat.S_IXOTH for parent in (directory, *directory.parents))
    if others:
        return directory / "data"
    return Path("/var/tmp") / f"btswatch-postgresql-{crc32(str(directory).encode()):08x}"  # noqa: S108 - survives a restart; 0700
