"""Obtains the servers: Kafka's jars by Maven, InfluxDB by the ordinary Go client, PostgreSQL found on the machine.

Each lands in its directory by one rename, after it has said its version: what is there is whole. A run that was
interrupted goes on where Maven's and Go's own caches are. InfluxDB is built from its published module, some 8 minutes
and 3 GB of caches that are its own and deleted when the program is there; on the way it asks for Rust.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from btswatch.stack.places import INFLUXDB, KAFKA, influxd, kafka_libraries, postgresql_programs
from btswatch.stack.postgresql import NOT_INSTALLED
from btswatch.stack.server import StackError

Tell = Callable[[str], None]
_LAST_LINES: Final = 15
# Without it a broker says nothing, not even why it ends.
_LOGGING: Final = "1.7.36"
_POM: Final = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>btswatch</groupId><artifactId>servers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{_LOGGING}</version></dependency>
  </dependencies>
</project>
"""
# influxdb's own go.mod replaces it too, which does not reach those who build it as a tool.
_GO_MOD: Final = """module btswatch/servers

go {version}

replace github.com/nats-io/nats-streaming-server v0.11.2 => \
github.com/influxdata/nats-streaming-server v0.11.3-0.20201112040610-c277f7560803
"""
_INFLUXD: Final = "github.com/influxdata/influxdb/v2/cmd/influxd"
_PKG_CONFIG: Final = "github.com/influxdata/pkg-config@v0.2.14"
# Rust's newer lints are errors in sources of that time; RUSTFLAGS does not reach what builds the build.
_RUSTC: Final = '#!/bin/sh\nexec "$@" --cap-lints warn\n'


def install(servers: Path, tell: Tell) -> None:
    """All three; what is there already stays.

    Raises:
        StackError: with what is missing and how to get it, or the end of what the failed tool said.
    """
    servers.mkdir(parents=True, exist_ok=True)
    tell(f"Servers are kept in {servers}")
    install_postgresql(tell)
    install_kafka(servers, tell)
    install_influxdb(servers, tell)


def install_postgresql(tell: Tell) -> None:
    """Find it: the distribution's is the one to use."""
    programs = postgresql_programs()
    if programs is None:
        raise StackError(NOT_INSTALLED)
    version = _output([str(programs / "postgres"), "--version"])
    tell(f"PostgreSQL  {version.strip()}: found in {programs}")


def install_kafka(servers: Path, tell: Tell) -> None:
    """Its jars, by Maven."""
    libraries = kafka_libraries(servers)
    java = _tool("java", "default-jre-headless")
    if not (libraries / f"slf4j-simple-{_LOGGING}.jar").exists():
        maven = _tool("mvn", "maven")
        tell(f"Kafka {KAFKA}: fetching its jars by Maven (about 50 MB) ...")
        work = _work(servers, f"kafka-{KAFKA}")
        (work / "pom.xml").write_text(_POM, "utf-8")
        goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs")
        _run([maven, "-q", "-B", *goal], work, {}, servers / "kafka.log")
        _check_version([java, "-cp", f"{work}/libs/*", "kafka.Kafka", "--version"], KAFKA)
        if libraries.exists():
            # One that was fetched before logging belonged to it: brokers may be running on it.
            shutil.copytree(work / "libs", libraries, dirs_exist_ok=True, copy_function=_copy_missing)
            shutil.rmtree(work)
        else:
            work.rename(libraries.parent)
    _check_version([java, "-cp", f"{libraries}/*", "kafka.Kafka", "--version"], KAFKA)
    tell(f"Kafka       {KAFKA}: {libraries}")


