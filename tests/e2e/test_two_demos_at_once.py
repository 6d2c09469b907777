"""Two demonstrations that start in the same moment: each has ports of its own, and an asked port goes to one of them."""

import json
import tomllib

import pytest

from btswatch.demo.ports import free_tcp
from btswatch.demo.record import RECORD
from tests.product.process import Process, ask, eventually

pytestmark = pytest.mark.e2e


def started(tmp_path, *more):
    return {
        name: Process("demo", "--stations", "5", "--days", "0", "--data", tmp_path / name, *more)
        for name in ("one", "two")
    }


def ports_of(directory):
    found = tomllib.loads((directory / "btswatch.toml").read_text())
    agents = json.loads((directory / RECORD).read_text())["agents_port"]
    tcp = [found["gateway"]["port"], found["console"]["port"], *found["status"].values()]
    return [("tcp", port) for port in tcp] + [("udp", found["traps"]["port"]), ("udp", agents)]


def test_each_has_ports_of_its_own_and_serves(tmp_path):
    running = started(tmp_path)
    try:
        for process in running.values():
            process.line("Console", timeout_s=120)
        chosen = {name: ports_of(tmp_path / name) for name in running}
        assert len({*chosen["one"], *chosen["two"]}) == len(chosen["one"] + chosen["two"])
        for name, process in running.items():
            url = f"http://127.0.0.1:{chosen[name][1][1]}/readyz"
            eventually(lambda u=url, p=process: p.lives() and ask(u)[0] == 200, 120)
            process.stop(deadline_s=30)
    finally:
        for process in running.values():
            process.kill()


def test_an_asked_port_is_given_to_one_and_refused_to_the_other_in_one_line(tmp_path):
    port = free_tcp()
    running = started(tmp_path, "--port", port)
    try:
        refused = eventually(lambda: [p for p in running.values() if p._process.poll() is not None], 120)
        (serving,) = [p for p in running.values() if p not in refused]
        serving.line("Console", str(port), timeout_s=120)
        eventually(lambda: serving.lives() and ask(f"http://127.0.0.1:{port}/readyz")[0] == 200, 120)
        (one,) = refused
        one._reader.join(10)
        assert one._process.returncode == 2
        assert len(one.lines) == 1, one.told
        assert f"port {port}: " in one.told
        serving.stop(deadline_s=30)
    finally:
        for process in running.values():
            process.kill()
