"""How long InfluxDB takes for each query of the Grafana dashboards: a quarter of 1,000 stations and 300 links.

    python tests/benchmarks/bench_dashboards.py [--stations N] [--links N] [--days D] [--quick]

Goal: each under a second. Feeds by the minute for all of the quarter and 16 partitions; the product's own metrics each
15 seconds for the 31 days that they are kept. It also asks the same question in Flux and in InfluxQL. Writing all that
takes some minutes; `--quick` writes feeds and metrics more coarsely.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from btswatch.stack.influxdb import InfluxServer
from btswatch.stack.places import servers_directory
from schemas.influx import bucket_of
from schemas.time import format_ms
from tests.grafana import made_province as made
from tests.grafana.filled import dashboards, fill, first_choice, targets, window_of
from tests.servers import Influx

REPEATS = 3
SUMS = ("up_s", "degraded_s", "down_s", "planned_s", "unknown_s", "total_s")


class Clock:
    """Seconds on the wall, and of the server's own work, which other programs on the machine don't make longer."""

    def __init__(self, pid):
        self._stat = Path(f"/proc/{pid}/stat")

    def timed(self, call):
        took, worked = [], []
        for _ in range(REPEATS):
            begun, before = time.perf_counter(), self._work()
            answer = call()
            took.append(time.perf_counter() - begun)
            worked.append(self._work() - before)
        return answer, took, statistics.median(worked)

    def _work(self):
        fields = self._stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def every_query(clock, filled, start, stop):
    for name, dashboard in dashboards().items():
        several = first_choice(dashboard)
        for panel, query in targets(dashboard):
            window = window_of(panel, stop - start)
            answer, took, worked = clock.timed(
                lambda q=query, d=dashboard, c=several, w=window: filled.ask(d, q, c, start, stop, w)
            )
            yield name, panel["title"], len(answer.rows), took, worked


def both_languages(clock, filled, start, stop):
    """Six sums for each element, in Flux and in InfluxQL."""
    bucket = bucket_of("figure", filled.prefix)
    fields = " or ".join(f'r._field == "{name}"' for name in SUMS)
    flux = (
        f'from(bucket: "{bucket}") |> range(start: {format_ms(start)}, stop: {format_ms(stop)})'
        f' |> filter(fn: (r) => r._measurement == "figure" and ({fields})) |> sum() |> group()'
        ' |> pivot(rowKey: ["element", "enterprise", "unit"], columnKey: ["_field"], valueColumn: "_value")'
    )
    sums = ", ".join(f"sum({name})" for name in SUMS)
    influxql = (
        f"SELECT {sums} FROM figure WHERE time >= '{format_ms(start)}' AND time < '{format_ms(stop)}'"
        " GROUP BY element, enterprise, unit"
    )

    def ask_flux():
        return filled.ask({"templating": {"list": []}}, flux, {}, start, stop)

    def ask_influxql():
        answer = filled.client.post("/query", params={"db": bucket}, data={"q": influxql, "epoch": "ms"})
        assert answer.status_code == 200, answer.text
        (result,) = answer.json()["results"]
        return result["series"]

    found, _, flux_worked = clock.timed(ask_flux)
    series, _, influxql_worked = clock.timed(ask_influxql)
    assert len(found.rows) == len(series)
    return flux_worked, influxql_worked


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, default=1_000)
    parser.add_argument("--links", type=int, default=300)
    parser.add_argument("--days", type=int, default=92)
    parser.add_argument(
        "--quick", action="store_true", help="feeds each quarter of an hour, metrics each 5 minutes"
    )
    asked = parser.parse_args()
    size = made.Size(
        stations=asked.stations,
        links=asked.links,
        days=asked.days,
        minutes_days=asked.days,
        minute_step_ms=(15 if asked.quick else 1) * made.MINUTE_MS,
        scrape_days=min(asked.days, made.RAW_DAYS),
        scrape_step_ms=300_000 if asked.quick else 15_000,
        numbers_of=20,
        link_minutes=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        server = Influx(InfluxServer(servers_directory(), Path(folder)))
        try:
            server.start()
            begun = time.perf_counter()
            filled = fill(server.client, server.org, size)
            print(f"{filled.lines:,} lines written in {time.perf_counter() - begun:.0f} s")
            slow = measure(Clock(server.server.pid), filled, size)
        finally:
            server.close()
    sys.exit(1 if slow else 0)


def measure(clock, filled, size):
    start, stop = made.END_MS - size.days * made.DAY_MS, made.END_MS
    slow = 0
    print(f"{'dashboard':<11} {'rows':>6} {'median s':>9} {'worst s':>8} {'work s':>7}  panel")
    for name, title, rows, took, worked in every_query(clock, filled, start, stop):
        slow += statistics.median(took) >= 1
        print(
            f"{name:<11} {rows:>6} {statistics.median(took):>9.3f} {max(took):>8.3f} {worked:>7.2f}  {title}"
        )
    flux, influxql = both_languages(clock, filled, start, stop)
    print(
        f"six sums for each element, server's work: Flux {flux:.2f} s, InfluxQL {influxql:.2f} s, ratio {influxql / max(flux, 0.01):.1f}"
    )
    print(f"{slow} queries took a second or more; the load of the machine is {os.getloadavg()[0]:.1f}")
    return slow


if __name__ == "__main__":
    main()
