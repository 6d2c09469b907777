"""From settings to what the clients take; secrets stay out of what is printed."""

import ssl

import pytest
from kafka.errors import KafkaTimeoutError, SaslAuthenticationFailedError, TopicAuthorizationFailedError
from pydantic import ValidationError

from schemas.settings.kafka import KafkaSettings
from stores.kafka.connection import connection, login, reading_connection
from stores.kafka.reasons import is_denied, told

SASL = {"sasl_username": "btswatch", "sasl_password": "s3cret"}


def test_plain_brokers_need_nothing_but_their_addresses():
    found = connection(KafkaSettings(bootstrap="a:1,b:2"))
    assert found["bootstrap_servers"] == ["a:1", "b:2"]
    assert found["security_protocol"] == "PLAINTEXT"
    assert not [name for name in found if name.startswith(("sasl", "ssl"))]


def test_clients_never_make_topics():
    assert reading_connection(KafkaSettings())["allow_auto_create_topics"] is False


def test_a_login_is_handed_on_and_printed_nowhere():
    settings = KafkaSettings(security_protocol="SASL_PLAINTEXT", **SASL)
    found = connection(settings)
    assert (found["sasl_mechanism"], found["sasl_plain_username"]) == ("SCRAM-SHA-512", "btswatch")
    assert found["sasl_plain_password"] == "s3cret"
    assert "s3cret" not in repr(settings) + str(settings) + repr(login(settings))
    assert login(settings).password == "s3cret"


def test_tls_trusts_the_given_authority_alone_and_checks_names(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        connection(KafkaSettings(security_protocol="SSL", tls_ca=tmp_path / "absent.pem"))
    context = login(KafkaSettings(security_protocol="SSL")).tls
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    "wrong",
    [
        {"bootstrap": "broker"},
        {"bootstrap": "a:1, b:2"},
        {"prefix": "has space"},
        {"security_protocol": "SASL_SSL"},
        {"security_protocol": "SSL", "tls_key": "k.pem"},
        {"min_insync": 2},
    ],
)
def test_settings_that_can_t_work_are_refused(wrong):
    with pytest.raises(ValidationError):
        KafkaSettings(**wrong)


def test_files_are_relative_to_the_settings(tmp_path):
    settings = KafkaSettings(security_protocol="SSL", tls_ca="ca.pem").beneath(tmp_path)
    assert settings.tls_ca == tmp_path / "ca.pem"
    assert settings.tls_key is None


def test_errors_are_one_line_and_tell_apart_who_has_to_act():
    assert told(KafkaTimeoutError("Unable\nto bootstrap")) == "KafkaTimeoutError: Unable to bootstrap"
    assert told(ValueError()) == "ValueError"
    assert is_denied(SaslAuthenticationFailedError())
    assert is_denied(TopicAuthorizationFailedError())
    assert not is_denied(KafkaTimeoutError())
