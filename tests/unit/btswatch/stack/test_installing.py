import stat
from pathlib import Path

import pytest

from btswatch.stack import install as installing
from btswatch.stack.places import influxd, kafka_libraries, servers_directory
from btswatch.stack.server import StackError


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A machine with these programs alone: name -> shell script."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def add(name, script):
        path = programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return add


def test_the_servers_directory_is_outside_every_checkout_and_can_be_named():
    assert servers_directory({"HOME": "/home/a"}) == Path("/home/a/.cache/btswatch/servers")
    assert servers_directory({"HOME": "/home/a", "XDG_CACHE_HOME": "/c"}) == Path("/c/btswatch/servers")
    assert servers_directory({"HOME": "/home/a", "BTSWATCH_SERVERS": "/srv/x"}) == Path("/srv/x")


def test_an_absent_tool_is_named_with_its_package(tmp_path, tools):
    with pytest.raises(StackError, match="java is not installed: apt-get install default-jre-headless"):
        installing.install_kafka(tmp_path, lambda _: None)
    tools("java", "")
    with pytest.raises(StackError, match="mvn is not installed: apt-get install maven"):
        installing.install_kafka(tmp_path, lambda _: None)
    with pytest.raises(StackError, match="go is not installed"):
        installing.install_influxdb(tmp_path, lambda _: None)


def test_what_a_failed_tool_said_is_told_and_nothing_half_made_is_taken_for_whole(tmp_path, tools):
    tools("java", "echo 4.1.0")
    tools("mvn", "echo half > made; echo no route to anywhere; exit 3")
    servers = tmp_path / "servers"
    servers.mkdir()
    with pytest.raises(StackError, match=r"code 3[\s\S]*no route to anywhere"):
        installing.install_kafka(servers, lambda _: None)
    assert not kafka_libraries(servers).exists()
    # The next run goes on in the same place.
    tools("mvn", "read was < made; [ $was = half ] && echo > went-on; IFS=; set -- libs; /bin/mkdir $1")
    installing.install_kafka(servers, lambda _: None)
    assert kafka_libraries(servers).is_dir()
    assert (kafka_libraries(servers).parent / "went-on").exists()


def test_a_second_run_fetches_nothing_and_checks_the_version(tmp_path, tools):
    tools("java", "echo 4.1.0")
    kafka_libraries(tmp_path).mkdir(parents=True)
    (kafka_libraries(tmp_path) / "slf4j-simple-1.7.36.jar").touch()
    installing.install_kafka(tmp_path, lambda _: None)
    tools("java", "echo 3.9.0")
    with pytest.raises(StackError, match=r"not version 4\.1\.0: it says '3\.9\.0'"):
        installing.install_kafka(tmp_path, lambda _: None)
    program = influxd(tmp_path)
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho InfluxDB v2.6.0\n")
    program.chmod(0o755)
    with pytest.raises(StackError, match=r"not version 2\.7\.12"):
        installing.install_influxdb(tmp_path, lambda _: None)
