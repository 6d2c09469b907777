"""docker-compose.yml against the specification, our settings, our commands, and what its own images ask for."""

import importlib.metadata
import itertools
import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
import typer
import yaml

from btswatch.cli.app import root
from btswatch.demo.record import SETTINGS
from btswatch.parts.sink import SINKS
from btswatch.settings import Settings, StatusSettings
from btswatch.stack.containers import further_settings
from btswatch.stack.demo import PREPARATIONS
from btswatch.stack.kafka import CLUSTER_ID
from btswatch.stack.places import INFLUXDB, KAFKA
from btswatch.stack.secrets import KAFKA as BROKER
from btswatch.stack.secrets import KAFKA_CA, PROXY, READ_TOKEN, READERS, make_secrets
from btswatch.stack.wiring import DATABASE, ORGANIZATION, SCRAPED, USER, Addresses, variables
from tests.contract.compose.compose_file import ROOT, ComposeFile

COMPOSE = ComposeFile()
SERVICES = COMPOSE.services
OURS = [one for one in SERVICES.values() if one.ours]
SERVERS = [one for one in SERVICES.values() if not one.ours]
SIMULATED = ("world", "history")
LISTENING = {f"BTSWATCH_{part}__HOST" for part in ("STATUS", "GATEWAY", "CONSOLE", "TRAPS")}
named = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
ours = pytest.mark.parametrize("service", OURS, ids=lambda one: one.name)


def schema():
    # As data alone: the package itself needs another click than Faust does.
    package = importlib.metadata.distribution("check-jsonschema")
    found = package.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    return json.loads(Path(found).read_text("utf-8"))


def test_it_is_what_the_specification_allows_and_the_check_can_fail():
    validator = jsonschema.validators.validator_for(schema())(schema())
    assert [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(COMPOSE.raw)] == []
    wrong = {**COMPOSE.raw, "services": {"a": {"image": "x", "healthchek": {}}}}
    assert list(validator.iter_errors(wrong)) != []


# --- images


@named
def test_images_are_pinned_to_a_version(service):
    image = service.raw["image"]
    if not service.ours:
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", image), image


def test_one_service_builds_our_image_and_the_others_wait_for_it():
    # Several that export the same tag at once fail on a machine that has not built it before.
    builders = {one.name: one.raw["build"] for one in SERVICES.values() if "build" in one.raw}
    assert builders == {"secrets": {"context": ".", "dockerfile": "btswatch/stack/Dockerfile"}}
    for one in OURS:
        # Nothing of that name may come from a registry.
        assert one.raw.get("pull_policy") == (None if one.name == "secrets" else "never")
        assert one.name == "secrets" or "secrets" in needed(one.name)


def test_servers_have_the_versions_that_the_tests_run_on():
    assert SERVICES["kafka"].raw["image"] == f"apache/kafka:{KAFKA}"
    assert SERVICES["influxdb"].raw["image"] == f"influxdb:{INFLUXDB}"
    assert SERVICES["postgres"].raw["image"].startswith("postgres:15.")


