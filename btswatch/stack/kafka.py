"""Apache Kafka as one KRaft node (broker and controller in one), on loopback."""

import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from btswatch.demo.ports import kept_tcp
from btswatch.stack.places import kafka_libraries
from btswatch.stack.server import Server, StackError

# Any value will do for a cluster that nobody joins; a fixed one lets a directory be used again.
CLUSTER_ID: Final = "YnRzd2F0Y2gtc3RhY2stMQ"
_MAX_ANSWER: Final = 1 << 20
_LOG: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


@dataclass(frozen=True)
class Sasl:
    """A listener with passwords. `mechanism`: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""

    users: Mapping[str, str]
    mechanism: str = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Tls:
    """A listener with TLS: PEM files of the certificate (chain) and its key; `clients_ca` asks clients for theirs."""

    certificate: Path
    key: Path
    clients_ca: Path | None = None


@dataclass(frozen=True)
class Node:
    """What a broker's properties are made of; addresses as clients see them.

    Attributes:
        host: address to bind.
        advertised: what clients are told to connect to.
        plaintext: port of the listener without any check; None: there is none.
        controller: port of the controller's listener; always on loopback.
        sasl_port: port of the listener with `sasl`, encrypted where there is `tls` too.
        tls_port: port of the listener with TLS and no password.
        logs: directory of Kafka's log segments.
    """

    logs: str
    controller: int
    host: str = "127.0.0.1"
    advertised: str = "127.0.0.1"
    plaintext: int | None = None
    sasl: Sasl | None = None
    sasl_port: int | None = None
    tls: Tls | None = None
    tls_port: int | None = None
    more: Mapping[str, str] = field(default_factory=dict)


def properties(node: Node) -> dict[str, str]:
    """The node's server.properties."""
    listeners: dict[str, tuple[str, int]] = {}
    if node.plaintext is not None:
        listeners["PLAINTEXT"] = ("PLAINTEXT", node.plaintext)
    if node.sasl is not None and node.sasl_port is not None:
        listeners["SASL"] = ("SASL_SSL" if node.tls else "SASL_PLAINTEXT", node.sasl_port)
    if node.tls is not None and node.tls_port is not None:
        listeners["TLS"] = ("SSL", node.tls_port)
    if not listeners:
        raise StackError("kafka: no listener was asked for")
    protocols = {name: protocol for name, (protocol, _) in listeners.items()} | {"CONTROLLER": "PLAINTEXT"}
    bound = [f"{name}://{node.host}:{port}" for name, (_, port) in listeners.items()]
    found = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{node.controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*bound, f"CONTROLLER://127.0.0.1:{node.controller}"]),
        "advertised.listeners": ",".join(f"{n}://{node.advertised}:{p}" for n, (_, p) in listeners.items()),
        "listener.security.protocol.map": ",".join(f"{n}:{protocol}" for n, protocol in protocols.items()),
        "inter.broker.listener.name": next(iter(listeners)),
        "log.dirs": node.logs,
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        # A consumer group's place is small: fewer files, a faster start.
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "8",
        "group.initial.rebalance.delay.ms": "0",
        # After a crash a node waits until its former self's session has ended.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
    }
    if node.sasl is not None:
        found |= _sasl(node.sasl, between_brokers="PLAINTEXT" not in listeners)
    if node.tls is not None:
        found |= _tls(node.tls)
    return found | dict(node.more)


def client_properties(sasl: Sasl, certificate: Path) -> dict[str, str]:
    """What Kafka's own tools need to log in as the first user: their `--command-config`."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": sasl.mechanism,
        "sasl.jaas.config": _login(sasl),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": _in_one_line(certificate),
    }


def properties_text(values: Mapping[str, str]) -> str:
    """As Kafka reads them: a backslash begins an escape."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in values.items())


def _sasl(sasl: Sasl, *, between_brokers: bool) -> dict[str, str]:
    mechanism = sasl.mechanism.lower()
    users = "".join(f' user_{user}="{secret}"' for user, secret in sasl.users.items())
    known = users if mechanism == "plain" else ""
    found = {
        "sasl.enabled.mechanisms": sasl.mechanism,
        f"listener.name.sasl.{mechanism}.sasl.jaas.config": _login(sasl, known),
    }
    if between_brokers:
        found["sasl.mechanism.inter.broker.protocol"] = sasl.mechanism
    return found


def _login(sasl: Sasl, known: str = "") -> str:
    name, password = next(iter(sasl.users.items()))
    module = "plain.PlainLoginModule" if sasl.mechanism == "PLAIN" else "scram.ScramLoginModule"
    own = f'username="{name}" password="{password}"'
    return f"org.apache.kafka.common.security.{module} required {own}{known};"


