"""net-snmp's snmpd as a context manager: fixed engine ID, users, restarts that keep or lose its boots."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

ENGINE_A = "80001f8880a1b2c3d4e5f60001"
ENGINE_B = "80001f8880a1b2c3d4e5f60002"
AUTH_KEY, PRIV_KEY = "authentic-key", "private-key-x"
USERS = {
    "sha1aes": ("SHA", "AES"),
    "sha224aes": ("SHA-224", "AES"),
    "sha256aes": ("SHA-256", "AES"),
    "sha384aes": ("SHA-384", "AES"),
    "sha512aes": ("SHA-512", "AES"),
    "sha1aes192": ("SHA", "AES-192"),
    "sha1aes256": ("SHA", "AES-256"),
    "sha256aes256": ("SHA-256", "AES-256"),
    "sha256": ("SHA-256", None),
    "nobody": (None, None),
}


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class NetSnmp:
    """A real agent on 127.0.0.1:port. `restart()` counts its boots up; with `engine_id` it becomes another engine."""

    program: str
    directory: Path
    engine_id: str = ENGINE_A
    port: int = field(default_factory=free_port)
    users: dict[str, tuple[str | None, str | None]] = field(default_factory=lambda: dict(USERS))
    auth_key: str = AUTH_KEY
    priv_key: str = PRIV_KEY

    def __enter__(self):
        self._start()
        return self

    def __exit__(self, *_):
        self.stop()

    def restart(self, engine_id: str | None = None) -> None:
        self.stop()
        if engine_id:
            self.engine_id = engine_id
            shutil.rmtree(self.directory / "state")
        self._start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _start(self) -> None:
        state = self.directory / "state"
        state.mkdir(parents=True, exist_ok=True)
        config = self.directory / "snmpd.conf"
        config.write_text("\n".join(self._lines()) + "\n")
        environment = {
            "SNMP_PERSISTENT_DIR": str(state),
            "SNMPCONFPATH": str(state),
            "PATH": "/usr/bin:/bin",
            "MIBS": "",
        }
        self._process = subprocess.Popen(
            [
                self.program,
                "-f",
                "-Lf",
                str(self.directory / "log"),
                "-c",
                str(config),
                "-p",
                str(self.directory / "pid"),
                f"udp:127.0.0.1:{self.port}",
            ],
            env=environment,
        )
        self._await_answer()

    def _lines(self):
        yield f"exactEngineID 0x{self.engine_id}"
        yield "rocommunity public 127.0.0.1"
        yield "sysLocation somewhere"
        # Without this snmpd starts sub-agents' sockets and reads host resources of the whole machine.
        yield "master no"
        for user, (auth, priv) in self.users.items():
            keys = f' {auth} "{self.auth_key}"' * bool(auth) + f' {priv} "{self.priv_key}"' * bool(priv)
            yield f"createUser {user}{keys}"
            yield f"rouser {user} {'priv' if priv else 'auth' if auth else 'noauth'}"

    def _await_answer(self) -> None:
        ask = bytes.fromhex(
            "302602010104067075626c6963a01902040000000102010002010030 0b300906052b060102010500".replace(
                " ", ""
            )
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.05)
            probe.connect(("127.0.0.1", self.port))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    probe.send(ask)
                    probe.recv(2048)
                except (TimeoutError, ConnectionRefusedError):
                    assert self._process.poll() is None, (self.directory / "log").read_text()
                    time.sleep(0.02)  # until the port is bound there is no event to wait for
                else:
                    return
        raise AssertionError((self.directory / "log").read_text())
