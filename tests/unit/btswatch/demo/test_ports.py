"""Ports that another process has chosen and nothing listens on yet: another process really holds them."""

import subprocess
import sys
from random import Random

import pytest

from btswatch.demo import build, ports
from btswatch.demo.build import Wanted, make
from stores.data_directory import DataDirectory

CHOOSE = """
import os, sys
from random import Random
from btswatch.demo import ports
chosen = [ports.kept_tcp(), ports.kept_udp(), ports.kept_agents_port(Random(), 3)]
print(*chosen, flush=True)
if sys.argv[1] == "exec":
    os.execv(sys.executable, [sys.executable, "-c", "print('there', flush=True); input()"])
print("there", flush=True)
input()
"""


class Other:
    """A process that has chosen ports."""

    def __init__(self, how):
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHOOSE, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.tcp, self.udp, self.agents = map(int, self._process.stdout.readline().split())
        assert self._process.stdout.readline() == "there\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()


@pytest.mark.parametrize("how", ["stays", "exec"])
def test_what_another_has_chosen_is_refused_until_it_ends(how):
    with Other(how) as other:
        for keep, port in ((ports.kept_tcp, other.tcp), (ports.kept_udp, other.udp)):
            with pytest.raises(ports.NoFreePortError, match=f"port {port}: another demonstration"):
                keep(port)
        assert ports.free_tcp(other.tcp) == other.tcp
        for first in range(other.agents - 2, other.agents + 3):
            assert not ports.keep_agents_port(first, 3)
    assert ports.kept_tcp(other.tcp) == other.tcp
    assert ports.kept_udp(other.udp) == other.udp
    assert ports.keep_agents_port(other.agents, 3)


def test_one_process_chooses_no_port_twice_and_what_it_starts_keeps_none():
    chosen = [ports.kept_tcp() for _ in range(200)]
    assert len(set(chosen)) == 200
    first = ports.kept_agents_port(Random(), 1)
    child = (
        "import sys\nfrom btswatch.demo import ports\nsys.exit(ports.keep_agents_port(int(sys.argv[1]), 1))"
    )
    assert subprocess.run([sys.executable, "-c", child, str(first)], check=False).returncode == 0
    # A started process that uses the same file and ends has not ended our claims.
    assert subprocess.run([sys.executable, "-c", child, str(first)], check=False).returncode == 0


def test_the_usual_ports_are_passed_over_where_another_has_chosen_them(tmp_path, monkeypatch):
    with Other("stays") as other:
        monkeypatch.setattr(build, "CONSOLE_PORT", other.tcp)
        made = make(DataDirectory(tmp_path), Wanted(stations=5, days=0), lambda: 1_790_000_000_000)
        assert made.settings.console.port != other.tcp


def test_the_gateway_gives_way_to_a_console_on_its_usual_port(tmp_path, monkeypatch):
    usual = ports.free_tcp()
    monkeypatch.setattr(build, "GATEWAY_PORT", usual)
    wanted = Wanted(stations=5, days=0, port=usual)
    made = make(DataDirectory(tmp_path), wanted, lambda: 1_790_000_000_000)
    assert made.settings.console.port == usual
    assert made.settings.gateway.port != usual


@pytest.mark.parametrize("free", [ports.free_tcp, ports.free_udp])
def test_a_port_that_is_kept_is_not_handed_out_as_free(free, monkeypatch):
    kept = ports.kept_tcp() if free is ports.free_tcp else ports.kept_udp()
    found = iter([kept, kept, kept + 1])
    monkeypatch.setattr(ports, "_bound", lambda *_: next(found))
    assert free() == kept + 1
