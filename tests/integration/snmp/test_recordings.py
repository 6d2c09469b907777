"""Recordings of real devices, polled by both engines, assessed by the profile that their sysObjectID chooses.

What is expected stands in the recordings' README (state of the site or link), not in what the code says.
"""

import itertools
from dataclasses import dataclass, field

import pytest

from ingest.snmp.assessment import evaluate
from ingest.snmp.engine import Answer, Rows, Target
from ingest.snmp.engine_gufo import GufoEngine
from ingest.snmp.engine_pysnmp import PysnmpEngine
from ingest.snmp.profiles import load_profiles
from ingest.snmp.requests import SYS_OBJECT_ID, gather, plan_requests
from schemas.credentials import Community

ENGINES = {"gufo": GufoEngine, "pysnmp": PysnmpEngine}
PROFILES = load_profiles()


@dataclass(frozen=True)
class Seen:
    """A recording as an element: what it is polled as, and what it is known to show."""

    recording: str
    profile: str
    status: str | None
    condition: str | None = None
    cause: str | None = None
    link: bool = False
    row: str | None = None
    registry: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def __str__(self):
        return f"{self.recording}{f'[{self.row}]' if self.row else ''}"


def link(recording, profile, status, cause=None, **options):
    return Seen(recording, profile, status, status, cause, link=True, **options)


def equipment(recording, profile, condition, cause=None, **options):
    """Beside the radio: well or not, it is no evidence of service."""
    return Seen(recording, profile, None, condition, cause, **options)


def station(recording, profile, status, cause=None, **options):
    return Seen(recording, profile, status, status, cause, **options)


EXPECTED = [
    link("ericsson-minilink-tn", "microwave_ericsson_tn", "up", row="1/3.1/1",
         metrics={"rx_level_dbm": -27.5, "tx_power_dbm": 28}),
    link("ericsson-minilink-tn", "microwave_ericsson_tn", "down", "transport", row="1/2.1/1",
         absent=("rx_level_dbm", "tx_power_dbm")),
    link("ericsson-minilink-tn", "microwave_ericsson_tn", "down", "manual", row="1/2/2"),
    link("huawei-optix-rtn905", "microwave_huawei_rtn", "up", metrics={"rx_level_dbm": -58.4, "temperature_c": 44.7}),
    link("ceragon-ip20c", "microwave_ceragon_ip20", "up", metrics={"rx_level_dbm": -34, "radios_up": 2, "radio_rate_bps": 445_020_000}),
    link("siklu-eh1200tl", "microwave_siklu_eh", "up", metrics={"cinr_db": 23, "rx_level_dbm": -38, "radio_rate_bps": 574_000_000}),
    link("siklu-eh1200tl", "microwave_siklu_eh", "down", "transport", row="Eth 2"),
    link("siae-alfoplus2", "microwave_siae_alfoplus2", "up", metrics={"rx_level_dbm": -45, "snr_db": 42.6}),
    link("aviat-wtm4100", "microwave_aviat_wtm", "up", metrics={"rx_level_dbm": -37.0}),
    link("aviat-wtm4100", "microwave_aviat_wtm", "up", row="Radio1"),
    link("aviat-wtm4100", "microwave_aviat_wtm", "down", "fault", row="TenGigE1/1"),
    link("cisco-asr920", "interface", "up", row="Te0/0/25"),
    link("cisco-asr920", "interface", "up", row="LAB01-P01 Te0/0/0/2"),
    link("nokia-7705-sar", "interface", "up", row="Mob: OPER-LTE [SiteC-LTE-0001]"),
    link("nokia-7705-sar", "interface", "down", "manual", row="1/3/5"),
    link("nokia-7705-sar", "interface", "down", "transport", row="1/3/7"),
    link("huawei-ne8000m8", "interface", "up", row="GigabitEthernet0/8/9"),
    link("raisecom-rax711", "interface", "up", row="tengigabitethernet1/1/1"),
    link("raisecom-rax711", "interface", "down", "transport", row="tengigabitethernet1/1/3"),
    link("zte-zxr10-5250", "interface", "up", row="1/1"),
    link("zte-zxr10-5250", "interface", "down", "transport", row="1/2"),
    link("awkward-hatteras-hn4000", "interface", "up", row="lag 901"),
    equipment("eltek-smartpack2", "dc_eltek_smartpack2", "up", metrics={"battery_v": 54.55, "mains_v": 221, "rectifiers": 3}),
    equipment("huawei-smu11b", "dc_huawei_smu", "up", metrics={"bus_v": 53.5, "battery_v": 51.5, "rectifiers": 2, "temperature_c": 26}),
    equipment("netsure-vortex", "dc_netsure", "up", metrics={"bus_v": 54.01, "modules_on": 8}),
    equipment("generex-cs141", "ups", "degraded", "power", metrics={"battery_charge_percent": 100, "on_battery_s": 0, "input_v": 233, "input_lines": 3}),
    equipment("awkward-delta-ups", "ups_delta", "up", metrics={"input_v": 236.0, "input_lines": 1, "battery_charge_percent": 29}),
    equipment("himoinsa-genset", "genset_himoinsa", "up", registry="genset_himoinsa", metrics={"line_hz": 50.0, "battery_v": 13.7, "fuel_percent": 66}),
    equipment("himoinsa-genset", "system", None),
    equipment("siteboss571", "site_siteboss", "up", metrics={"doors_open": 0, "temperature_c": 30}),
    equipment("cisco-asr920", "router_cisco_asr920", "up", metrics={"routing_neighbours_up": 3}),
    equipment("nokia-7705-sar", "router_nokia_7705", "up", metrics={"routing_neighbours_up": 1}),
    equipment("huawei-ne8000m8", "router_huawei_ne", "up", metrics={"temperature_c": 57, "supplies_on": 2}),
    equipment("zte-zxr10-5250", "switch_zte_zxr10", "up", metrics={"cpu_percent": 9.4}),
    equipment("raisecom-rax711", "system", None),
    station("cambium-pmp450m", "bts_cambium_pmp450", "up", metrics={"subscribers_registered": 34}),
    station("tait-tb9300", "bts_tait_tb9300", "up", metrics={"alarms": 0}),
]  # fmt: skip


