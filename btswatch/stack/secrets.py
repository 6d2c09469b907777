"""The cluster's secrets: made once, each in a file, in a directory per program that reads them.

DIR/btswatch/   kafka_password  kafka_ca.pem  postgres_password  influx_token
DIR/kafka/      tls.crt  tls.key  client.properties, for Kafka's own tools  server.properties, for a broker in a container
                of its own (both hold the password)
DIR/influxdb/   influx_password  influx_token
DIR/postgres/   postgres_password
DIR/grafana/    grafana_password  (influx_read_token: `btswatch stack reader`, since only InfluxDB can make it)
DIR/proxy/      tls.crt  tls.key  (a certificate of our own for this machine; replace both by your authority's)
"""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from btswatch.stack.kafka import Node, Sasl, Tls, client_properties, properties, properties_text
from btswatch.stack.wiring import SASL_MECHANISM, USER

READERS: Final[Mapping[str, Sequence[str]]] = {
    "btswatch": ("kafka_password", "postgres_password", "influx_token"),
    "influxdb": ("influx_password", "influx_token"),
    "postgres": ("postgres_password",),
    "grafana": ("grafana_password",),
}
PROXY: Final = "proxy"
KAFKA: Final = "kafka"
KAFKA_CA: Final = Path("btswatch") / "kafka_ca.pem"
CLIENT: Final = Path("kafka") / "client.properties"
READ_TOKEN: Final = Path("grafana") / "influx_read_token"
_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
# No browser takes one that is longer; the broker's is ours alone, and nobody is there to renew it.
_CERTIFICATE_DAYS: Final = 825
_BROKERS_DAYS: Final = 3_650
_BYTES: Final = 32


def make_secrets(
    directory: Path,
    hosts: Sequence[str],
    now: dt.datetime,
    chance: Callable[[int], str] = secrets.token_urlsafe,
) -> list[str]:
    """Make those that are missing; names of the files made. The directory is for us alone.

    Args:
        directory: DIR above.
        hosts: names and addresses that the proxy's certificate is for.
        now: when the certificate begins.
        chance: a text of so many random bytes.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []
    for name in sorted({name for names in READERS.values() for name in names}):
        readers = [directory / reader / name for reader, names in READERS.items() if name in names]
        known = next((path.read_text("ascii") for path in readers if path.exists()), None)
        value = known or f"{chance(_BYTES)}\n"
        made += [_write(path, value) for path in readers if not path.exists()]
    made += _certificate(directory / PROXY, hosts, now)
    made += _certificate(directory / KAFKA, (KAFKA, "localhost", "127.0.0.1"), now, _BROKERS_DAYS)
    certificate = directory / KAFKA / "tls.crt"
    login = properties_text(client_properties(_sasl(directory), certificate))
    for path, text in ((directory / KAFKA_CA, certificate.read_text("ascii")), (directory / CLIENT, login)):
        # Whoever follows another follows it also when that one is made anew.
        if not path.exists() or path.read_text("ascii") != text:
            made.append(_write(path, text))
    return made


def _sasl(directory: Path) -> Sasl:
    password = (directory / "btswatch" / "kafka_password").read_text("ascii").strip()
    return Sasl({USER: password}, SASL_MECHANISM)


def kafka_tls(directory: Path) -> Tls:
    """The broker's certificate and key."""
    return Tls(directory / KAFKA / "tls.crt", directory / KAFKA / "tls.key")


def _certificate(
    directory: Path, hosts: Sequence[str], now: dt.datetime, days: int = _CERTIFICATE_DAYS
) -> list[str]:
    certificate, key = directory / "tls.crt", directory / "tls.key"
    if certificate.exists() and key.exists():
        return []
    texts = own_certificate(hosts, now, days)
    return [_write(certificate, texts[0]), _write(key, texts[1])]


def write_kafka_properties(directory: Path, host: str) -> None:
    """The broker's properties, as `btswatch stack demo` has them, for a container that clients call `host`."""
    node = Node(
        logs="/var/lib/kafka/data",
        host="0.0.0.0",  # noqa: S104 - of its container
        advertised=host,
        controller=9093,
        sasl=_sasl(directory),
        sasl_port=9092,
        tls=kafka_tls(directory),
    )
    _write(directory / "kafka" / "server.properties", properties_text(properties(node)))


def own_certificate(hosts: Sequence[str], now: dt.datetime, days: int = _CERTIFICATE_DAYS) -> tuple[str, str]:
    """A certificate signed by itself, and its key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"), private.decode("ascii")


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, text: str) -> str:
    # Readable by all who get into its directory: that is one program, often under a user id of its own.
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.write_text(text, "ascii")
    temporary.chmod(0o444)
    temporary.replace(path)
    return str(Path(path.parent.name) / path.name)