def install_influxdb(servers: Path, tell: Tell) -> None:
    """Its program, built from its module."""
    program = influxd(servers)
    if not program.exists():
        tell(
            f"InfluxDB {INFLUXDB}: building it from its Go module; about 8 minutes on 2 cores, 3 GB meanwhile ..."
        )
        work = _work(servers, f"influxdb-{INFLUXDB}")
        _build_influxd(work, servers / "influxdb.log", tell)
        _check_version([str(work / "influxd"), "version"], INFLUXDB)
        program.parent.mkdir(exist_ok=True)
        (work / "influxd").rename(program)
        shutil.rmtree(work)
    _check_version([str(program), "version"], INFLUXDB)
    tell(f"InfluxDB    {INFLUXDB}: {program}")


def _build_influxd(work: Path, log: Path, tell: Tell) -> None:
    go = _tool("go", "golang, or a newer one from its own site")
    _tool("pkg-config", "pkg-config")
    _tool("cargo", "cargo-web, or rustup and then `rustup default stable`")
    _tool("cc", "build-essential")
    programs = work / "bin"
    programs.mkdir(exist_ok=True)
    wrapper = programs / "rustc-warn"
    wrapper.write_text(_RUSTC, "ascii")
    wrapper.chmod(0o755)
    variables = {
        "GOPATH": str(work / "go"),
        "GOCACHE": str(work / "go-build"),
        "GOBIN": str(programs),
        # Else its caches could not be deleted afterwards.
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
        "RUSTC_WORKSPACE_WRAPPER": str(wrapper),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        **_rust_toolchain(),
    }
    module = work / "go.mod"
    if not module.exists():
        module.write_text(_GO_MOD.format(version=_go_version(go)), "ascii")
    steps = (
        ("fetching", ["get", "-tool", f"{_INFLUXD}@v{INFLUXDB}"]),
        ("building its pkg-config", ["install", _PKG_CONFIG]),
        ("building", [*_BUILD, "-o", str(work / "influxd"), _INFLUXD]),
    )
    for what, arguments in steps:
        tell(f"InfluxDB {INFLUXDB}: {what} ...")
        _run([go, *arguments], work, variables, log)


_BUILD: Final = (
    "build",
    "-tags",
    "sqlite_foreign_keys,sqlite_json",
    "-ldflags",
    f"-s -w -X main.version=v{INFLUXDB}",
)


def _go_version(go: str) -> str:
    found = re.search(r"go(\d+\.\d+)", _output([go, "version"]))
    if found is None:
        raise StackError(f"{go} does not say its version")
    return found[1]


def _rust_toolchain() -> Mapping[str, str]:
    """The sources ask rustup for a compiler of their time; the machine's default does as well."""
    rustup = shutil.which("rustup")
    if rustup is None or "RUSTUP_TOOLCHAIN" in os.environ:
        return {}
    # Away from any checkout that has its own wish.
    return {"RUSTUP_TOOLCHAIN": _output([rustup, "default"]).split()[0]}


def _work(servers: Path, name: str) -> Path:
    """Where it is made: kept when it fails, so that the next run goes on."""
    work = servers / f".{name}.making"
    work.mkdir(exist_ok=True)
    return work


def _copy_missing(source: str, target: str) -> str:
    return target if Path(target).exists() else shutil.copy2(source, target)


def _tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StackError(f"{name} is not installed: apt-get install {package}")
    return found


def _run(command: Sequence[str], directory: Path, variables: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as out:
        done = subprocess.run(  # noqa: S603 - the tools we name
            command, cwd=directory, env={**os.environ, **variables}, stdout=out, stderr=out, check=False
        )
    if done.returncode:
        said = log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
        raise StackError(
            f"`{Path(command[0]).name} {' '.join(command[1:3])} ...` failed with code {done.returncode}; "
            f"the same command goes on where it was. The end of {log}:",
            *(f"  {line}" for line in said),
        )


def _check_version(command: Sequence[str], version: str) -> None:
    said = _output(command)
    if version not in said:
        raise StackError(
            f"{command[0]} is not version {version}: it says {said.strip()!r}; delete it and start again"
        )


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603 - the tools we name
    if done.returncode:
        raise StackError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
