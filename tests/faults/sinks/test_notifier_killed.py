"""The notifier as a process on a real broker, killed over and over while stations go down and come back."""

import json
import time

import pytest

from btswatch.demo.ports import free_tcp
from schemas.time import LocalCalendar, format_ms
from tests.kafka_topics import eventually, make_topics, send, settings_of
from tests.notify_receivers import Webhook
from tests.product.process import Process, ask

pytestmark = [pytest.mark.service, pytest.mark.e2e]
KILLS = 3
STATIONS = 12


def transitions(element, changes, as_of_ms):
    state, listed = "up", []
    for at_ms, to in changes:
        listed.append({"at": format_ms(at_ms), "from": state, "to": to})
        state = to
    return {
        "key": element.encode(),
        "value": json.dumps(
            {
                "element": element,
                "kind": "station",
                "enterprise": "vina",
                "day": LocalCalendar().day_of(changes[0][0]).isoformat(),
                "as_of": format_ms(as_of_ms),
                "changes": listed,
            }
        ).encode(),
        "timestamp_ms": as_of_ms,
    }


@pytest.fixture
def settings(kafka, kafka_prefix):
    return make_topics(settings_of(kafka, kafka_prefix), "transitions", "findings", "deadletter")


@pytest.fixture
def start(tmp_path, settings):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvina,Vina\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text(
        "id,enterprise\n" + "".join(f"S{n},vina\n" for n in range(STATIONS))
    )
    (registry / "links.csv").write_text("id,enterprise\n")
    running = []

    def call(url):
        file = tmp_path / "btswatch.toml"
        file.write_text(f"""
form = "cluster"
data = "data"
[kafka]
bootstrap = "{settings.bootstrap}"
prefix = "{settings.prefix}"
timeout_s = 5
[sinks]
session_s = 6
[status]
notify_sink_port = {free_tcp()}
[notify]
for_s = 0
group_wait_s = 0
group_interval_s = 0
[[notify.receivers]]
name = "hook"
url = "{url}"
""")
        running.append(
            Process("sink", "notify", "--settings", file, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        )
        return running[-1]

    yield call
    for process in running:
        process.kill()


def test_killed_over_and_over_it_loses_no_alert_and_repeats_at_most_one_message_a_kill(settings, start):
    begin = time.time_ns() // 1_000_000 - 3_000
    with Webhook() as hook:
        process = start(hook.url)
        elements = [f"S{n}" for n in range(STATIONS)]
        told = 0
        for kill in range(KILLS):
            for element in elements[kill::KILLS]:
                send(settings, "transitions", transitions(element, [(begin, "down")], begin + 1_000))
            # Killed in the midst of it: after the first of these was told, not after the last.
            hook.until(lambda h, told=told: len({one[2] for one in h.alerts}) > told, 60)
            process.kill()
            told = len({one[2] for one in hook.alerts})
            process = start(hook.url)
        hook.until(lambda h: {one[1] for one in h.alerts} == set(elements), 60)
        changes = [(begin, "down"), (begin + 2_000, "up")]
        send(settings, "transitions", *(transitions(one, changes, begin + 2_000) for one in elements))
        hook.until(lambda h: sum(one[0] == "resolved" for one in h.alerts) >= STATIONS, 60)
        assert process.stop() == 0
    firing = [one for one in hook.alerts if one[0] == "firing"]
    resolved = [one for one in hook.alerts if one[0] == "resolved"]
    # The same alert is the same for who gets it twice: its fingerprint and its start.
    assert len(set(firing)) == len(set(resolved)) == STATIONS
    assert {one[1:] for one in firing} == {one[1:] for one in resolved}
    assert len(hook.got) - len({json.dumps(message) for message in hook.got}) <= KILLS
    assert len(resolved) == STATIONS


def test_readiness_names_the_receiver_that_can_not_be_told(settings, start, tmp_path):
    begin = time.time_ns() // 1_000_000 - 3_000
    with Webhook(answers=[(401, {})] * 100) as hook:
        process = start(hook.url)
        send(settings, "transitions", transitions("S0", [(begin, "down")], begin + 1_000))
        hook.until(lambda h: h.requests >= 1, 60)
        line = process.line("a person has to act", "401")
        assert "notify:hook" in line
        port = next(
            row.partition("=")[2].strip()
            for row in (tmp_path / "btswatch.toml").read_text().splitlines()
            if row.startswith("notify_sink_port")
        )
        page = f"http://127.0.0.1:{port}/readyz"
        # While partitions are still being shared out, that comes first.
        eventually(lambda: "receiver hook" in ask(page)[1])
        assert ask(page)[0] == 503
