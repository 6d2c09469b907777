import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.kafka import Sasl
from btswatch.stack.places import servers_directory
from btswatch.stack.server import StackError
from tests.product.process import eventually

pytestmark = pytest.mark.service


def test_a_broker_keeps_what_it_acknowledged_over_kill_and_restart(new_kafka):
    server = new_kafka()
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=server.bootstrap)) as client:
        client.create_topics({"kept": {"num_partitions": 1}})
    with KafkaProducer(bootstrap_servers=server.bootstrap) as producer:
        producer.send("kept", b"said").get(10)
    server.kill()
    assert not server.running
    server.start()
    with KafkaConsumer(
        "kept", bootstrap_servers=server.bootstrap, auto_offset_reset="earliest", group_id=None
    ) as consumer:
        assert next(consumer).value == b"said"


def test_a_listener_with_passwords_takes_the_right_one_alone(new_kafka):
    server = new_kafka(port=None, sasl=Sasl({"watch": "right-one"}, "SCRAM-SHA-512"))

    def topics(password):
        client = KafkaAdminClient(
            bootstrap_servers=server.sasl_bootstrap,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username="watch",
            sasl_plain_password=password,
            bootstrap_timeout_ms=2000,
        )
        try:
            return client.list_topics()
        finally:
            client.close()

    with pytest.raises(KafkaError):
        topics("wrong-one")
    assert topics("right-one") == []


def test_influxdb_is_set_up_once_and_keeps_what_it_took_over_a_kill(influx_server):
    bucket = influx_server.new_bucket()
    answer = influx_server.client.post(
        "/api/v2/write", params={"org": influx_server.org, "bucket": bucket}, content=b"m,t=a f=1i"
    )
    assert answer.status_code == 204
    influx_server.server.kill()
    influx_server.start()
    assert "m" in influx_server.query(f'from(bucket:"{bucket}") |> range(start:-1h)')
    assert not influx_server.server.set_up(
        org="o", bucket="b", username="u", password="password", token="other"
    )


def test_postgresql_asks_for_its_password_and_keeps_what_was_committed(postgres_server):
    url = postgres_server.new_database()
    dsn = url.replace("+psycopg", "")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE t (n int)")
        connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn.replace("password@", "guess@"))
    postgres_server.server.kill()
    postgres_server.server.start()
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
        assert connection.execute("SELECT current_setting('listen_addresses')").fetchone() == ("127.0.0.1",)


def test_a_server_that_ends_by_itself_is_told_with_the_end_of_its_log(influx_server, tmp_path):
    second = InfluxServer(
        servers_directory(), tmp_path / "second", port=int(influx_server.url.rsplit(":", 1)[1])
    )
    # It would find the other one healthy behind its port: what it has to notice is its own end.
    second.answers = lambda: False
    with pytest.raises(StackError, match="address already in use"):
        second.start()
    assert not second.running


def test_whoever_started_a_server_takes_it_along_even_when_killed(influx, tmp_path):
    script = """
import sys
from pathlib import Path
from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.places import servers_directory
server = InfluxServer(servers_directory(), Path(sys.argv[1])).start()
print(server.pid, flush=True)
sys.stdin.read()
"""
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "influx")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with starter.stdin, starter.stdout:
        pid = int(starter.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        os.kill(starter.pid, signal.SIGKILL)
        starter.wait(10)
        eventually(lambda: not Path(f"/proc/{pid}").exists(), 10)
