import itertools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from btswatch.stack.secrets import (
    CLIENT,
    KAFKA,
    KAFKA_CA,
    PROXY,
    READERS,
    make_secrets,
    own_certificate,
    write_kafka_properties,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def files(directory):
    return {
        str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()
    }


@pytest.fixture
def counting():
    numbers = itertools.count()
    return lambda size: f"{size}-{next(numbers)}"


def test_each_is_made_once_for_all_its_readers_and_no_two_are_the_same(tmp_path, counting):
    made = make_secrets(tmp_path / "s", ["localhost"], NOW, counting)
    found = files(tmp_path / "s")
    assert sorted(made) == sorted(found)
    assert {f"{reader}/{name}" for reader, names in READERS.items() for name in names} <= set(found)
    by_name = {}
    for path, text in found.items():
        if not path.endswith((".crt", ".key", ".pem", ".properties")):
            by_name.setdefault(path.partition("/")[2], set()).add(text)
    assert all(len(values) == 1 for values in by_name.values())
    assert len({min(values) for values in by_name.values()}) == len(by_name)
    assert found[KAFKA_CA.as_posix()] == found[f"{KAFKA}/tls.crt"] != found[f"{PROXY}/tls.crt"]
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


def test_what_is_there_stays_and_what_was_lost_is_what_it_was(tmp_path, counting):
    make_secrets(tmp_path, ["localhost"], NOW, counting)
    before = files(tmp_path)
    assert make_secrets(tmp_path, ["localhost"], NOW, counting) == []
    (tmp_path / "postgres" / "postgres_password").unlink()
    (tmp_path / KAFKA_CA).unlink()
    assert make_secrets(tmp_path, ["localhost"], NOW, counting) == [
        "postgres/postgres_password",
        str(KAFKA_CA),
    ]
    assert files(tmp_path) == before
    # Half a certificate is none, and who trusts the broker trusts the new one.
    (tmp_path / KAFKA / "tls.key").unlink()
    assert make_secrets(tmp_path, ["localhost"], NOW, counting) == [
        "kafka/tls.crt",
        "kafka/tls.key",
        str(KAFKA_CA),
        str(CLIENT),
    ]
    assert files(tmp_path)[str(KAFKA_CA)] != before[str(KAFKA_CA)]


def test_real_ones_are_long_and_random(tmp_path):
    make_secrets(tmp_path / "a", ["localhost"], NOW)
    make_secrets(tmp_path / "b", ["localhost"], NOW)
    one, other = (files(tmp_path / name)["btswatch/kafka_password"].strip() for name in "ab")
    assert one != other
    assert len(one) >= 43


def test_the_certificate_is_for_names_and_addresses():
    text, key = own_certificate(["watch.example", "127.0.0.1"], NOW)
    certificate = x509.load_pem_x509_certificate(text.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["watch.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=825)
    assert "PRIVATE KEY" in key


def test_the_brokers_certificate_outlives_the_installation(tmp_path, counting):
    make_secrets(tmp_path, ["localhost"], NOW, counting)
    ends = {
        name: x509.load_pem_x509_certificate((tmp_path / name / "tls.crt").read_bytes()).not_valid_after_utc
        for name in (KAFKA, PROXY)
    }
    assert ends == {KAFKA: NOW + timedelta(days=3_650), PROXY: NOW + timedelta(days=825)}


def test_the_brokers_properties_follow_the_password_and_open_no_other_door(tmp_path, counting):
    make_secrets(tmp_path, ["localhost"], NOW, counting)
    write_kafka_properties(tmp_path, "kafka")
    found = dict(
        line.split("=", 1) for line in (tmp_path / "kafka" / "server.properties").read_text().splitlines()
    )
    password = (tmp_path / "btswatch" / "kafka_password").read_text().strip()
    assert f'user_btswatch="{password}"' in found["listener.name.sasl.plain.sasl.jaas.config"]
    assert found["listeners"] == "SASL://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093"
    assert found["advertised.listeners"] == "SASL://kafka:9092"
    assert found["listener.security.protocol.map"] == "SASL:SASL_SSL,CONTROLLER:PLAINTEXT"
    assert found["ssl.keystore.key"].startswith("-----BEGIN PRIVATE KEY-----")
    assert found["auto.create.topics.enable"] == "false"
    # Written anew each time: it follows the product's version.
    (tmp_path / "kafka" / "server.properties").unlink()
    write_kafka_properties(tmp_path, "broker")
    assert "SASL://broker:9092" in (tmp_path / "kafka" / "server.properties").read_text()
