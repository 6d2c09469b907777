"""The sink killed in the middle of its work, the server killed under it, its disk full, and both away for long."""

from dataclasses import replace

import pytest

from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.places import servers_directory
from schemas.registry import Element, Kind
from schemas.time import format_ms
from tests.contract.sinks import results as told
from tests.contract.sinks.results import START
from tests.faults.influx.conftest import body_of, expected_of
from tests.faults.influx.proxy import Proxy
from tests.integration.influx.conftest import REGISTRY
from tests.kafka_topics import eventually
from tests.servers import Influx
from tests.small_disk import fill, small_disk

pytestmark = pytest.mark.service
NAMES = [f"M{number}" for number in range(300)]
MANY = replace(REGISTRY, elements={name: (replace(REGISTRY.elements["S1"][0], id=name),) for name in NAMES})
AWAY = "target is out of reach"
BACK = "target takes messages again"


def evidence(elements, minute, shard=0):
    """The polls of some elements in one minute, as the forwarder sends them."""
    at = format_ms(START + minute * 60_000)
    events = [
        {
            "specversion": "1.0",
            "id": f"{name}-{minute}",
            "source": "poller/snmp/x",
            "subject": name,
            "time": at,
            "type": "btswatch.status.v1",
            "data": {
                "status": "up",
                "metrics": {
                    "utilisation": minute / 100,
                    "in_bps": 1e8 + minute,
                    "out_bps": 2e8,
                    "speed_bps": 1e9,
                },
            },
            "receivedtime": at,
            "track": "measured",
            "reporter": "poller",
        }
        for name in elements
    ]
    message = told.message("evidence", body_of(events), key=b"%d" % shard)
    return replace(message, headers={"kind": b"evidence"})


def a_wave(minute):
    as_of = minute * 60_000
    return [
        *(told.figure(name, as_of=as_of, up=minute * 60 - 7, down=7) for name in NAMES),
        *(told.transitions(name, as_of=as_of, changes=((as_of, "up", "down"),)) for name in NAMES[:50]),
        *(told.state(name, as_of=as_of, status="down") for name in NAMES),
        *(evidence(NAMES[at : at + 100], minute, shard=at) for at in range(0, 300, 100)),
        told.activity(as_of=as_of, accepted=minute),
        told.running_sum(as_of=as_of, up=minute),
    ]


WAVE = 300 + 50 + 300 + 3 + 2
TOPICS = ("figures", "transitions", "states", "evidence", "feeds", "findings")


def test_killed_in_the_middle_of_a_write_and_its_server_too_it_ends_as_if_nothing_had_been(
    kafka, influx, influx_server, sink_process, tmp_path
):
    proxy = Proxy(influx_server.url).start()
    sink = sink_process(kafka, influx_server, url=proxy.url, registry=MANY, batch_lines=50)
    waves = [a_wave(minute) for minute in (1, 2, 3)]
    proxy.go_on.clear()
    process = sink.start()
    sink.send(waves[0])
    # Each time in the middle of the first batch: some of its lines are there, more are on their way.
    for request in (1, 4):
        assert proxy.began.wait(60)
        while proxy.writes < request:
            proxy.began.clear()
            proxy.go_on.set()
            assert proxy.began.wait(60)
            proxy.go_on.clear()
        process.kill()
        proxy.began.clear()
        proxy.go_on.set()
        assert sink.written(*TOPICS) == 0
        proxy.writes = 0
        process = sink.start()
        if request == 1:
            proxy.go_on.clear()
    eventually(lambda: sink.written(*TOPICS) == WAVE, 60)
    influx_server.server.kill()
    sink.send(waves[1])
    process.line(AWAY)
    influx_server.server.start()
    process.line(BACK)
    sink.send(waves[2])
    eventually(lambda: sink.written(*TOPICS) == 3 * WAVE, 60)
    assert process.stop() == 0
    proxy.stop()
    assert process.told.count(AWAY) == 1
    assert process.told.count(BACK) == 1
    assert sink.content() == expected_of(influx, [one for wave in waves for one in wave], tmp_path, MANY)


def test_a_full_disk_is_waited_out(kafka, influx, sink_process, tmp_path):
    with small_disk(tmp_path / "disk", "300m") as disk:
        small = Influx(InfluxServer(servers_directory(), disk / "influx")).start()
        try:
            sink = sink_process(kafka, small, registry=MANY)
            process = sink.start()
            first, second = a_wave(1), a_wave(2)
            sink.send(first)
            eventually(lambda: sink.written(*TOPICS) == WAVE, 60)
            fill(disk / "filler")
            sink.send(second)
            process.line(AWAY, "no space left")
            assert sink.written(*TOPICS) < 2 * WAVE
            (disk / "filler").unlink()
            # It does not try again to open a shard for which there was no room: a person restarts it.
            small.server.restart()
            process.line(BACK, timeout_s=120)
            eventually(lambda: sink.written(*TOPICS) == 2 * WAVE, 120)
            assert process.stop() == 0
            assert process.told.count(AWAY) == 1
            assert sink.content() == expected_of(influx, [*first, *second], tmp_path, MANY)
        finally:
            small.close()


MINUTES = 30
ELEMENTS = 3_000


def test_half_an_hour_without_the_server_costs_no_memory_and_no_point(kafka, influx, sink_process):
    """What 3,000 elements make in 30 minutes: a poll each minute, a figure and a state every five."""
    row = Element("", Kind.LINK, "E1")
    names = [f"L{number}" for number in range(ELEMENTS)]
    registry = replace(REGISTRY, elements={name: (replace(row, id=name),) for name in names})
    proxy = Proxy(influx.url).start()
    sink = sink_process(kafka, influx, url=proxy.url, registry=registry)
    process = sink.start()
    sink.send([evidence(names[at : at + 100], 0, shard=at) for at in range(0, ELEMENTS, 100)])
    eventually(lambda: sink.written("evidence") == ELEMENTS / 100, 60)
    before = sink.resident_mb()
    proxy.stop()
    count = ELEMENTS // 100
    highest = before
    for minute in range(1, MINUTES + 1):
        messages = [evidence(names[at : at + 100], minute, shard=at) for at in range(0, ELEMENTS, 100)]
        if minute % 5 == 0:
            messages += [told.figure(name, as_of=minute * 60_000, up=minute * 60) for name in names]
            messages += [told.state(name, as_of=minute * 60_000) for name in names]
        count += len(messages)
        sink.send(messages)
        highest = max(highest, sink.resident_mb())
    process.line(AWAY)
    assert sink.written("evidence", "figures", "states") == ELEMENTS / 100
    proxy.start()

    def all_written():
        nonlocal highest
        highest = max(highest, sink.resident_mb())
        return sink.written("evidence", "figures", "states") == count

    eventually(all_written, 300)
    assert process.stop() == 0
    proxy.stop()
    print(f"resident: {before:.0f} MB before, {highest:.0f} MB at most; {count} messages")
    assert highest < before + 120
    assert process.told.count(AWAY) == 1
    assert sink.points("link", "utilisation") == ELEMENTS * (MINUTES + 1)
    assert sink.points("link", "in_use") == ELEMENTS * (MINUTES + 1)
    assert sink.points("figure", "up_s") == ELEMENTS
