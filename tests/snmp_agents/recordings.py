"""snmpsim over the recordings of real devices; the community is the file's name without its ending."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tests.snmp_agents.net_snmp import free_port

ROOT = Path(__file__).parents[2]


def recordings_directory() -> Path:
    return Path(os.environ.get("BTSWATCH_RECORDINGS") or ROOT.parent / "shared" / "recordings")


@contextmanager
def snmpsim(program: str, recordings: Path):
    """A running simulator's port."""
    directory = Path(tempfile.mkdtemp(prefix="recordings-"))
    port = free_port()
    try:
        data, cache = directory / "data", directory / "cache"
        shutil.copytree(recordings, data, copy_function=shutil.copyfile)
        data.chmod(0o755)
        cache.mkdir()
        command = [
            program,
            f"--data-dir={data}",
            f"--cache-dir={cache}",
            f"--agent-udpv4-endpoint=127.0.0.1:{port}",
        ]
        if sys.platform == "linux" and os.geteuid() == 0:
            # Told nothing it becomes nobody, who may not be able to read the interpreter's library.
            command += ["--process-user=root", "--process-group=root"]
        log = (directory / "log").open("w")
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {"PYTHONWARNINGS": "ignore"}, cwd=directory
        )
        try:
            _await_listening(process, port, directory / "log")
            yield port
        finally:
            process.terminate()
            process.wait(10)
            log.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _await_listening(process, port: int, log: Path) -> None:
    """It logs that it listens before it does: the kernel's refusal tells."""
    deadline = time.monotonic() + 60
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.connect(("127.0.0.1", port))
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            try:
                probe.send(b"?")
                probe.recv(1)
            except ConnectionRefusedError:
                time.sleep(0.1)  # nothing else tells that the port is bound
            except TimeoutError:
                return
    raise AssertionError(log.read_text())
