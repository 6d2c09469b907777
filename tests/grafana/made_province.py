"""A province's content of InfluxDB, made up: the same for the same arguments, in the schema's own names and types.

Lines are those of the sink (processors/sinks/influx/lines.py), which the schema types; a renamed field breaks them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from processors.sinks.influx import lines as protocol
from schemas import cluster_metrics, metrics
from schemas.influx import MEASUREMENT
from schemas.influx.decisions import BEFORE, MOVED
from schemas.status import Reading
from schemas.time import LocalCalendar
from tests.grafana.made_verdicts import periods

ENTERPRISES = ("viettel", "vnpt", "mobifone", "g(tel).x+")
UNITS = ("05983", "06004", "06013", "06040")
# 10:20 in the province.
END_MS = int(datetime(2026, 11, 20, 3, 20, tzinfo=UTC).timestamp() * 1000)
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
SECONDS = ("up_s", "degraded_s", "down_s", "planned_s", "unknown_s")
PARTS = 16
# So long numbers by the minute are kept.
RAW_DAYS = 31


@dataclass(frozen=True)
class Element:
    """Of the made-up registry."""

    id: str
    kind: str
    enterprise: str
    unit: str | None
    number: int

    @property
    def tags(self):
        tags = {"element": self.id, "enterprise": self.enterprise, "kind": self.kind}
        return {**tags, "unit": self.unit} if self.unit else tags


@dataclass(frozen=True)
class Size:
    """How much is made; steps of what comes by the minute or scrape can be made coarser."""

    stations: int = 24
    links: int = 8
    days: int = 10
    minutes_days: int = 1
    minute_step_ms: int = 5 * MINUTE_MS
    scrape_days: int = 1
    scrape_step_ms: int = 5 * MINUTE_MS
    numbers_of: int = 3
    link_minutes: bool = True


SMALL = Size()


def elements(size):
    # Ids as the registry allows them: with a slash, a point, blanks never.
    stations = [
        Element(f"LS{n:04d}/a.b", "station", ENTERPRISES[n % 4], UNITS[n % 4] if n % 9 else None, n)
        for n in range(size.stations)
    ]
    links = [Element(f"L-{n:03d}", "link", ENTERPRISES[n % 4], None, n) for n in range(size.links)]
    return stations + links


def day_starts(size):
    calendar = LocalCalendar("Asia/Ho_Chi_Minh")
    last = datetime.fromtimestamp(END_MS / 1000, UTC).date()
    return [calendar.start_of(last - timedelta(days=back)) for back in reversed(range(size.days))]


class Series:
    """Points of one measurement and set of tags, as the sink writes them."""

    def __init__(self, name, tags):
        self.measurement = MEASUREMENT[name]
        known = {tag.name for tag in self.measurement.tags}
        needed = {tag.name for tag in self.measurement.tags if not tag.optional}
        assert needed <= tags.keys(), (name, needed - tags.keys())
        assert tags.keys() <= known or "..." in known, (name, tags.keys() - known)
        self.key = protocol.series(name, tags)

    def line(self, values, at_ms):
        return protocol.line(self.key, protocol.fields(self.measurement, values), at_ms * 1000)


def line(name, tags, values, at_ms):
    return Series(name, tags).line(values, at_ms)


def lines(size=SMALL):
    """(measurement, line) of everything."""
    for make in (_days, _states, _nows, _hours, _feeds, _dead_letters, _numbers, _pipeline, _closed):
        yield from make(size)
    for name, tags, values, at in periods(day_starts(size)[-1], elements(size), ENTERPRISES):
        yield line(name, tags, values, at)


def seconds_of(element, day, length_s=86_400):
    """A day of an element: every seventh has an outage, some have planned work, all a little that is unknown; of the
    fifth nothing is known."""
    if element.number == 5:
        return (0, 0, 0, 0, length_s)
    chance = Random(f"{element.kind}{element.number}.{day}")
    down = chance.choice((600, 3_600, 7_200)) if (element.number + day) % 7 == 0 else 0
    planned = 1_800 if (element.number + day) % 11 == 0 else 0
    return (length_s - down - planned - 60, 0, down, planned, 60)


@dataclass(frozen=True)
class Decision:
    """Of the made-up inspector: what `seconds_of` gives is after it."""

    by: str
    number: int
    claim: str
    moved: tuple[int, int, int, int, int]


def decision_of(element, day):
    """An upheld objection to the first element's first day, a restatement of the second one's third."""
    found = {
        (0, 0): Decision("objection", 7, "planned", (0, 0, -300, 300, 0)),
        (1, 2): Decision("restatement", 2, "", (600, 0, 0, 0, -600)),
    }
    return found.get((element.number, day))


def _changed(decisions):
    """The fields of decisions in `figure` and `scope`."""
    if not decisions:
        return {}
    moved = map(sum, zip(*(one.moved for one in decisions), strict=True))
    days = {
        "adjusted_days": sum(one.by == "objection" for one in decisions),
        "restated_days": sum(one.by == "restatement" for one in decisions),
    }
    return {name: count for name, count in days.items() if count} | dict(zip(MOVED, moved, strict=True))


def _decision(element, day, start):
    one, after = decision_of(element, day), seconds_of(element, day)
    before = [now - by for now, by in zip(after, one.moved, strict=True)]
    fields = dict(zip(SECONDS, after, strict=True)) | dict(zip(BEFORE, before, strict=True))
    fields |= {"numbers": str(one.number), "claim": one.claim, "decided_ms": END_MS - HOUR_MS}
    fields |= {"from_ms": start + 2 * HOUR_MS, "to_ms": start + 3 * HOUR_MS}
    fields |= {"availability": after[0] / (after[0] + after[2])}
    fields |= {"before_availability": before[0] / (before[0] + before[2])}
    return line("decision", {**element.tags, "by": one.by}, fields, start)


def cells_of(seconds):
    """Seconds by measured and declared reading: half of what is down was declared up, a minute of up was declared down."""
    ok, _, down, planned, unknown = seconds
    alarm = 60 if down else 0
    return {
        "up": {"up": ok - alarm, "down": alarm},
        "degraded": {},
        "down": {"up": down // 2, "down": down - down // 2 + planned},
        "unknown": {"unknown": unknown},
    }


def _sums(seconds, elements_in=None, cells=None):
    outages = 1 if seconds[2] else 0
    cells = cells or cells_of(seconds)
    fields = dict(zip(SECONDS, seconds, strict=True))
    fields |= {"total_s": sum(seconds), "outages": outages, "longest_s": seconds[2]}
    both = sum(sum(row.values()) for measured, row in cells.items() if measured != "unknown")
    fields |= {"undeclared_s": cells["down"]["up"], "false_alarm_s": cells["up"]["down"], "both_s": both}
    fields |= {"declared_only_s": 0, "silent_s": 0, "final": True}
    return fields if elements_in is None else {**fields, "elements": elements_in}


# Of each day but the last four: a thousandth of what was declared came late.
def late_of(seconds):
    told = sum(seconds) - seconds[4]
    return {"told_s": told, "late_s": told // 1000}


def _days(size):
    known = elements(size)
    for day, start in enumerate(day_starts(size)):
        scopes = {}
        for one in known:
            seconds = seconds_of(one, day)
            decided = decision_of(one, day)
            yield line("figure", one.tags, _sums(seconds) | _changed([decided] if decided else []), start)
            if decided:
                yield _decision(one, day, start)
            for scope, id_ in (
                ("enterprise", one.enterprise),
                ("unit", one.unit),
                ("province", "province"),
            ):
                if id_:
                    scopes.setdefault((scope, id_, one.kind), []).append((seconds, decided))
        for (scope, id_, kind), found in scopes.items():
            parts = [seconds for seconds, _ in found]
            changed = _changed([decided for _, decided in found if decided])
            summed = tuple(map(sum, zip(*parts, strict=True)))
            tags = {"scope": scope, "id": id_, "kind": kind}
            cells = summed_cells(parts)
            late = late_of(summed) if day < size.days - 4 and scope == "enterprise" else {}
            yield line("scope", tags, _sums(summed, len(parts), cells) | late | changed, start)
            for measured, row in cells.items():
                fields = {
                    f"declared_{name}_s": row.get(name, 0) for name in ("up", "degraded", "down", "unknown")
                }
                yield line("reconciliation", {**tags, "measured": measured}, fields, start)
        for number, unit in enumerate(UNITS):
            dark = dark_of(number, day)
            fields = {"dark_s": dark, "longest_s": dark, "stations": len(known) // len(UNITS)}
            yield line("dark", {"unit": unit}, fields, start)


def dark_of(unit, day):
    """Seconds in which the unit of that number had no working station; the last one always had some."""
    return 900 * (unit + 1) if unit < len(UNITS) - 1 and (unit + day) % 5 == 0 else 0


def summed_cells(parts):
    found = {measured: {} for measured in ("unknown", "up", "degraded", "down")}
    for seconds in parts:
        for measured, row in cells_of(seconds).items():
            for name, count in row.items():
                found[measured][name] = found[measured].get(name, 0) + count
    return found


def runs_of(element, day, start):
    """(from, state, cause) of a day."""
    seconds = seconds_of(element, day)
    first = Reading.UNKNOWN if element.number == 5 else Reading.UP
    yield start, first, ""
    at = start + 2 * HOUR_MS
    for reading, length, cause in (
        (Reading.DOWN, seconds[2], "power"),
        (Reading.PLANNED, seconds[3], "manual"),
    ):
        if length:
            yield at, reading, cause
            at += length * 1000
            yield at, first, ""
            at += HOUR_MS


def _states(size):
    for day, start in enumerate(day_starts(size)):
        for one in elements(size):
            for number, (at, state, cause) in enumerate(runs_of(one, day, start)):
                if at <= END_MS:
                    fields = {"state": int(state), "cause": cause, "day_start": number == 0}
                    yield line("state", one.tags, fields, at)


def state_now(element, size):
    at, state, cause = [
        run for run in runs_of(element, size.days - 1, day_starts(size)[-1]) if run[0] <= END_MS
    ][-1]
    return (at, Reading.DOWN, "fault") if element.number in {3, 4} else (at, state, cause)


def _nows(size):
    starts = day_starts(size)
    for one in elements(size):
        for start in starts[-3:]:
            since, state, cause = state_now(one, size)
            fields = {
                "state": int(state),
                "measured": int(state),
                "declared": int(Reading.UP),
                "since_ms": since,
                "as_of_ms": min(start + DAY_MS, END_MS),
                "cause": cause,
                "name": f"Trạm số {one.number}",
            }
            if one.kind == "station":
                fields |= {
                    "lat": 21.5 + one.number % 40 / 50,
                    "lon": 106.2 + one.number % 31 / 30,
                    "place": "exact",
                }
            yield line("now", one.tags, fields, start)


def _hours(size):
    known = elements(size)
    for day, start in enumerate(day_starts(size)):
        for one in known:
            seconds = seconds_of(one, day)
            for hour in range(24):
                at = start + hour * HOUR_MS
                if at > END_MS:
                    break
                down = seconds[2] if hour == 2 and seconds[2] <= 3_600 else 0
                fields = dict(zip(SECONDS, (3_600 - down, 0, down, 0, 0), strict=True))
                yield line("availability", one.tags, fields, at)


def _feeds(size):
    begin = END_MS - size.minutes_days * DAY_MS
    for reporter in ENTERPRISES:
        for part in range(PARTS):
            series = Series("feed", {"reporter": reporter, "part": str(part)})
            for number, at in enumerate(range(begin, END_MS, size.minute_step_ms)):
                fields = {"accepted": 7 * number + part, "refused": number // 50, "silent_s": 20 + part}
                yield series.line(fields, at)


def _dead_letters(size):
    for number in range(40 * size.days):
        tags = {
            "entrance": ("gateway", "traps")[number % 2],
            "code": ("unknown_element", "malformed")[number % 3 // 2],
        }
        fields = {"count": 1, "reporter": ENTERPRISES[number % 4]}
        yield line("deadletter", tags, fields, END_MS - number * (DAY_MS // 40) - number)


def use_of(link):
    """Mean use of a link, in and out."""
    return 0.3 + link.number % 8 / 12, 0.2 + link.number % 5 / 10


def _numbers(size):
    starts = day_starts(size)
    for one in elements(size):
        tags = {**one.tags, "track": "measured"}
        name = one.kind
        raw, kept = ({}, {})
        if one.kind == "link":
            into, out = use_of(one)
            raw = {"in_use": into, "out_use": out, "utilisation": max(into, out), "in_errors_per_s": 0.5}
        elif one.number < size.numbers_of:
            raw = {"battery_v": 52.5, "battery_remaining_min": 200, "temperature_c": 31.5}
            raw |= {"cells_in_service": 6, "subscribers_registered": 120 + one.number}
        if not raw:
            continue
        for field, value in raw.items():
            kept |= {f"{field}_mean": value, f"{field}_min": value * 0.5, f"{field}_max": value * 1.05}
        hours, minutes = Series(f"{name}_hour", tags), Series(name, tags)
        for start in starts:
            for hour in range(24):
                if start + hour * HOUR_MS <= END_MS - HOUR_MS:
                    yield hours.line(kept, start + hour * HOUR_MS)
            if one.kind == "link" and start + DAY_MS <= END_MS:
                yield line("link_day", tags, kept, start)
        if one.kind == "station" or size.link_minutes:
            for at in range(END_MS - min(size.minutes_days, RAW_DAYS) * DAY_MS, END_MS, size.minute_step_ms):
                yield minutes.line(raw, at)


# One series of each metric that the dashboard shows: labels, and what a scrape reads.
def _shown():
    m, c = metrics, cluster_metrics
    yield m.JOURNAL_APPENDED, {"kind": "event"}
    yield m.JOURNAL_BYTES, {}
    yield m.JOURNAL_COMMIT_SECONDS, {}
    yield from ((m.GATEWAY_REQUESTS, {"route": "/v1/events", "status": status}) for status in ("2xx", "4xx"))
    yield from ((m.POLLS, {"outcome": outcome}) for outcome in ("answered", "silent", "partial"))
    yield m.POLL_LOOP_LAG_SECONDS, {}
    yield m.VANTAGE_IMPAIRED, {"path": "viettel"}
    yield m.ENGINE_LAG, {}
    yield c.FORWARDER_SENT, {"topic": "evidence"}
    yield c.FORWARDER_LAG, {}
    yield c.SINK_LAG, {"sink": "influx"}
    yield c.SINK_OUTAGE, {"sink": "influx"}
    yield c.SINK_WRITE_SECONDS, {"sink": "influx"}
    yield c.SINK_DEAD_LETTERS, {"sink": "influx", "code": "series_limit"}
    yield m.CLOSING_DIFFERENCES, {}
    yield m.ENGINE_FAILED, {"error": "OperationalError"}


def _pipeline(size):
    begin = END_MS - size.scrape_days * DAY_MS
    for spec, labels in _shown():
        assert set(labels) == set(spec.labels), spec.name
        names = (f"{spec.name}_sum", f"{spec.name}_count") if spec.kind == "histogram" else (spec.name,)
        for name in names:
            series = Series("pipeline", {"part": "ingest", "name": name, **labels})
            for number, at in enumerate(range(begin, END_MS, size.scrape_step_ms)):
                grows = spec.kind != "gauge"
                step = 0.02 if name.endswith("_sum") else 5
                yield series.line({"value": number * step if grows else number % 7}, at)


def _closed(size):
    for start in day_starts(size)[:-4]:
        fields = {"elements": size.stations + size.links, "inputs": "sha256:0", "registry": "sha256:1"}
        yield line("closed", {}, fields, start)


def write(post, prefix, size=SMALL, batch=5_000) -> int:
    """Everything through `post(bucket, lines)`; the number of lines."""
    from schemas.influx import bucket_of

    waiting: dict[str, list[str]] = {}
    written = 0
    for made in lines(size):
        bucket = bucket_of(made.split(",", 1)[0].split(" ", 1)[0], prefix)
        waiting.setdefault(bucket, []).append(made)
        written += 1
        if len(waiting[bucket]) >= batch:
            post(bucket, waiting.pop(bucket))
    for bucket, rest in waiting.items():
        post(bucket, rest)
    return written
