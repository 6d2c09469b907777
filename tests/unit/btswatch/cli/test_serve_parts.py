from pathlib import Path

from btswatch.cli.serve import parts_of
from btswatch.settings import Settings

PATH = Path("btswatch.toml")


def test_embedded_is_engine_ingest_and_console():
    parts = {one.name: one for one in parts_of(PATH, Settings())}
    assert set(parts) == {"engine", "ingest", "console"}
    assert parts["ingest"].stop_order < parts["engine"].stop_order


def test_the_cluster_on_one_host_is_all_of_it():
    parts = {one.name: one for one in parts_of(PATH, Settings(form="cluster", workers=2))}
    assert set(parts) == {
        *("ingest", "forward", "worker 0", "worker 1", "engine", "console"),
        *("sink ledger", "sink influx", "sink archive", "sink notify"),
    }
    assert parts["sink influx"].arguments == (
        *("-m", "btswatch", "sink", "influx"),
        *("--settings", "btswatch.toml"),
    )
    # A worker leaves at a tick, and ticks come from the forwarder.
    assert parts["ingest"].stop_order < parts["worker 0"].stop_order < parts["forward"].stop_order


def test_each_worker_shows_its_state_on_a_port_of_its_own():
    parts = {one.name: one for one in parts_of(None, Settings(form="cluster", workers=3))}
    first = Settings().status.worker_port
    assert parts["worker 0"].environment == {}
    assert parts["worker 2"].environment == {"BTSWATCH_STATUS__WORKER_PORT": str(first + 2)}
    status = Settings().status.model_copy(update={"worker_port": 0})
    anywhere = Settings(form="cluster", workers=2).model_copy(update={"status": status})
    assert {one.name: one for one in parts_of(None, anywhere)}["worker 1"].environment == {}
