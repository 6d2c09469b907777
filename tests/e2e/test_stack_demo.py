"""`btswatch stack demo` as a user starts it: the whole cluster on real servers, from an empty directory to a clean end."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import httpx
import psycopg
import pytest

from btswatch.stack.places import influxd, kafka_libraries, postgresql_programs, servers_directory
from btswatch.stack.wiring import SCRAPED
from tests.absence import absent_because
from tests.product.process import Process, ask, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.service]
STATIONS = 20
ELEMENTS = 28
DRAWN_SOON = {
    ("province", "Trạm theo trạng thái"),
    ("province", "Bản đồ trạm và tuyến"),
    ("province", "Độ khả dụng trong các ngày đang xem"),
    ("province", "Xã, phường"),
    ("station", "Trạng thái hiện tại: kết luận, đo kiểm, khai báo"),
    ("station", "Thời gian theo trạng thái từng giờ"),
    ("links", "Tuyến theo trạng thái"),
    ("feeds", "Các nguồn tin vào cuối thời gian đang xem"),
    ("pipeline", "Dung lượng nhật ký"),
}


class Cluster:
    """A running demonstration, looked at from outside."""

    def __init__(self, directory):
        self.directory = directory
        self.running = Process(
            *("stack", "demo", "--stations", STATIONS, "--days", "0", "--data", directory),
            BTSWATCH_SERVERS=str(servers_directory()),
        )

    def started(self):
        """Returns when all processes have been started."""
        self.running.line("Commands", timeout_s=240)
        self.ports = json.loads((self.directory / "servers" / "ports.json").read_text())
        self.settings = tomllib.loads((self.directory / "btswatch" / "btswatch.toml").read_text())

    def secret(self, name):
        return (self.directory / "secrets" / name).read_text().strip()

    def rows(self, query):
        password = self.secret("postgres/postgres_password")
        address = f"postgresql://btswatch:{password}@127.0.0.1:{self.ports['postgresql']}/btswatch"
        with psycopg.connect(address) as connection:
            return connection.execute(query).fetchall()

    def points(self, bucket, measurement):
        """How many values Grafana's own token finds."""
        flux = (
            f'from(bucket: "{bucket}") |> range(start: -7d)'
            f' |> filter(fn: (r) => r._measurement == "{measurement}") |> toString() |> group() |> count()'
        )
        headers = {
            "Authorization": f"Token {self.secret('grafana/influx_read_token')}",
            "Accept": "application/csv",
        }
        answer = httpx.post(
            f"http://127.0.0.1:{self.ports['influxd']}/api/v2/query",
            params={"org": "btswatch"},
            headers=headers | {"Content-Type": "application/vnd.flux"},
            content=flux,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        lines = answer.text.strip().splitlines()
        return int(lines[-1].split(",")[-1]) if lines else 0

    def drawn(self):
        """The panels of the Grafana dashboards that have something to draw, read with Grafana's own token."""
        from tests.grafana.filled import drawn

        now_ms = time.time_ns() // 1_000_000
        with httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports['influxd']}",
            headers={"Authorization": f"Token {self.secret('grafana/influx_read_token')}"},
            timeout=60,
            trust_env=False,
        ) as client:
            return drawn(client, "btswatch", "btswatch", now_ms - 36 * 3_600_000, now_ms)

    def command(self, words):
        """Run in a shell, as the demonstration's last line says; what it wrote."""
        told = next(line for line in self.running.lines if line.startswith("Commands "))
        script = (
            f"{told.removeprefix('Commands ').partition('   ')[0]} && {sys.executable} -m btswatch {words}"
        )
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def url(self, section, port="port"):
        return f"http://127.0.0.1:{self.settings[section][port]}"

    def processes(self):
        """Ours and the servers: every command line that names the directory."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = entry.read_bytes()
            except OSError:
                continue
            if str(self.directory).encode() in command:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        return found


@pytest.fixture
def cluster():
    servers = servers_directory()
    if not (kafka_libraries(servers).is_dir() and influxd(servers).exists() and postgresql_programs()):
        absent_because(f"the servers are not in {servers}: make servers")
    # Not below pytest's directory: as root PostgreSQL runs as another user, who can't enter it.
    directory = Path(tempfile.mkdtemp(prefix="btswatch-stack-"))
    directory.chmod(0o755)
    made = Cluster(directory)
    try:
        made.started()
        yield made
    finally:
        # Its end in good order, whatever came of the test: servers and parts go with it, in their time.
        made.running.end(signal.SIGINT, 90.0)
        shutil.rmtree(directory)


def test_evidence_reaches_every_store_and_screen_and_nothing_is_left_after_the_end(cluster):
    running = cluster.running
    for part, port in SCRAPED.items():
        eventually(lambda p=port: running.lives() and ask(f"{cluster.url('status', p)}/readyz")[0] == 200, 90)
        assert part
    # What devices answer and enterprises push, as states in PostgreSQL.
    states = "SELECT count(*) FROM element_state WHERE status <> 0"
    eventually(lambda: running.lives() and cluster.rows(states)[0][0] >= ELEMENTS - 2, 90)
    # The same in InfluxDB, read with the token that Grafana gets.
    for bucket, measurement in (
        ("btswatch", "state"),
        ("btswatch", "availability"),
        ("btswatch", "now"),
        ("btswatch_raw", "station"),
        ("btswatch_raw", "pipeline"),
        ("btswatch_long", "figure"),
    ):
        eventually(lambda b=bucket, m=measurement: running.lives() and cluster.points(b, m) > 0, 60)
    # Every panel's query runs there, and what only wants a minute of a province is drawn.
    eventually(lambda: running.lives() and cluster.drawn() >= DRAWN_SOON, 60)
    # All of it is kept as evidence.
    archive = cluster.directory / "btswatch" / "archive"
    eventually(lambda: list(archive.rglob("evidence-*.ndjson.gz")), 60)
    assert ask(f"{cluster.url('console')}/readyz")[0] == 200
    assert ask(f"{cluster.url('gateway')}/healthz")[0] == 200
    # A person's commands find the same servers.
    for words in ("topics diff", "influx diff", "dlq list", "ledger verify"):
        assert "differ" not in cluster.command(words)
    # No listener without a password, and none beside loopback.
    settings = (cluster.directory / "servers" / "kafka" / "server.properties").read_text()
    listeners = next(line for line in settings.splitlines() if line.startswith("listeners="))
    assert "PLAINTEXT://" not in listeners.replace("SASL_PLAINTEXT", "")
    assert listeners.count("127.0.0.1") == listeners.count("://")

    assert running.stop(signal.SIGINT, 90.0) == 0, running.told
    eventually(lambda: cluster.processes() == [], 10)
    assert "Traceback" not in running.told
    assert "did not stop in time" not in running.told
