"""A broker that hangs while a sink puts messages aside: the sink is told, and the letters wait."""

import pytest

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.port import Message, TargetUnavailableError
from schemas.dead_letters import DeadLetter
from tests.kafka_topics import records_of

pytestmark = pytest.mark.service


def test_letters_wait_until_the_broker_answers_again(kafka, settings):
    letters = DeadLetters("influx", settings.model_copy(update={"timeout_s": 1}), lambda: 0)
    letters.send(Message("evidence", 3, 41, b"7", b"first", {}, 0), "invalid", "why")
    letters.flush()
    kafka.pause()
    try:
        letters.send(Message("evidence", 3, 42, b"7", b"second", {}, 0), "invalid", "why")
        with pytest.raises(TargetUnavailableError, match="not delivered"):
            letters.flush()
    finally:
        kafka.resume()
    letters.flush()
    letters.close()
    found = records_of(settings, "deadletter", lambda records: len(records) >= 2)
    offsets = [DeadLetter.model_validate_json(one.value).offset for one in found]
    assert offsets[0] == 41
    # What was under way may have arrived as well: a letter is told at least once.
    assert set(offsets[1:]) == {42}
