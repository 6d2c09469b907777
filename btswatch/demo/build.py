"""Makes a demonstration's data directory, or makes it ready to go on."""

import getpass
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from btswatch.demo import ports
from btswatch.demo.agents import AgentAddresses
from btswatch.demo.drive_test import campaign
from btswatch.demo.past_days import past_days
from btswatch.demo.past_writer import before_history
from btswatch.demo.province import province, write_province
from btswatch.demo.record import (
    RECORD,
    REGISTRY,
    SETTINGS,
    TOKENS,
    DemoRecord,
    read,
    read_tokens,
    save,
    save_tokens,
)
from btswatch.demo.shares import SHARES
from btswatch.ledger import ledger_of
from btswatch.settings import Settings, StatusSettings
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory, Mode
from stores.keys import KeyStore
from stores.registry.write import write_file

CONSOLE_PORT: Final = 8088
GATEWAY_PORT: Final = 8080
# A made-up campaign of the Department, to be taken in by hand.
DRIVE_TEST: Final = "drive-test.csv"
_DRIVEN_DAYS_AGO: Final = 7


class DifferentDemoError(Exception):
    """The directory holds a demonstration of other options."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; None: as it is, or the default.

    Attributes:
        usual_ports: all ports at their defaults, free or not: each part is on a host of its own.
        further: more of the settings file, made from the parts' status ports.
    """

    stations: int | None = None
    days: int | None = None
    seed: int | None = None
    port: int | None = None
    usual_ports: bool = False
    further: Callable[[StatusSettings], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Made:
    """A demonstration that can be started. `new`: it was made just now."""

    settings_path: Path
    settings: Settings
    record: DemoRecord
    new: bool


def make(directory: DataDirectory, wanted: Wanted, now_ms: Callable[[], int]) -> Made:
    """Everything the parts need, in the locked directory.

    Raises:
        DifferentDemoError: other stations, days or seed than the directory was made with.
        DemoRecordError: a file of it is damaged.
        NoFreePortError: the asked port is taken or chosen by another demonstration.
        DataDirectoryError: it is no demonstration's directory.
    """
    directory.create(Mode.DEMO)
    data = directory.path
    known = read(data / RECORD, DemoRecord)
    if known is not None:
        _must_agree(data, known, wanted)
    record = known or _record(wanted, now_ms())
    if not wanted.usual_ports:
        record = _with_free_port(record)
    # Written before the record: what was half made is made again.
    if known != record:
        _write_registry(data, record)
    if not (data / DRIVE_TEST).exists():
        day = LocalCalendar().day_of(record.live_from) - timedelta(days=_DRIVEN_DAYS_AGO)
        radio = [share.id for share in SHARES if share.stations > 0]
        write_file(data / DRIVE_TEST, campaign(radio, day, record.seed))
    if not (data / TOKENS).exists():
        _make_keys(data, now_ms())
    read_tokens(data)
    settings = _write_settings(data, wanted)
    ledger = ledger_of(settings, directory)
    ledger.open()
    try:
        days = past_days(record.live_from, record.days, settings.conventions(), settings.closing.delay_s)
        before_history(ledger, days)
    finally:
        ledger.close()
    save(data / RECORD, record)
    return Made(data / SETTINGS, settings, record, new=known is None)


def _must_agree(data: Path, known: DemoRecord, wanted: Wanted) -> None:
    for name in ("stations", "days", "seed"):
        asked, is_ = getattr(wanted, name), getattr(known, name)
        if asked is not None and asked != is_:
            raise DifferentDemoError(
                f"{data} holds a demonstration with --{name} {is_}, not {asked}: "
                f"leave the option out to go on with it, or give another --data"
            )


def _record(wanted: Wanted, now_ms: int) -> DemoRecord:
    seed = 1 if wanted.seed is None else wanted.seed
    return DemoRecord(
        stations=200 if wanted.stations is None else wanted.stations,
        days=30 if wanted.days is None else wanted.days,
        seed=seed,
        live_from=now_ms,
        network=Random(f"network {now_ms}").randrange(64, 250),
        agents_port=20_000,
    )


def _with_free_port(record: DemoRecord) -> DemoRecord:
    shared = AgentAddresses(record.network, 0).own_addresses
    count = 1 if shared else 2 * record.stations
    if ports.keep_agents_port(record.agents_port, count):
        return record
    chance = Random(f"port {record.live_from}")
    return record.model_copy(update={"agents_port": ports.kept_agents_port(chance, count)})


def _write_registry(data: Path, record: DemoRecord) -> None:
    today = LocalCalendar().day_of(record.live_from)
    addresses = AgentAddresses(record.network, record.agents_port)
    write_province(province(record.stations, record.seed, today, addresses), data / REGISTRY)


def _make_keys(data: Path, now_ms: int) -> None:
    store = KeyStore(DataDirectory(data).keys_path)
    store.open()
    try:
        tokens = {
            share.id: store.create(
                share.id, actor=getpass.getuser(), now_ms=now_ms, note="simulated enterprise"
            )[1]
            for share in SHARES
        }
    finally:
        store.close()
    save_tokens(data, tokens)


def _write_settings(data: Path, wanted: Wanted) -> Settings:
    """Written anew at each start, since ports that were free may be taken."""
    path = data / SETTINGS
    status = StatusSettings()
    listening = ""
    if not wanted.usual_ports:
        console = ports.usual_tcp(CONSOLE_PORT) if wanted.port is None else ports.kept_tcp(wanted.port)
        gateway = ports.kept_tcp() if console == GATEWAY_PORT else ports.usual_tcp(GATEWAY_PORT)
        names = [name for name in StatusSettings.model_fields if name.endswith("_port")]
        status = StatusSettings(**{name: ports.kept_tcp() for name in names})
        listening = _ports_text(console, gateway, {name: getattr(status, name) for name in names})
    write_file(path, f"{_SETTINGS}{listening}{wanted.further(status)}".encode())
    return Settings.load(path)


_SETTINGS: Final = f"""# Written by `btswatch demo` at each start.
data = "."
mode = "demo"
registry = "{REGISTRY}"
credentials = "{REGISTRY}/credentials.toml"

[poll.health]
# All agents are on this machine: what is judged by silence is the script's, not a path's.
min_peers = 8

[engine]
# Short, so that what came in a moment ago can be looked at in the archive.
flush_s = 20

[archive]
# The same in the cluster.
flush_s = 20
"""


def _ports_text(console: int, gateway: int, status: Mapping[str, int]) -> str:
    lines = "\n".join(f"{name} = {port}" for name, port in status.items())
    return f"""
[traps]
port = {ports.kept_udp()}

[gateway]
port = {gateway}

[console]
port = {console}

[status]
{lines}
"""
