"""Runs the parts as child processes: restarts what dies, stops all within a deadline.

A child's standard input is a pipe that only the supervisor holds: if the supervisor is killed, its children see the
end of it and stop by themselves.

It lives as long as the installation, so it imports little: a command that has checked everything gives its process to
`python -m btswatch.supervise PLAN` (`become`), and with it the memory of what it had read.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NoReturn, Self

from btswatch.cli.exits import Exit

SUPERVISED: Final = "BTSWATCH_SUPERVISED"
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
# A child that ran so long was fine: its next death starts with a short pause again.
_FINE_AFTER_S: Final = 60.0
CANT_RUN: Final = "a part can't run: its own line above says why"
_HOPELESS: Final = (Exit.MISUSE, Exit.UNREACHABLE)


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    Attributes:
        stop_order: those with a smaller number have ended before these are told to, so that what they sent is taken in.
        restart: whether it goes on after an end without an error.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_order: int = 1
    restart: bool = True


@dataclass(frozen=True)
class Plan:
    """What to supervise; `told` are lines for standard error once all have been started."""

    children: Sequence[Child]
    stop_s: float
    told: Sequence[str] = ()

    def as_json(self) -> str:
        """As `python -m btswatch.supervise` takes it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The plan that `as_json` gave."""
        values = json.loads(text)
        return cls([Child(**one) for one in values["children"]], values["stop_s"], values["told"])


class Supervisor:
    """Keeps its children running until `stop`.

    Args:
        children: started in order.
        stop_s: all have ended after so long, the last of them killed.
    """

    def __init__(self, children: Sequence[Child], *, stop_s: float) -> None:
        self._children = children
        self._stop_s = stop_s
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self.exit_code = int(Exit.DONE)
        self.restarts: dict[str, int] = {child.name: 0 for child in children}

    async def run(self, started: Callable[[], None] | None = None) -> int:
        """Run until a signal, `stop`, or a child that can't work at all; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        keepers = [asyncio.create_task(self._keep(child), name=child.name) for child in self._children]
        if started is not None:
            started()
        await self._stopping.wait()
        await self._stop_all()
        await asyncio.gather(*keepers)
        return self.exit_code

    def stop(self) -> None:
        """Ask for the end; `run` returns when all have stopped."""
        self._stopping.set()

    async def _keep(self, child: Child) -> None:
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(child)
            if self._stopping.is_set() or (code == 0 and not child.restart):
                return
            lived = time.monotonic() - began
            if code in _HOPELESS and self.restarts[child.name] == 0:
                _error("part can't run", part=child.name, exit_code=code)
                self.exit_code = code
                self.stop()
                return
            pause = _FIRST_PAUSE_S if lived > _FINE_AFTER_S else min(2 * pause, _LONGEST_PAUSE_S)
            self.restarts[child.name] += 1
            _error("part ended", part=child.name, exit_code=code, lived_s=round(lived, 1), restart_in_s=pause)
            await self._pause(pause)

    async def _run_once(self, child: Child) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *child.arguments,
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, **child.environment, SUPERVISED: "1"},
            # A Ctrl-C at the terminal reaches us alone: the order of stopping is ours.
            start_new_session=True,
        )
        self._running[child.name] = process
        try:
            return await process.wait()
        finally:
            del self._running[child.name]

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _stop_all(self) -> None:
        end = time.monotonic() + self._stop_s - 0.5
        orders = sorted({child.stop_order for child in self._children})
        for order in orders:
            left = max(0.5, end - time.monotonic())
            # Who is slow takes no more than its part of what those after it need as well.
            share = 1.0 if order == orders[-1] else 0.4
            await self._end(
                {child.name for child in self._children if child.stop_order <= order}, left * share
            )

    async def _end(self, names: set[str], deadline_s: float) -> None:
        processes = {name: process for name, process in self._running.items() if name in names}
        for process in processes.values():
            if process.returncode is None:
                process.terminate()
        waits = [asyncio.create_task(process.wait()) for process in processes.values()]
        if not waits:
            return
        await asyncio.wait(waits, timeout=deadline_s)
        for (name, process), wait in zip(processes.items(), waits, strict=True):
            if not wait.done():
                _error("part did not stop in time: killed", part=name, deadline_s=round(deadline_s, 1))
                process.kill()
        await asyncio.gather(*waits)


def become(plan: Plan) -> NoReturn:
    """Replace this process by a supervisor: same process id, same inheritable files, none of the memory."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-m", "btswatch.supervise", plan.as_json()]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted: it is Python and a text that we made


def _error(event: str, **data: Any) -> None:
    # Seldom needed, and as large as all the rest.
    import structlog  # noqa: PLC0415 - see above

    from btswatch.logs import configure  # noqa: PLC0415 - see above

    if not structlog.is_configured():
        configure()
    structlog.get_logger().error(event, **data)


def main() -> int:
    """Supervise what the command line's plan says; the exit code."""
    plan = Plan.from_json(sys.argv[1])

    def tell() -> None:
        print("\n".join(plan.told), file=sys.stderr, flush=True)  # noqa: T201 - what the command has to say

    code = asyncio.run(Supervisor(plan.children, stop_s=plan.stop_s).run(tell))
    if code:
        print(f"btswatch: {CANT_RUN}", file=sys.stderr)  # noqa: T201 - the command line's own error stream
    return code


if __name__ == "__main__":
    sys.exit(main())