@pytest.fixture(params=sorted(ENGINES))
async def engine(request):
    numbers = itertools.count(1)
    made = ENGINES[request.param](lambda: next(numbers))
    await made.start()
    yield made
    await made.stop()


async def poll(engine, target, profile):
    plan = plan_requests(profile)
    answer = await engine.get(target, plan.scalars)
    assert isinstance(answer, Answer), answer
    walks = {}
    for table in plan.tables:
        walked = await engine.walk(target, table.columns, max_rows=500, deadline_s=60)
        assert isinstance(walked, Rows), walked
        assert walked.stopped is None
        walks[table.name] = walked
    return gather(profile, plan, answer, walks)


@pytest.mark.parametrize("seen", EXPECTED, ids=str)
async def test_a_recorded_device_is_read_as_what_it_was(engine, recordings_port, seen):
    credential = Community("recording", "2c", seen.recording)
    target = Target(seen.recording, "127.0.0.1", recordings_port, credential, timeout_s=10.0, retries=1)
    identity = await engine.get(target, [SYS_OBJECT_ID])
    assert isinstance(identity, Answer), identity
    profile = PROFILES.choose(identity.varbinds[0].value, link=seen.link, registry=seen.registry)
    assert profile.name == seen.profile

    evidence = await poll(engine, target, profile)
    got = evaluate(profile, evidence.scalars, evidence.tables, seen.row, partial=evidence.partial)

    assert (got.status, got.condition, got.cause) == (seen.status, seen.condition, seen.cause), got
    assert {name: got.metrics.get(name) for name in seen.metrics} == seen.metrics
    assert not set(seen.absent) & got.metrics.keys()
    assert not got.problems


async def test_every_recording_is_expected_to_be_something(recordings_port):
    del recordings_port
    from tests.snmp_agents.recordings import recordings_directory

    assert {path.stem for path in recordings_directory().glob("*.snmprec")} == {
        seen.recording for seen in EXPECTED
    }
