"""Holds one server process for whoever started it: when that one ends, however it ends, the server is stopped too.

Servers do not watch over a pipe as our own parts do (decision 10), so this one does it for them. Standard input is the
pipe; the first line of standard output is the server's process id; the exit code is the server's.

    python keeper.py '{"command": [...], "user": null, "stop_signal": 15, "stop_s": 10}'
"""

import json
import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the server until it ends or is told to; a negative exit code of it becomes 128 + signal."""
    asked = json.loads(sys.argv[1])
    user = asked["user"]
    identity = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
    out = sys.stderr
    process = subprocess.Popen(asked["command"], stdin=subprocess.DEVNULL, stdout=out, cwd="/", **identity)  # noqa: S603 - the server
    print(process.pid, flush=True)  # noqa: T201 - this is how the starter learns it
    # From here on nobody reads it: a closed pipe must not stop what the server's own output goes to.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def end(*_: object) -> None:
        process.send_signal(asked["stop_signal"])
        # One that was stopped (SIGSTOP) hears nothing.
        process.send_signal(signal.SIGCONT)

    def follow() -> None:
        # Unbuffered: a thread inside a buffered read would hold up this process's end.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        end()
        try:
            process.wait(asked["stop_s"])
        except subprocess.TimeoutExpired:
            process.kill()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=follow, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
