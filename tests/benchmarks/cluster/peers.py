"""The environment of the peers that can't share ours: made from requirements-peers.lock, outside of the checkout."""

import hashlib
import subprocess
import sys
from pathlib import Path

from btswatch.stack.places import servers_directory

LOCK = Path(__file__).parents[3] / "requirements-peers.lock"


def peers_python() -> Path | None:
    """The peers' interpreter; made on the first call. None, said on stderr, where it can't be had."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    home = servers_directory().parent / f"peers-{digest}"
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        sys.stderr.write(f"installing the peers into {home} ...\n")
        commands = (
            [sys.executable, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--require-hashes", "-r", str(LOCK)],
        )  # fmt: skip
        for command in commands:
            failed = subprocess.run(command, capture_output=True, text=True, check=False)
            if failed.returncode:
                sys.stderr.write(f"the peers can't be installed: {failed.stderr.strip().splitlines()[-1:]}\n")
                return None
        done.touch()
    return python
