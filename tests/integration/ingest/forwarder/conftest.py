import json
from contextlib import contextmanager
from hashlib import sha256

import pytest

from ingest.forwarder.forwarder import Forwarder
from schemas.settings.forwarder import ForwarderSettings
from stores.doorbell import Doorbell
from stores.journal import Journal, NewEntry
from tests.kafka_topics import make_topics, settings_of

REGISTRY = "sha256:" + "0" * 64
QUICK = ForwarderSettings(tick_s=0.2, retry_s=0.1, retry_most_s=0.5, batch_events=500)


def event(number, element="BTS-1", kind="status", received_ms=1_000, **more):
    body = {"id": f"e{number}", "type": f"btswatch.{kind}.v1", "subject": element, "n": number, **more}
    line = json.dumps(body).encode()
    return NewEntry("event", "viettel", "viettel/x", f"e{number}", sha256(line).digest(), received_ms, line)


@pytest.fixture
def settings(kafka, kafka_prefix):
    return make_topics(settings_of(kafka, kafka_prefix), "evidence", "deadletter")


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.db", bells=(Doorbell(tmp_path / "forwarder.bell"),)) as opened:
        yield opened


@pytest.fixture
def forwarder_of(tmp_path, journal, settings):
    """Makes forwarders of the journal."""

    def make(kafka=settings, limits=QUICK, now_ms=lambda: 5_000, waited_for=None):
        return Forwarder(
            journal,
            kafka,
            limits,
            in_force=lambda: (REGISTRY, None),
            number=0x1234,
            bell=Doorbell(tmp_path / "forwarder.bell"),
            now_ms=now_ms,
            waited_for=waited_for,
        )

    return make


@pytest.fixture
def forwarding(forwarder_of):
    """Runs a forwarder for a while."""

    @contextmanager
    def run(**arguments):
        forwarder = forwarder_of(**arguments)
        forwarder.start()
        try:
            yield forwarder
        finally:
            assert forwarder.stop(15)
        assert forwarder.failure is None

    return run
