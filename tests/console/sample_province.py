"""A province in a real ledger, the same for the same seed and moment: for the console's tests and to look at.

python tests/console/sample_province.py --port 8088 [--stations 200 --links 80 --days 23 --live]
"""

import argparse
import asyncio
import csv
import itertools
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from schemas.figures import Figure
from schemas.registry import Element, Enterprise, Feed, Kind, Registry, Unit
from schemas.status import Policy, Reading
from schemas.time import LocalCalendar
from stores.ledger import Ledger, closings, devices, feeds, history, positions, province_view
from stores.ledger.alarms import FIGURE_DIFFERS, Alarm, raise_alarms
from stores.ledger.figures import FINAL, PROVISIONAL, DayFigure, save_final, save_provisional
from stores.ledger.province_view import ElementNow

CALENDAR = LocalCalendar()
PROVINCE = Path(__file__).parents[2] / "schemas" / "provinces" / "lang_son"
ENTERPRISES = (
    ("vt", "Viettel", Feed.PERIODIC, 0.36),
    ("vnp", "VinaPhone", Feed.TRANSITION, 0.27),
    ("mbf", "MobiFone", Feed.PERIODIC, 0.18),
    ("vnm", "Vietnamobile", Feed.TRANSITION, 0.09),
    ("gtel", "Gmobile", Feed.PERIODIC, 0.06),
    ("itel", "iTel", Feed.PERIODIC, 0.04),
)
CAUSES = ("power", "transport", "fault", None)
UP, DEGRADED, DOWN = Reading.UP, Reading.DEGRADED, Reading.DOWN
PLANNED, UNKNOWN = Reading.PLANNED, Reading.UNKNOWN


