"""The recordings of real devices, served by snmpsim."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.snmp_agents.recordings import recordings_directory, snmpsim


@pytest.fixture(scope="module")
def recordings_port():
    """Skipped where the recordings are absent, services required or not: they are no part of this repository."""
    recordings = recordings_directory()
    if not any(recordings.glob("*.snmprec")):
        pytest.skip(f"no recordings in {recordings} (BTSWATCH_RECORDINGS names another folder)")
    program = shutil.which("snmpsim-command-responder", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("snmpsim is not installed")
    with snmpsim(program, recordings) as port:
        yield port
