"""Observations per second and core through decoding and the core at 3,000 elements, and a replay of one station-month.

Peers in the same run: parsing alone (`json.loads`, line by line), and the plainest program that keeps the same
evidence in dictionaries without counting anything.

    python tests/benchmarks/bench_core.py
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processors.core.conventions import Conventions
from processors.core.province import Province
from processors.replay import take_in
from schemas.registry import Element, Enterprise, Kind, Registry

ELEMENTS, ROUNDS, RUNS = 3000, 40, 5
START = datetime(2026, 11, 2, tzinfo=UTC)


def line(element: str, moment: datetime, word: str) -> bytes:
    text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"specversion":"1.0","id":"{element}-{text}","source":"poller-1/snmp/{element}",'
        f'"type":"btswatch.status.v1","subject":"{element}","time":"{text}","data":{{"status":"{word}",'
        f'"metrics":{{"rtt_ms":1.5,"cells_in_service":3}}}},"receivedtime":"{text}","track":"measured","reporter":"poller-1"}}'
    ).encode()


def province() -> Province:
    elements = {f"LSN-{n:04}": (Element(f"LSN-{n:04}", Kind.STATION, "vnpt"),) for n in range(ELEMENTS)}
    return Province(Registry({"vnpt": Enterprise("vnpt", "VNPT")}, {}, elements), Conventions())


def observations() -> list[bytes]:
    return [
        line(
            f"LSN-{n:04}",
            START + timedelta(seconds=60 * r, milliseconds=20 * n),
            "down" if (n + r) % 97 == 0 else "up",
        )
        for r in range(ROUNDS)
        for n in range(ELEMENTS)
    ]


def ours(lines: list[bytes]) -> None:
    take_in(province(), lines, 1 << 42, lambda *refused: sys.exit(str(refused)))


def parse_alone(lines: list[bytes]) -> None:
    for one in lines:
        json.loads(one)


def dictionaries(lines: list[bytes]) -> None:
    kept: dict[tuple[str, int], str] = {}
    for one in lines:
        event = json.loads(one)
        kept[event["subject"], int(datetime.fromisoformat(event["time"]).timestamp()) // 10] = event["data"][
            "status"
        ]


def rate(work: object, lines: list[bytes]) -> float:
    began = time.process_time()
    work(lines)  # type: ignore[operator]
    return len(lines) / (time.process_time() - began)


def month() -> float:
    """Wall seconds of `btswatch replay` over one station's month of polls each minute."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "enterprises.csv").write_text("id,name,brand,mnc,email,feed,heartbeat_s\nvnpt,VNPT,,,,,\n")
        (root / "units.csv").write_text(
            "code,name,ascii,kind,parent,lat,lon,area_km2,touches_border,valid_from,valid_to\n"
            "05977,Dong Kinh,Dong Kinh,commune,,21.8,106.7,50,no,,\n"
        )
        (root / "stations.csv").write_text(
            "id,enterprise,name,unit,lat,lon,technologies,cells,subscribers,commissioned,decommissioned,policy,"
            "no_response,measured_valid_for_s,declared_valid_for_s,depends_on,agent,profile,credential,"
            "inspection_class,certificate_no,certificate_issued\n"
            "LSN-0000,vnpt,A,05977,21.8,106.7,4G,3,1000,2020-01-01,,,,,,,,,,,,\n"
        )
        events = root / "events.ndjson"
        events.write_bytes(
            b"\n".join(line("LSN-0000", START + timedelta(minutes=n), "up") for n in range(30 * 1440)) + b"\n"
        )
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "btswatch", "replay", "--registry", root, "--events", events,
             "--from", "2026-11-01T00:00:00+07:00", "--to", "2026-12-01T00:00:00+07:00",
             "--now", "2026-12-09T00:00:00+07:00", "--period", "month", "--format", "json"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return time.monotonic() - began


def main() -> None:
    lines = observations()
    rates: dict[str, list[float]] = {"ours": [], "json.loads alone": [], "dictionaries": []}
    for _ in range(RUNS):
        rates["ours"].append(rate(ours, lines))
        rates["json.loads alone"].append(rate(parse_alone, lines))
        rates["dictionaries"].append(rate(dictionaries, lines))
    mine = rates["ours"]
    print(f"decoding and core, {ELEMENTS} elements, {len(lines)} observations, {RUNS} runs")
    for name, found in rates.items():
        paired = statistics.median(a / b for a, b in zip(mine, found, strict=True))
        print(f"  {name:18} {statistics.median(found):10,.0f} /s and core   ours is {paired:.2f} times that")
    months = [month() for _ in range(3)]
    print(
        f"replay of one station-month (43,200 polls): {statistics.median(months):.2f} s, worst {max(months):.2f} s"
    )


if __name__ == "__main__":
    main()