def registry(stations: int, links: int, seed: int = 7) -> Registry:
    """Stations around the centres of real communes, links as a tree with some cross-connections."""
    chance = random.Random(seed)
    with (PROVINCE / "units.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in ("commune", "ward")]
    units = [
        Unit(row["code"], row["name"], row["ascii"], row["kind"], None, float(row["lat"]), float(row["lon"]))
        for row in rows
    ]
    elements: list[Element] = []
    for number in range(stations):
        unit = units[number % len(units)]
        owner = chance.choices(ENTERPRISES, [part[3] for part in ENTERPRISES])[0]
        assert unit.lat is not None
        assert unit.lon is not None
        elements.append(
            Element(
                f"LSN-{owner[0].upper()}-{number + 1:04d}",
                Kind.STATION,
                owner[0],
                name=f"{unit.name} {number // len(units) + 1}",
                unit=unit.code,
                lat=round(unit.lat + chance.gauss(0, 0.03), 5),
                lon=round(unit.lon + chance.gauss(0, 0.035), 5),
                technologies=chance.choice((("4G",), ("2G", "4G"), ("2G", "3G", "4G"), ("4G", "5G"))),
                certificate_no=f"C{number:05d}",
                policy=Policy.MEASURED_FIRST,
            )
        )
    places = list(elements)
    for number in range(links):
        a = places[(number + 1) % len(places)]
        near = sorted(
            chance.sample(places, min(40, len(places))),
            key=lambda one: (one.lat - a.lat) ** 2 + (one.lon - a.lon) ** 2,
        )
        b = next(one for one in near if one is not a)
        elements.append(
            Element(
                f"LSN-L-{number + 1:04d}",
                Kind.LINK,
                a.enterprise,
                name=f"{a.name} – {b.name}",
                a_end=a.id,
                b_end=b.id,
                medium=chance.choice(("fibre", "fibre", "microwave")),
            )
        )
    return Registry(
        {id_: Enterprise(id_, name, name, feed=feed) for id_, name, feed, _ in ENTERPRISES},
        {unit.code: (unit,) for unit in units},
        {one.id: (one,) for one in elements},
    )


@dataclass(frozen=True)
class Fate:
    """How an element's days go."""

    last: Reading
    since_s: int
    bad_days: float
    unknown_share: float


def fate_of(number: int, chance: random.Random) -> Fate:
    """Most are up; some are down, degraded, in planned work, or unknown now."""
    draw = chance.random()
    if draw < 0.03:
        return Fate(DOWN, chance.randint(120, 30_000), 0.5, 0.0)
    if draw < 0.055:
        return Fate(DEGRADED, chance.randint(300, 20_000), 0.3, 0.0)
    if draw < 0.065:
        return Fate(PLANNED, chance.randint(600, 5_000), 0.1, 0.0)
    if draw < 0.105:
        return Fate(UNKNOWN, chance.randint(900, 40_000), 0.1, 0.35)
    return Fate(UP, chance.randint(3_600, 900_000), 0.06, 0.005)


def runs_of_day(
    fate: Fate, start: int, end: int, now: int, chance: random.Random
) -> Iterator[tuple[int, int, Reading]]:
    """Runs of one day without a gap, up to now; the last day ends as the fate says."""
    end = min(end, now)
    since = max(start, now - fate.since_s * 1000) if end == now else end
    latest = since - 600_000
    cuts = []
    if latest > start and chance.random() < fate.bad_days:
        at = chance.randrange(start, latest, 10_000)
        cuts.append((at, min(latest, at + chance.randint(30, 9_000) * 1000), DOWN))
    if latest > start and chance.random() < fate.unknown_share + 0.03:
        at = chance.randrange(start, latest, 10_000)
        cuts.append((at, min(latest, at + int(fate.unknown_share * 60_000_000) + 400_000), UNKNOWN))
    at = start
    for low, high, reading in sorted(cuts):
        if low >= at:
            if low > at:
                yield at, low, UP
            yield low, high, reading
            at = high
    if since > at:
        yield at, since, UP
    if end > max(at, since):
        yield max(at, since), end, fate.last


def figure_of(runs: list[tuple[int, int, Reading]]) -> Figure:
    """What the runs add up to; measured says what stands, declared says up."""
    seconds = dict.fromkeys(Reading, 0)
    pairs = [0] * 16
    downs = []
    for low, high, reading in runs:
        span = (high - low) // 1000
        seconds[reading] += span
        measured = {PLANNED: DOWN}.get(reading, reading)
        pairs[4 * int(measured) + int(UP if reading is not UNKNOWN else UNKNOWN)] += span
        if reading is DOWN:
            downs.append(span)
    return Figure(
        seconds[UP],
        seconds[DEGRADED],
        seconds[DOWN],
        seconds[PLANNED],
        seconds[UNKNOWN],
        len(downs),
        max(downs, default=None),
        tuple(pairs),
    )


def fill(ledger: Ledger, found: Registry, now: int, days: int, seed: int = 7) -> None:
    """Write `days` days up to now: figures, transitions, states, feeds, health, one vantage incident and alarm."""
    chance = random.Random(seed)
    today = CALENDAR.day_of(now)
    elements = [rows[0] for rows in found.elements.values()]
    fates = {one.id: fate_of(number, chance) for number, one in enumerate(elements)}
    for back in range(days - 1, -1, -1):
        _fill_day(ledger, elements, fates, today - timedelta(back), now, chance, final=back > 3)
    with ledger.writing() as connection:
        province_view.save_states(connection, [_state(one, fates[one.id], now) for one in elements])
        feeds.save_feeds(connection, {id_: _feed(id_, now) for id_, *_ in ENTERPRISES[:-1]})
        devices.save_devices(
            connection,
            [
                devices.DeviceHealth(
                    one.id,
                    "lsn-1",
                    "silent" if fates[one.id].last is DOWN else "answered",
                    now - 60_000,
                    now - 60_000,
                    12,
                    0,
                    None,
                    now,
                )
                for one in elements
                if one.kind is Kind.STATION
            ],
        )
        devices.save_incidents(
            connection,
            [devices.VantageIncident("lsn-1", "gtel", now - 9_000_000, now - 7_000_000, "canaries", 12)],
        )
        positions.save_position(connection, "engine", 123_456, now)
        raise_alarms(
            connection, [Alarm(FIGURE_DIFFERS, elements[0].id, today - timedelta(4), now - 5_000_000, {})]
        )
        for back in range(4, min(days, 12)):
            day = today - timedelta(back)
            closings.save_closed(
                connection,
                closings.ClosedDay(
                    day,
                    CALENDAR.end_of(day) + 259_200_000,
                    True,
                    len(elements),
                    1_440 * len(elements),
                    0,
                    "",
                    "",
                    {},
                ),
            )


def _fill_day(
    ledger: Ledger,
    elements: list[Element],
    fates: dict[str, Fate],
    day: date,
    now: int,
    chance: random.Random,
    *,
    final: bool,
) -> None:
    start, end = CALENDAR.start_of(day), CALENDAR.end_of(day)
    figures, changed = [], {}
    for one in elements:
        runs = list(runs_of_day(fates[one.id], start, end, now, chance))
        figures.append(
            DayFigure(
                one.id,
                day,
                one.enterprise,
                str(one.kind),
                one.unit,
                one.technologies,
                figure_of(runs),
                (runs[0][1] - runs[0][0]) // 1000 if runs[0][2] is DOWN else 0,
                (runs[-1][1] - runs[-1][0]) // 1000 if runs[-1][2] is DOWN else 0,
                start,
                min(end, now),
                [[low, high, int(reading)] for low, high, reading in runs],
                FINAL if final else PROVISIONAL,
                now,
                "",
            )
        )
        changed[one.id, day] = [
            history.Transition(
                one.id, after[0], before[2], after[2], chance.choice(CAUSES) if after[2] is DOWN else None
            )
            for before, after in itertools.pairwise(runs)
        ]
    with ledger.writing() as connection:
        (save_final if final else save_provisional)(connection, figures)
        history.replace_transitions(connection, changed)


def _state(one: Element, fate: Fate, now: int) -> ElementNow:
    measured = {PLANNED: DOWN}.get(fate.last, fate.last)
    declared = UNKNOWN if fate.last is UNKNOWN else UP if hash_of(one.id) % 3 else measured
    known = fate.last is not UNKNOWN
    return ElementNow(
        one.id,
        one.enterprise,
        str(one.kind),
        fate.last,
        now - fate.since_s * 1000,
        measured,
        declared,
        CAUSES[hash_of(one.id) % 4] if fate.last is DOWN else None,
        None,
        now - 40_000 if known else None,
        int(measured) + 1 if known else None,
        now - 200_000 if known else None,
        int(declared) + 1 if known else None,
        None,
        now,
    )


def hash_of(text: str) -> int:
    """The same in every process, unlike `hash`."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(text))


def _feed(id_: str, now: int) -> feeds.FeedHealth:
    silent = now - 4_000_000 if id_ == "vnm" else None
    last = silent or now - 20_000
    return feeds.FeedHealth(id_, last, last + 800, 48_211, 3 if id_ == "mbf" else 0, silent, now)


def turn(ledger: Ledger, element: str, status: Reading, now: int) -> None:
    """The engine's write when an element changes its state."""
    with ledger.writing() as connection:
        state = province_view.current_of(connection, element)
        assert state is not None
        after = replace(
            state, status=status, since_ms=now, measured=status, measured_at_ms=now, updated_ms=now
        )
        province_view.save_states(connection, [after])


async def _serve(arguments: argparse.Namespace) -> None:
    from dashboards.console.ledger_view import LedgerView
    from dashboards.console.service import Console
    from schemas.settings.console import ConsoleSettings
    from stores.doorbell import Doorbell

    def now() -> int:
        return time.time_ns() // 1_000_000

    data = arguments.data
    found = registry(arguments.stations, arguments.links)
    ledger = Ledger(data / "ledger.db")
    fresh = not (data / "ledger.db").exists()
    ledger.open()
    if fresh:
        fill(ledger, found, now(), arguments.days)
    view = LedgerView(ledger, found, CALENDAR, now, lambda: 123_470)
    settings = ConsoleSettings(port=arguments.port)
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    with Doorbell(data / "console.bell") as bell:
        console = Console(view, bell, settings, now, simulated=True)
        await console.start()
        sys.stdout.write(f"{console.port}\n")
        sys.stdout.flush()
        await stopping.wait()
        await console.stop(5)
    ledger.close()


def main() -> None:
    """Serve the sample until a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--links", type=int, default=80)
    parser.add_argument("--days", type=int, default=3)
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(arguments))


if __name__ == "__main__":
    main()