def _tls(tls: Tls) -> dict[str, str]:
    found = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": _in_one_line(tls.certificate),
        "ssl.keystore.key": _in_one_line(tls.key),
        # It is a client of itself, too.
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": _in_one_line(tls.clients_ca or tls.certificate),
    }
    if tls.clients_ca is not None:
        found["ssl.client.auth"] = "required"
    return found


def _in_one_line(path: Path) -> str:
    return " ".join(path.read_text("ascii").split("\n")).strip()


class KafkaServer(Server):
    """One node in a directory; ports are chosen once and kept over restarts.

    Args:
        servers: where `btswatch stack install` put it.
        directory: its data.
        port: of the listener without passwords; 0 takes a free one, None has no such listener.
        sasl: a listener with passwords beside it (`sasl_bootstrap`).
        tls: a listener with TLS (`tls_bootstrap`), left out where every client is to have a password; the one with
            passwords then is encrypted too.
        sasl_port: port of the listener with passwords; 0 takes a free one.
        heap: of the Java machine.
        more: further properties.
    """

    def __init__(
        self,
        servers: Path,
        directory: Path,
        *,
        port: int | None = 0,
        sasl: Sasl | None = None,
        tls: Tls | None = None,
        sasl_port: int = 0,
        heap: str = "512m",
        more: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__("kafka", directory)
        self._libraries = kafka_libraries(servers)
        self._heap = heap
        self._sasl = sasl
        self._node = Node(
            logs=str(self.directory / "logs"),
            controller=kept_tcp(),
            plaintext=None if port is None else port or kept_tcp(),
            sasl=sasl,
            sasl_port=(sasl_port or kept_tcp()) if sasl else None,
            tls=tls,
            tls_port=kept_tcp() if tls and not (sasl and port is None) else None,
            more=more or {},
        )

    @property
    def bootstrap(self) -> str:
        """host:port of the listener without passwords."""
        return self._address(self._node.plaintext)

    @property
    def sasl_bootstrap(self) -> str:
        """host:port of the listener with passwords."""
        return self._address(self._node.sasl_port)

    @property
    def tls_bootstrap(self) -> str:
        """host:port of the listener with TLS."""
        return self._address(self._node.tls_port)

    def prepare(self) -> None:
        """Write the properties; format the storage where it is new."""
        settings = self.directory / "server.properties"
        settings.touch(mode=0o600)
        settings.write_text(properties_text(properties(self._node)), "utf-8")
        if not (Path(self._node.logs) / "meta.properties").exists():
            self._format(settings)

    def command(self) -> Sequence[str]:
        """Java with Kafka's main class."""
        # The class data archive and the first compiler tier: a short-lived broker starts in half the time.
        machine = (f"-Xmx{self._heap}", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *_LOG)
        return (
            *self._java(*machine),
            *("kafka.Kafka", str(self.directory / "server.properties")),
        )

    def answers(self) -> bool:
        """ApiVersions, which every listener answers before any password."""
        node = self._node
        if node.plaintext is not None:
            return api_versions("127.0.0.1", node.plaintext)
        port = node.sasl_port or node.tls_port
        assert port is not None
        return api_versions("127.0.0.1", port, tls=_unchecked() if node.tls else None)

    def _format(self, settings: Path) -> None:
        command = self._java(
            "-Xmx128m", "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)
        )
        if self._sasl is not None and self._sasl.mechanism != "PLAIN":
            for name, password in self._sasl.users.items():
                command = (
                    *command,
                    "--add-scram",
                    f"{self._sasl.mechanism}=[name={name},password={password}]",
                )
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - its own tool
        if done.returncode:
            raise StackError(
                "kafka: its storage can't be formatted:", *f"{done.stdout}{done.stderr}".splitlines()
            )

    def _java(self, *arguments: str) -> tuple[str, ...]:
        java = shutil.which("java")
        if java is None or not self._libraries.is_dir():
            raise StackError("kafka is not installed: `btswatch stack install` gets it")
        return (java, "-cp", f"{self._libraries}/*", *arguments)

    def _address(self, port: int | None) -> str:
        if port is None:
            raise StackError("kafka has no such listener")
        return f"127.0.0.1:{port}"


def api_versions(host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_s: float = 2.0) -> bool:
    """Whether a broker answers an ApiVersions request (key 18, version 0) without an error."""
    client = b"probe"
    body = struct.pack(f">hhih{len(client)}s", 18, 0, 1, len(client), client)
    try:
        with (
            socket.create_connection((host, port), timeout=timeout_s) as plain,
            tls.wrap_socket(plain) if tls else nullcontext(plain) as connection,
        ):
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as answer:
                (length,) = struct.unpack(">i", answer.read(4))
                correlation, error = struct.unpack(">ih", answer.read(min(length, _MAX_ANSWER))[:6])
    except (OSError, struct.error):
        return False
    return bool(correlation == 1 and error == 0)


def _unchecked() -> ssl.SSLContext:
    """For asking our own child on loopback whether it is there: whose certificate it shows is the clients' business."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
