"""A real broker that asks for a login over TLS, and everything of ours that speaks to it."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from btswatch.demo.ports import free_tcp
from btswatch.stack.kafka import KafkaServer, Sasl, Tls
from tests.product.process import Process, ask, btswatch, eventually
from tests.servers import _require_kafka

pytestmark = [pytest.mark.service, pytest.mark.e2e]
PASSWORD = "the-right-secret-9d2f"
WRONG = "a-wrong-secret-77ab"
LONG_RUNNING = {
    "forward": ("forward",),
    "worker": ("worker",),
    "notify": ("sink", "notify"),
}
PORTS = {"forward": "forwarder_port", "worker": "worker_port", "notify": "notify_sink_port"}


@dataclass(frozen=True)
class Authority:
    """Signs certificates for 127.0.0.1."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(subject, subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True
        )
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        return cls(key, builder.sign(key, hashes.SHA256()))

    def save(self, path):
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, directory: Path) -> Tls:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = _builder(subject, self.certificate.subject, key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        certificate = builder.sign(self.key, hashes.SHA256())
        files = Tls(directory / "broker.pem", directory / "broker.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


def _builder(subject, issuer, public_key):
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


@dataclass(frozen=True)
class Guarded:
    """The broker and the files that clients need."""

    server: KafkaServer
    ca: Path
    stranger: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("guarded")
    authority = Authority.new("btswatch test authority")
    users = {"btswatch": PASSWORD}
    with KafkaServer(
        _require_kafka(),
        directory / "kafka",
        sasl=Sasl(users, "SCRAM-SHA-512"),
        tls=authority.server(directory),
    ) as server:
        yield Guarded(
            server,
            authority.save(directory / "ca.pem"),
            Authority.new("somebody else").save(directory / "stranger.pem"),
        )


@dataclass(frozen=True)
class Client:
    """Settings of one deployment against the guarded broker."""

    file: Path
    secret: Path
    ports: dict

    def run(self, *arguments):
        return btswatch(*arguments, "--settings", self.file, timeout=90)

    def start(self, name):
        """With everything logged that there is, and the password from its file alone."""
        file = self.file.with_name("no-password.toml")
        text = self.file.read_text()
        file.write_text("".join(row for row in text.splitlines(True) if "sasl_password" not in row))
        variables = {"BTSWATCH_LOG_LEVEL": "DEBUG", "BTSWATCH_KAFKA__SASL_PASSWORD_FILE": str(self.secret)}
        return Process(*LONG_RUNNING[name], "--settings", file, **variables)

    def ready(self, name):
        return ask(f"http://127.0.0.1:{self.ports[name]}/readyz")


@pytest.fixture
def client(tmp_path, guarded, kafka_prefix):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvina,Vina\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text("id,enterprise\nS1,vina\n")
    (registry / "links.csv").write_text("id,enterprise\n")

    def make(password=PASSWORD, ca=guarded.ca, timeout_s=3, **more):
        directory = tmp_path
        secret = directory / "kafka-password"
        secret.write_text(f"{password}\n")
        ports = {name: free_tcp() for name in PORTS}
        kafka = {
            "bootstrap": guarded.server.sasl_bootstrap,
            "prefix": kafka_prefix,
            "security_protocol": "SASL_SSL",
            "sasl_username": "btswatch",
            "sasl_password": password,
            "tls_ca": ca,
            **more,
        }
        file = directory / "btswatch.toml"
        file.write_text(
            f'form = "cluster"\ndata = "data"\n[kafka]\ntimeout_s = {timeout_s}\n'
            + "".join(f'{name} = "{value}"\n' for name, value in kafka.items() if value is not None)
            + "[status]\n"
            + "".join(f"{PORTS[name]} = {port}\n" for name, port in ports.items())
        )
        return Client(file, secret, ports)

    return make


def test_with_the_right_login_every_client_of_ours_works_and_no_secret_is_logged(client, guarded):
    good = client()
    made = good.run("topics", "apply")
    assert made.returncode == 0, made.stderr
    assert good.run("topics", "diff").returncode == 0
    listed = good.run("dlq", "list")
    assert (listed.returncode, listed.stderr) == (0, "no dead letters\n")
    running = {name: good.start(name) for name in LONG_RUNNING}
    try:
        for name, process in running.items():
            eventually(lambda n=name, p=process: p.lives() and good.ready(n)[0] == 200, 120)
        for process in running.values():
            process.stop(deadline_s=30)
    finally:
        for process in running.values():
            process.kill()
    told = made.stderr + listed.stderr + "".join(process.told for process in running.values())
    assert PASSWORD not in told
    # It was real: the same broker lets nobody in without TLS, and nobody in without a login.
    for protocol in ("PLAINTEXT", "SSL"):
        assert client(security_protocol=protocol).run("topics", "diff").returncode == 3


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"password": WRONG}, "invalid credentials"),
        ({"first_away": True}, "invalid credentials"),
        ({"sasl_mechanism": "PLAIN"}, "UnsupportedSaslMechanism"),
        ({"stranger": True}, "certificate verify failed"),
        ({"by_name": True}, "Hostname mismatch"),
        # The broker answers with a TLS alert and hangs up: the library tells the end alone where both come at once.
        (
            {"security_protocol": "SASL_PLAINTEXT", "tls_ca": None},
            "the port answers with TLS|KafkaConnectionError: socket disconnected",
        ),
    ],
    ids=[
        "wrong password",
        "one of two away",
        "another mechanism",
        "authority of others",
        "another name",
        "no TLS",
    ],
)
def test_a_command_that_is_not_let_in_says_why_in_one_line_and_ends_with_3(client, guarded, what, reason):
    what, where = dict(what), guarded.server.sasl_bootstrap
    if what.pop("stranger", False):
        what["ca"] = guarded.stranger
    if what.pop("first_away", False):
        # Brokers are tried by chance.
        what |= {"bootstrap": f"127.0.0.1:1,{where}", "password": WRONG, "timeout_s": 10}
    if what.pop("by_name", False):
        where = what["bootstrap"] = where.replace("127.0.0.1", "localhost")
    bad = client(**what)
    every = (("topics", "apply"), ("topics", "diff"), ("dlq", "list"), ("check",))
    for command in every[: 1 if len(what) > 1 or "password" not in what else None]:
        done = bad.run(*command)
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        (line,) = [one for one in (done.stderr + done.stdout).splitlines() if where in one]
        assert re.search(reason, line)
        assert not any(secret in done.stderr + done.stdout for secret in (PASSWORD, WRONG))


def test_parts_with_a_wrong_password_are_not_ready_or_end_and_tell_no_secret(client):
    bad = client(password=WRONG)
    running = {name: bad.start(name) for name in LONG_RUNNING}

    def refused(name):
        process = running[name]
        ended = process._process.poll() is not None
        return "uthentication" in process.told and (ended or bad.ready(name)[0] == 503)

    try:
        for name, process in running.items():
            eventually(lambda n=name: refused(n), 60)
            assert process._process.poll() in (None, 1, 3), process.told
    finally:
        for process in running.values():
            process.kill()
    for process in running.values():
        assert WRONG not in process.told
        assert "Traceback" not in process.told
