"""docs/reference/influxdb.md, made from the written schema."""

from collections.abc import Iterator

from schemas.influx.flux import task_flux
from schemas.influx.measurements import BUCKET, BUCKETS, MEASUREMENTS, TASKS
from schemas.influx.metrics import DOWNSAMPLED
from schemas.influx.model import DAY_S, Measurement

_PREFIX = "btswatch"
_ZONE = "Asia/Ho_Chi_Minh"


def influxdb_page() -> list[str]:
    """The page's lines after its head."""
    return [
        "What `btswatch sink influx` writes for Grafana. Live values are provisional; once a day is closed its points are",
        "replaced by the official ones. Nothing official lives only here: `btswatch rebuild influx` makes it again from the",
        "archive. How it is written: [writing to InfluxDB](../explanation/influxdb.md).",
        "",
        "Times are UTC; a local day's point stands at the local day's start, such as 17:00Z of the day before. Seconds are",
        "integers and the five states add up to `total_s`. Names of buckets begin with `influx.prefix`, retention is a",
        "setting. `btswatch influx diff` compares a server with this page, `btswatch influx apply` makes it so.",
        "",
        "## Buckets",
        "",
        "| bucket | kept | shards of | holds |",
        "|---|---|---|---|",
        *(
            f"| `{one.name(_PREFIX)}` | {one.retention_s // DAY_S} days | {one.shard_s // DAY_S} days | {one.holds} |"
            for one in BUCKETS
        ),
        "",
        "## Measurements",
        "",
        "| measurement | bucket | |",
        "|---|---|---|",
        *(
            f"| [`{one.name}`](#{one.name}) | `{BUCKET[one.bucket].name(_PREFIX)}` | {_first(one.title)} |"
            for one in MEASUREMENTS
        ),
        "",
        *(line for one in MEASUREMENTS for line in _measurement(one)),
        "## Downsampling",
        "",
        "Tasks of the server, kept in step by the sink. Each run makes all whole windows of its reach anew, so that what",
        "came late is in them; what came later still is downsampled by the sink itself after it wrote it. On the server a",
        "task's name is the prefix, a blank and the measurement that it fills.",
        "",
        "| fills | from | window | every | reach |",
        "|---|---|---|---|---|",
        *(
            f"| `{one.target}` | `{one.source}` | {one.window} | {one.every} + {one.offset} | {one.covers} |"
            for one in TASKS
        ),
        "",
        f"Downsampled metrics: {', '.join(f'`{one.name}`' for one in DOWNSAMPLED)}.",
        "",
        "```flux",
        task_flux(TASKS[-1], _PREFIX, _ZONE).rstrip(),
        "```",
        "",
    ]


def _first(title: str) -> str:
    return title.partition(": ")[0].rstrip(".")


def _measurement(one: Measurement) -> Iterator[str]:
    yield f"### {one.name}"
    yield ""
    yield one.title
    yield f"Time: {one.time}. From: {one.source}."
    yield ""
    if one.tags:
        yield "| tag | values |"
        yield "|---|---|"
        yield from (f"| `{tag.name}`{'?' * tag.optional} | {tag.values} |" for tag in one.tags)
        yield ""
    if one.name.endswith(("_hour", "_day")):
        suffixes = dict.fromkeys(
            (field.name.rpartition("_")[2], field.meaning.rpartition(" of ")[0]) for field in one.fields
        )
        yield "Fields, all floats in the metric's unit, for each downsampled metric (below):"
        yield ""
        yield from (f"- `<metric>_{suffix}`: {words}" for suffix, words in suffixes)
    elif one.name == "station":
        yield "The same fields as `link`."
    else:
        yield "| field | type | unit | |"
        yield "|---|---|---|---|"
        yield from (
            f"| `{field.name}`{'?' * field.optional} | {field.type} | {field.unit} | {field.meaning} |"
            for field in one.fields
        )
    yield ""
