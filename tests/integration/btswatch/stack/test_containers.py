"""What the compose file's containers are given, tried on the servers' own programs as far as they run without containers."""

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from btswatch.stack.kafka import CLUSTER_ID, KafkaServer
from btswatch.stack.places import servers_directory
from btswatch.stack.secrets import KAFKA_CA, kafka_tls, make_secrets, write_kafka_properties

pytestmark = pytest.mark.service


class Container(KafkaServer):
    """A broker with what the image's own start script made of the mounted properties."""

    def prepare(self):
        mounted, defaults, final = (self.directory / name for name in ("mounted", "defaults", "final"))
        for made in (defaults, final):
            made.mkdir(exist_ok=True)
        for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
            (defaults / name).touch()
        done = subprocess.run(
            self._java(
                "kafka.docker.KafkaDockerWrapper", "setup", "--default-configs-dir", str(defaults),
                "--mounted-configs-dir", str(mounted), "--final-configs-dir", str(final),
            ),
            env=os.environ | self.replaced(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def replaced(self):
        """What can't be as in a container: its directory, addresses and ports."""
        port = self._node.sasl_port
        return {
            "CLUSTER_ID": CLUSTER_ID,
            "KAFKA_LOG_DIRS": str(self.directory / "logs"),
            "KAFKA_LISTENERS": f"SASL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{self._node.controller}",
            "KAFKA_ADVERTISED_LISTENERS": f"SASL://127.0.0.1:{port}",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@127.0.0.1:{self._node.controller}",
        }

    def command(self):
        return self._java("-Xmx256m", "kafka.Kafka", str(self.directory / "final" / "server.properties"))


def test_the_images_own_start_script_takes_the_properties_that_we_write(kafka, tmp_path):
    from kafka.admin import KafkaAdminClient

    from btswatch.stack.kafka import Sasl

    secrets = tmp_path / "secrets"
    make_secrets(secrets, ["localhost"], datetime.now(UTC))
    write_kafka_properties(secrets, "kafka")
    shutil.copytree(secrets / "kafka", tmp_path / "broker" / "mounted")
    password = (secrets / "btswatch" / "kafka_password").read_text().strip()
    with Container(
        servers_directory(),
        tmp_path / "broker",
        port=None,
        sasl=Sasl({"btswatch": password}, "PLAIN"),
        tls=kafka_tls(secrets),
    ) as broker:
        client = KafkaAdminClient(
            bootstrap_servers=broker.sasl_bootstrap, security_protocol="SASL_SSL", sasl_mechanism="PLAIN",
            ssl_cafile=str(secrets / KAFKA_CA), sasl_plain_username="btswatch", sasl_plain_password=password,
        )  # fmt: skip
        try:
            assert client.list_topics() == []
        finally:
            client.close()
        # The compose file's own probe, at this port.
        _, port = broker.sasl_bootstrap.split(":")
        probe = ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"]
        assert subprocess.run(probe, check=False).returncode == 0
    assert subprocess.run(probe, check=False, capture_output=True).returncode != 0