def test_our_image_is_built_from_the_lock_on_a_pinned_one_and_finds_all_it_copies():
    text = (ROOT / "btswatch" / "stack" / "Dockerfile").read_text("utf-8")
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(set(stages)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", stages[0])
    assert "--require-hashes -r requirements-cluster.lock" in text
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    assert set(wheel["packages"]) <= set(copied)
    kept = (ROOT / "btswatch" / "stack" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert {f"!{name}" for name in copied} <= set(kept)
    user = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert user == [OURS[0].raw["user"]]
    # A new volume takes its owner from the directory in the image: each that we write to has to be there.
    written = {
        mount.target
        for service in OURS
        for mount in service.mounts
        if mount.kind == "volume" and not mount.read_only
    }
    made = re.search(r"useradd(.+?)\nCOPY", text, re.DOTALL)[1].split()
    assert written <= set(made), written - set(made)


# --- variables


@ours
def test_ours_get_the_variables_that_the_stack_demo_sets(service):
    if service.name == "secrets":
        assert service.environment == {}
        return
    expected = variables(
        Addresses("kafka:9092", "postgres:5432", "http://influxdb:8086", Path("/run/secrets"))
    )
    found = dict(service.environment)
    public = COMPOSE.asked["BTSWATCH_PUBLIC_URL"]
    assert {found.pop(f"BTSWATCH_{part}__CONSOLE_URL") for part in ("GRAFANA", "NOTIFY")} == {public}
    assert found.pop("BTSWATCH_SETTINGS") == f"/data/{SETTINGS}"
    listening = {name: found.pop(name) for name in LISTENING & set(found)}
    assert found == expected
    # Those that others connect to listen in their container; those that share one's network stay on loopback.
    assert listening == (dict.fromkeys(LISTENING, "0.0.0.0") if service.probe else {})


@ours
def test_our_settings_take_them(service, tmp_path):
    if service.name == "secrets":
        return
    make_secrets(tmp_path, ["localhost"], datetime.now(UTC))
    found = {
        name: value.replace("/run/secrets", str(tmp_path / "btswatch"))
        for name, value in service.environment.items()
    }
    settings = tmp_path / "own.toml"
    settings.write_text(further_settings(StatusSettings(), ["172.31.240.2"]))
    loaded = Settings.load(settings, found)
    assert loaded.form == "cluster"
    assert loaded.kafka.sasl_password.get_secret_value()
    assert loaded.gateway.trusted_proxies == ("172.31.240.2",)
    assert loaded.stop_s < int(service.raw["stop_grace_period"].removesuffix("s"))


def test_no_secret_stands_in_it():
    for service in SERVICES.values():
        for name, value in service.environment.items():
            if re.search("PASSWORD|TOKEN|SECRET", name):
                assert name.endswith("_FILE"), name
                assert value.startswith("/run/secrets/"), name
    assert re.findall(r"://[^@\s/]+:[^@\s/]+@", COMPOSE.text) == []


@named
def test_each_secret_that_is_read_is_made_for_its_reader(service):
    reader = next(
        (m.source.removeprefix("secrets-") for m in service.mounts if m.target == "/run/secrets"), None
    )
    files = {
        value.removeprefix("/run/secrets/")
        for name, value in service.environment.items()
        if value.startswith("/run/secrets/")
    }
    if service.name == "grafana":
        source = yaml.safe_load(
            (ROOT / "dashboards/grafana/provisioning/datasources/btswatch.yaml").read_text()
        )
        token = source["datasources"][0]["secureJsonData"]["token"]
        files.add(token.removeprefix("$__file{/run/secrets/").removesuffix("}"))
        assert READ_TOKEN.as_posix() == "grafana/influx_read_token"
        assert files == {*READERS["grafana"], READ_TOKEN.name}
    elif service.name == "proxy":
        caddy = (ROOT / "btswatch" / "stack" / "Caddyfile").read_text("utf-8")
        assert reader == PROXY
        assert set(re.findall(r"/run/secrets/(\S+)", caddy)) == {"tls.crt", "tls.key"}
    elif files:
        assert files <= {*READERS[reader], *((KAFKA_CA.name,) if reader == KAFKA_CA.parent.name else ())}


def test_the_making_of_secrets_reaches_every_reader():
    made = {m.source: m.target for m in SERVICES["secrets"].mounts}
    assert made == {f"secrets-{name}": f"/secrets/{name}" for name in (*READERS, BROKER, PROXY)}
    read = {m.source for one in SERVICES.values() for m in one.mounts if m.source.startswith("secrets-")}
    assert read == set(made)


def test_servers_are_told_the_names_that_we_use():
    influx, postgres, grafana = (SERVICES[name].environment for name in ("influxdb", "postgres", "grafana"))
    assert (influx["DOCKER_INFLUXDB_INIT_ORG"], influx["DOCKER_INFLUXDB_INIT_USERNAME"]) == (
        ORGANIZATION,
        USER,
    )
    assert influx["INFLUXD_REPORTING_DISABLED"] == "true"
    assert (postgres["POSTGRES_DB"], postgres["POSTGRES_USER"]) == (DATABASE, USER)
    assert grafana["BTSWATCH_INFLUX_ORGANIZATION"] == ORGANIZATION
    source = (ROOT / "dashboards/grafana/provisioning/datasources/btswatch.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", source)) == {
        name for name in grafana if name.startswith("BTSWATCH_")
    }
    assert SERVICES["kafka"].environment["CLUSTER_ID"] == CLUSTER_ID


def test_what_may_be_set_from_outside_is_described():
    page = (ROOT / "docs" / "how-to" / "cluster-with-compose.md").read_text("utf-8")
    assert set(COMPOSE.asked) == set(re.findall(r"^\| `(BTSWATCH_[A-Z_]+)` \|", page, re.MULTILINE))
    assert COMPOSE.asked["BTSWATCH_BIND"] == "127.0.0.1"


# --- commands


def parsed(words):
    """The command that the words call, its arguments read and nothing run; fails as the command line does."""
    command, rest = typer.main.get_command(root), list(words)
    context = command.make_context("btswatch", rest, resilient_parsing=True)
    while hasattr(command, "get_command"):
        name = rest.pop(0)
        command = command.get_command(context, name)
        assert command is not None, name
    return command.make_context(command.name, rest)


@ours
def test_commands_exist_and_take_their_arguments(service, monkeypatch):
    monkeypatch.delenv("BTSWATCH_SETTINGS", raising=False)
    if service.name in SIMULATED:
        python, dash_m, module = service.raw["entrypoint"]
        assert (python, dash_m) == ("python", "-m")
        command = [sys.executable, dash_m, module, *service.command, "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    assert "entrypoint" not in service.raw
    parsed(service.command)


def test_a_wrong_command_is_seen():
    with pytest.raises(Exception, match="no-such"):
        parsed(["topics", "apply", "--no-such"])


def test_every_part_of_the_cluster_and_every_preparation_is_there():
    commands = [one.command for one in OURS]
    for command in (
        ["ingest"],
        ["forward"],
        ["worker"],
        ["engine"],
        ["console"],
        *(["sink", name] for name in SINKS),
    ):
        assert commands.count(command) == 1, command
    for preparation in PREPARATIONS:
        assert any(command[: len(preparation)] == list(preparation) for command in commands), preparation
    assert {one.name for one in OURS if one.probe} == {*SCRAPED, "console"}


# --- ports


@ours
def test_probes_ask_the_port_that_the_part_listens_on(service):
    if not service.probe:
        assert service.ends or service.name in SIMULATED
        return
    settings = Settings()
    port = (
        settings.console.port
        if service.name == "console"
        else getattr(settings.status, SCRAPED[service.name])
    )
    assert service.probe == ["CMD", "python", "-m", "btswatch.stack.probe", f"http://127.0.0.1:{port}/readyz"]


def test_only_the_proxy_and_traps_are_reached_from_outside_and_on_loopback():
    published = {one.name: one.raw["ports"] for one in SERVICES.values() if "ports" in one.raw}
    assert published == {
        "ingest": [f"127.0.0.1:1162:{Settings().traps.port}/udp"],
        "proxy": ["127.0.0.1:8443:8443"],
    }
    opened = ComposeFile({"BTSWATCH_BIND": "10.0.0.5", "BTSWATCH_HTTPS_PORT": "443"}).services
    assert opened["proxy"].raw["ports"] == ["10.0.0.5:443:8443"]


def test_the_proxy_passes_on_to_what_listens_there_and_to_nothing_else():
    text = (ROOT / "btswatch" / "stack" / "Caddyfile").read_text("utf-8")
    settings = Settings()
    assert re.findall(r"reverse_proxy (\S+)", text) == [
        f"ingest:{settings.gateway.port}",
        "grafana:3000",
        f"console:{settings.console.port}",
    ]
    assert f"https://:{SERVICES['proxy'].raw['ports'][0].rsplit(':', 1)[1]} {{" in text
    assert "admin off" in text
    probe = SERVICES["proxy"].probe[-1].removesuffix("/healthz")
    assert f"{probe} {{" in text
    documented = json.loads((ROOT / "docs/reference/openapi.json").read_text("utf-8"))["paths"]
    allowed = re.search(r"@gateway path (.+)", text)[1].split()
    private = {path for path in documented if not path.startswith("/v1/")}
    assert private == {"/healthz", "/readyz", "/metrics"}
    assert not private & set(allowed)
    # The console, which gets the rest, has such pages of its own.
    hidden = re.search(r"@private path (.+)\n\thandle @private \{\n\t\trespond 404\n", text)[1].split()
    assert private == set(hidden)
    assert {"/v1", "/v1/*"} <= set(allowed)


def test_the_gateway_believes_the_proxys_address_alone():
    address = SERVICES["proxy"].raw["networks"]["inside"]["ipv4_address"]
    command = SERVICES["province"].command
    assert command[command.index("--proxy") + 1] == address
    inside = COMPOSE.raw["networks"]["inside"]["ipam"]["config"][0]
    assert ip_address(address) in ip_network(inside["subnet"])
    # Docker gives out addresses from there: whoever starts first would get the proxy's.
    given_out = ip_network(inside["ip_range"])
    assert given_out.subnet_of(ip_network(inside["subnet"]))
    assert ip_address(address) not in given_out
    assert given_out.num_addresses > 4 * len(SERVICES)


def test_two_services_meet_in_one_network_alone():
    # A name has an address in each network that both are in: the proxy would come from one that is not believed.
    for one, other in itertools.combinations([s for s in SERVICES.values() if s.networks], 2):
        assert len(one.networks & other.networks) == 1, (one.name, other.name)


def test_metrics_are_taken_where_the_parts_are():
    found = tomllib.loads(further_settings(StatusSettings(), []))["influx"]["scrape"]
    for one in found:
        host, port = one["url"].removeprefix("http://").removesuffix("/metrics").split(":")
        assert host == one["part"]
        assert f":{port}/" in SERVICES[host].probe[-1]
        assert SERVICES[host].networks & SERVICES["sink-influx"].networks


# --- paths, health and order


@named
def test_mounted_files_and_volumes_exist(service):
    for mount in service.mounts:
        if mount.kind == "bind":
            assert (ROOT / mount.source).exists(), mount.source
            assert mount.read_only, mount
        else:
            assert mount.source in COMPOSE.raw["volumes"], mount.source
        # Else a container that is made first would give the volume its own image's owner.
        if mount.source.startswith(("secrets-", "dashboards")) and mount.read_only:
            assert mount.nocopy, mount


def test_grafana_gets_what_its_page_says():
    readme = " ".join((ROOT / "dashboards/grafana/README.md").read_text("utf-8").split())
    mounts = {mount.target: mount.source for mount in SERVICES["grafana"].mounts}
    for target, source in mounts.items():
        if source.startswith("./"):
            assert f"`{source.removeprefix('./')}` at `{target}`" in readme, source
    providers = yaml.safe_load(
        (ROOT / "dashboards/grafana/provisioning/dashboards/btswatch.yaml").read_text()
    )
    paths = {Path(one["options"]["path"]) for one in providers["providers"]}
    assert {path.name for path in paths} == {"vi", "en"}
    for path in paths:
        assert f"at `{path}`" in readme
    # Its dashboards are those that a service of ours has written, so that they link to the console where it is.
    (place,) = {str(path.parent) for path in paths}
    writer = SERVICES["dashboards"]
    assert writer.command == ["dashboards", "provision", "--into", "/dashboards"]
    assert {mount.target: mount.source for mount in writer.mounts}["/dashboards"] == mounts[place]
    assert "dashboards" in needed("grafana")


def test_all_volumes_are_used():
    used = {mount.source for one in SERVICES.values() for mount in one.mounts if mount.kind == "volume"}
    assert used == set(COMPOSE.raw["volumes"])


@named
def test_whatever_goes_on_has_a_probe_and_whatever_ends_has_none(service):
    if service.name in SIMULATED:
        return
    assert bool(service.probe) is not service.ends
    if service.probe:
        check = service.raw["healthcheck"]
        assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@named
def test_it_waits_for_what_it_needs(service):
    for name, condition in service.depends_on.items():
        other = SERVICES[name]
        if other.ends:
            assert condition == "service_completed_successfully"
        else:
            assert condition in ("service_healthy", "service_started")
            assert condition == "service_started" or other.probe
    if service.ours and not service.ends and service.name not in SIMULATED:
        assert "province" in needed(service.name)
    if service.name != "secrets":
        assert "secrets" in needed(service.name)


def needed(name, on_the_way=()):
    """All that has to be there before; fails where they wait for each other."""
    assert name not in on_the_way, on_the_way
    direct = SERVICES[name].depends_on
    return set(direct).union(*(needed(other, (*on_the_way, name)) for other in direct))


@named
def test_nothing_runs_as_root_or_with_more_rights_than_it_needs(service):
    raw = service.raw
    assert re.fullmatch(r"[1-9]\d*:\d+", raw["user"])
    assert raw["cap_drop"] == ["ALL"]
    assert raw.get("cap_add", []) == (["NET_BIND_SERVICE"] if service.name == "proxy" else [])
    assert raw["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "devices", "pid", "ipc"} & set(raw)
    if service.ours:
        assert raw["read_only"] is True


def test_only_what_has_to_reaches_the_world_outside():
    assert COMPOSE.raw["networks"]["inside"]["internal"] is True
    further = {one.name: one.networks - {"inside"} for one in SERVICES.values() if one.networks - {"inside"}}
    assert further == {"ingest": {"devices"}, "sink-notify": {"messengers"}, "proxy": {"front"}}
    alone = {one.name: one.raw["network_mode"] for one in SERVICES.values() if "network_mode" in one.raw}
    assert alone == {"secrets": "none", "world": "service:ingest", "history": "service:forward"}
    assert all(one.networks for one in SERVICES.values() if one.name not in alone)


def test_grafana_is_asked_below_the_path_that_it_is_served_from():
    grafana = SERVICES["grafana"]
    assert grafana.environment["GF_SERVER_SERVE_FROM_SUB_PATH"] == "true"
    path = urlsplit(grafana.environment["GF_SERVER_ROOT_URL"]).path
    # It answers any other path with a redirect to its public address.
    assert urlsplit(grafana.probe[-1]).path == f"{path}api/health"
    assert f"handle {path}*" in (ROOT / "btswatch" / "stack" / "Caddyfile").read_text("utf-8")


def test_who_shares_a_network_is_started_anew_with_its_owner():
    for name, owner in {"world": "ingest", "history": "forward"}.items():
        assert SERVICES[name].raw["network_mode"] == f"service:{owner}"
        assert SERVICES[name].raw["depends_on"][owner]["restart"] is True


def test_the_simulated_world_can_be_left_out():
    without = ComposeFile({"BTSWATCH_DEMO": "0", "BTSWATCH_SETTINGS": "/etc/btswatch/btswatch.toml"}).services
    for name in SIMULATED:
        assert int(without[name].raw["deploy"]["replicas"]) == 0
        assert int(SERVICES[name].raw["deploy"]["replicas"]) == 1
    assert without["forward"].environment["BTSWATCH_SETTINGS"] == "/etc/btswatch/btswatch.toml"
