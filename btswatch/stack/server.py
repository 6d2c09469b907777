"""A real server as a child process: started, probed by its own protocol until it serves, stopped within a deadline."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.5
_LAST_LINES: Final = 12


class StackError(Exception):
    """A server can't be had or started; each line says what and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Server(ABC):
    """One server in one directory. The constructor starts nothing; `start` and `stop` may alternate.

    Args:
        name: for messages and the log's file name.
        directory: everything it writes, its log (`NAME.log`) included.
        user: who runs it; None: who we are.
    """

    stop_signal: int = signal.SIGTERM
    stop_s: float = 20.0
    start_s: float = 60.0

    def __init__(self, name: str, directory: Path, *, user: str | None = None) -> None:
        self.name = name
        self.directory = directory.absolute()
        self.user = user
        self.log = self.directory / f"{name}.log"
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    @abstractmethod
    def prepare(self) -> None:
        """What comes before the first start; done again at each start, changing nothing then."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The server's command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves: one question in its own protocol, answered at once or not at all."""

    def variables(self) -> Mapping[str, str]:
        """Environment beside our own."""
        return {}

    @property
    def pid(self) -> int:
        """The server's process id (not its keeper's)."""
        if self._pid is None:
            raise StackError(f"{self.name} is not running")
        return self._pid

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._keeper is not None and self._keeper.poll() is None

    def start(self) -> Self:
        """Start it; it serves when this returns.

        Raises:
            StackError: it ended by itself or does not answer in time, with the last lines of its log.
        """
        if self.running:
            return self
        self.directory.mkdir(parents=True, exist_ok=True)
        self.prepare()
        self._launch()
        try:
            self._until_it_answers()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """An orderly stop; killed after `stop_s`."""
        if self._keeper is None:
            return
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(self.stop_s + 10)
        self._gone()

    def kill(self) -> None:
        """As a crash: SIGKILL to the server."""
        if self._keeper is None:
            return
        assert self._keeper.stdin is not None
        if self.running and self._pid is not None:
            # The keeper holds it as its child: the process id is its own until the keeper has ended.
            os.kill(self._pid, signal.SIGKILL)
        self._keeper.wait(10)
        self._keeper.stdin.close()
        self._gone()

    def restart(self) -> Self:
        """Stop and start in place: same directory, same ports."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """SIGSTOP: it is there and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def identity(self) -> tuple[int, int] | None:
        """User and group ids of `user`."""
        if self.user is None:
            return None
        entry = pwd.getpwnam(self.user)
        return entry.pw_uid, entry.pw_gid

    def _launch(self) -> None:
        asked = {
            "command": list(self.command()),
            "user": self.identity,
            "stop_signal": int(self.stop_signal),
            "stop_s": self.stop_s,
        }
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(  # noqa: S603 - our keeper
                [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(asked)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.variables()},
                # A Ctrl-C at the terminal reaches us alone: the order of stopping is ours.
                start_new_session=True,
            )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as told:
            first = told.readline().strip()
        if not first:
            self._keeper.wait(10)
            raise self._trouble("could not be started")
        self._pid = int(first)

    def _until_it_answers(self) -> None:
        assert self._keeper is not None
        end = time.monotonic() + self.start_s
        pause = _FIRST_PAUSE_S
        while not self.answers():
            if time.monotonic() > end:
                raise self._trouble(f"does not answer after {self.start_s:.0f} s")
            try:
                self._keeper.wait(pause)
            except subprocess.TimeoutExpired:
                pause = min(1.5 * pause, _LONGEST_PAUSE_S)
            else:
                raise self._trouble(f"ended by itself with code {self._keeper.returncode}")

    def _trouble(self, what: str) -> StackError:
        lines = (
            self.log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:] if self.log.exists() else []
        )
        return StackError(f"{self.name} {what}; the end of {self.log}:", *(f"  {line}" for line in lines))

    def _gone(self) -> None:
        self._keeper = None
        self._pid = None
