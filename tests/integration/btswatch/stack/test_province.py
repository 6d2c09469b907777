import tomllib

import pytest

from btswatch.cli.app import run
from btswatch.settings import Settings


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.delenv("BTSWATCH_SETTINGS", raising=False)


def test_a_province_for_containers_keeps_the_usual_ports_and_names_its_neighbours(tmp_path, capsys):
    data = tmp_path / "data"
    arguments = (
        "stack",
        "province",
        "--data",
        str(data),
        "--proxy",
        "172.31.240.2",
        "--stations",
        "10",
        "--days",
        "0",
    )
    assert run(arguments) == 0, capsys.readouterr().err
    loaded = Settings.load(data / "btswatch.toml", {})
    defaults = Settings()
    assert (loaded.gateway.port, loaded.console.port) == (defaults.gateway.port, defaults.console.port)
    assert loaded.status == defaults.status
    assert loaded.gateway.trusted_proxies == ("172.31.240.2",)
    assert {one.part for one in loaded.influx.scrape} >= {"ingest", "worker", "sink-ledger"}
    assert (data / "registry" / "stations.csv").exists()
    before = (data / "registry" / "stations.csv").read_bytes()
    assert run(arguments) == 0
    assert (data / "registry" / "stations.csv").read_bytes() == before
    assert "poll" in tomllib.loads((data / "btswatch.toml").read_text())


def test_with_settings_of_ones_own_nothing_is_made_up(tmp_path, capsys):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text("id,enterprise\nS1,vnx\n")
    settings = tmp_path / "own.toml"
    settings.write_text('data = "data"\n')
    data = tmp_path / "data"
    arguments = ("stack", "province", "--data", str(data), "--settings", str(settings))
    assert run(arguments) == 0, capsys.readouterr().err
    assert (data / "mode").read_text() == "production\n"
    assert not (data / "btswatch.toml").exists()
    (registry / "stations.csv").write_text("id,enterprise\nS1,nobody\n")
    assert run(arguments) == 2
    assert "nobody" in capsys.readouterr().err
