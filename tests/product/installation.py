"""A small installation for `btswatch serve`: settings, registry and credentials as an operator writes them."""

import asyncio
import json
import random
import threading
import time
from pathlib import Path

from btswatch.demo.ports import free_tcp, free_udp
from ingest.snmp.simulator import AgentModel, AgentState, Simulator
from ingest.snmp.simulator.model import CellState, InterfaceState, StationState
from ingest.snmp.simulator.sockets import loopback_addresses
from stores.ledger import Ledger, devices, province_view
from tests.product.process import btswatch

STATE = AgentState(
    station=StationState(cells=(CellState(name="c1"),)),
    interfaces=(InterfaceState(name="ge1", in_bps=1_000_000, alias="uplink"),),
)


class Agents:
    """Simulated agents in a thread of their own: each a station with an interface."""

    def __init__(self, count, trap_port):
        self.addresses = loopback_addresses(count, free_udp())
        agents = {
            f"S{n}": AgentModel(host=host, port=port, name=f"S{n}", community="public")
            for n, (host, port) in enumerate(self.addresses)
        }
        self._simulator = Simulator(
            agents,
            dict.fromkeys(agents, STATE),
            trap_sink=("127.0.0.1", trap_port),
            now_ms=lambda: time.time_ns() // 1_000_000,
            rng=random.Random(1),
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._simulator.start())

    def set(self, n, **changes):
        async def change():
            self._simulator.set_state(f"S{n}", STATE.model_copy(update=changes))

        self._do(change())

    def link(self, n, *, up):
        self.set(n, interfaces=(STATE.interfaces[0].model_copy(update={"oper_up": up}),))

    def close(self):
        self._do(self._simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


class Installation:
    """Stations S0.. and links L0.. of `vnx`, one station of `vny` without an agent."""

    def __init__(self, path: Path, *, interval_s=2, valid_for_s=180):
        self.path = path
        self.data = path / "data"
        self.registry = path / "registry"
        self.settings = path / "btswatch.toml"
        self.ports = {name: free_tcp() for name in ("gateway", "console", "ingest", "engine", "traps")}
        self.trap_port = free_udp()
        self.agents = Agents(6, self.trap_port)
        self._write_registry(valid_for_s)
        self.settings.write_text(f"""
data = "data"
registry = "registry"
credentials = "registry/credentials.toml"
[poll]
interval_s = {interval_s}
deadline_s = 1
timeout_s = 0.3
[poll.health]
settle_s = 2
[traps]
port = {self.trap_port}
[gateway]
port = {self.ports["gateway"]}
[console]
port = {self.ports["console"]}
[engine]
flush_s = 1
[status]
ingest_port = {self.ports["ingest"]}
traps_port = {self.ports["traps"]}
engine_port = {self.ports["engine"]}
""")
        self.ledger = Ledger(self.data / "ledger.db")
        self._opened = False

    def _write_registry(self, valid_for_s):
        self.registry.mkdir(parents=True)
        (self.registry / "enterprises.csv").write_text("id,name\nvnx,VNX\nvny,VNY\n")
        (self.registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
        stations = ["id,enterprise,agent,profile,credential,measured_valid_for_s", "other,vny,,,,"]
        links = ["id,enterprise,agent,if_name,profile,credential,measured_valid_for_s"]
        for n, (host, port) in enumerate(self.agents.addresses):
            stations.append(f"S{n},vnx,{host}:{port},bts_demo,c,{valid_for_s}")
            links.append(f"L{n},vnx,{host}:{port},ge1,interface,c,{valid_for_s}")
        (self.registry / "stations.csv").write_text("\n".join(stations) + "\n")
        (self.registry / "links.csv").write_text("\n".join(links) + "\n")
        credentials = self.registry / "credentials.toml"
        credentials.touch(mode=0o600)
        credentials.write_text('[community.c]\nversion = "2c"\ncommunity = "public"\n')

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def key(self, enterprise):
        """A new API key's token."""
        done = btswatch("keys", "create", "--enterprise", enterprise, "--data", self.data, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["token"]

    def states(self):
        """Live state by element, as the ledger has it."""
        return {one.element: one.status.name.lower() for one in self._read(province_view.current)}

    def outcomes(self):
        """The last poll's outcome by device."""
        return {one.device: one.outcome for one in self._read(devices.devices)}

    def _read(self, query):
        if not self._opened:
            if not (self.data / "ledger.db").exists():
                return []
            self.ledger.open()
            self._opened = True
        with self.ledger.reading() as connection:
            return query(connection)

    def close(self):
        self.agents.close()
        self.ledger.close()
