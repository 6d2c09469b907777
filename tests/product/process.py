"""`btswatch` as a user starts it: a process with its own group of parts, its lines of standard error, and its end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families


def environment(**more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BTSWATCH_")}
    return clean | more


def btswatch(*arguments, timeout=120):
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "btswatch", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(),
        check=False,
    )


def eventually(holds, timeout_s=60, every_s=0.05):
    """What is waited for stands in files of other processes or behind their ports: it can only be looked at."""
    end = time.monotonic() + timeout_s
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(every_s)


class Process:
    """A command that goes on until it is told to stop."""

    def __init__(self, *arguments, **variables):
        self.lines = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "btswatch", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**variables),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self._process.pid

    @property
    def told(self):
        return "".join(self.lines)

    def _read(self):
        for line in self._process.stderr:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def line(self, *words, timeout_s=60):
        """The first line that has all of the words, also one that is still to come."""

        def found():
            return next((one for one in self.lines if all(word in one for word in words)), None)

        with self._changed:
            ended = lambda: not self._reader.is_alive()  # noqa: E731 - read twice below
            self._changed.wait_for(lambda: found() or ended(), timeout_s)
        assert found(), f"no line with {words} in:\n{self.told}"
        return found()

    def lives(self):
        """Fails with what it told where it has ended by itself."""
        assert self._process.poll() is None, self.told
        return True

    def parts(self):
        """Process id by name of the supervised parts."""
        named = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if entry.name.isdigit() and int(fields[1]) == self.pid and fields[0] != "Z":
                    command = (entry / "cmdline").read_bytes().split(b"\0")
                    named[command[3].decode()] = int(entry.name)
        return named

    def stop(self, number=signal.SIGTERM, deadline_s=10.0):
        """Tell it to stop; its exit code. It and all its parts have to be gone by the deadline."""
        parts = self.parts()
        began = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(deadline_s + 10)
        took = time.monotonic() - began
        assert took < deadline_s, f"took {took:.1f} s:\n{self.told}"
        assert [name for name, pid in parts.items() if Path(f"/proc/{pid}").exists()] == []
        self._close()
        return code

    def end(self, number=signal.SIGTERM, deadline_s=10.0):
        """At the end of a test, where what it started has things of its own to bring to an end."""
        if self._process.poll() is None:
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(deadline_s)
        self.kill()

    def kill(self):
        """At the end of a test, whatever came of it. The parts see that their supervisor is gone and end."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        self._close()

    def _close(self):
        self._reader.join(20)
        self._process.stderr.close()


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, *, body=None, headers=None, timeout=20):
    """(status, text) of a request; (0, why) where nobody answers."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with _DIRECT.open(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def metric(url, name, **labels):
    """A metric summed over what bears these labels; 0 where there is none yet."""
    status, text = ask(f"{url}/metrics")
    assert status == 200
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
