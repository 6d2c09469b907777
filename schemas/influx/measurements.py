"""Every bucket, measurement and task. The reference page docs/reference/influxdb.md is made from here."""

from typing import Final

from schemas.influx.decisions import CHANGED, decision
from schemas.influx.findings import BUDGET, DARK, FINDING, INDICATOR, RECONCILIATION, SPREAD
from schemas.influx.metrics import METRICS, aggregated
from schemas.influx.model import DAY_S, Aggregate, Bucket, Field, Measurement, Role, Tag, Task, Type
from schemas.status import Reading

_STATES: Final = ", ".join(f"{int(one)} {one.name.lower()}" for one in Reading)

BUCKETS: Final = (
    Bucket(
        Role.MAIN, "", 400 * DAY_S, 30 * DAY_S, "what happened, hour by hour; a year and the one before it"
    ),
    Bucket(Role.RAW, "_raw", 31 * DAY_S, DAY_S, "numbers minute by minute"),
    Bucket(Role.LONG, "_long", 5 * 366 * DAY_S, 91 * DAY_S, "days"),
)

_ELEMENT: Final = (
    Tag("element", "ids of stations and links in the registry"),
    Tag("enterprise", "the registry's owner of the element on that local day"),
    Tag("kind", "station, link"),
    Tag(
        "unit",
        "the registry's area code of the element on that local day; absent where it has none",
        optional=True,
    ),
)
_TRACK: Final = Tag("track", "measured, declared")


def _seconds(*more: Field) -> tuple[Field, ...]:
    return (
        Field("up_s", Type.INTEGER, "s", "in service (hoạt động)"),
        Field("degraded_s", Type.INTEGER, "s", "in service with a part lost (suy giảm)"),
        Field("down_s", Type.INTEGER, "s", "out of service (mất liên lạc)"),
        Field("planned_s", Type.INTEGER, "s", "out of service for announced work (bảo trì theo kế hoạch)"),
        Field("unknown_s", Type.INTEGER, "s", "nobody knows (không có dữ liệu)"),
        *more,
    )


_DAY: Final = (
    Field("total_s", Type.INTEGER, "s", "all counted time, the sum of the five"),
    Field("outages", Type.INTEGER, "count", "outages that touch the day (số lần gián đoạn)"),
    Field("longest_s", Type.INTEGER, "s", "the longest of them within the day, 0 without any"),
    Field("undeclared_s", Type.INTEGER, "s", "measured down while declared in service (không khai báo)"),
    Field("false_alarm_s", Type.INTEGER, "s", "measured in service while declared down (khai báo thừa)"),
    Field("both_s", Type.INTEGER, "s", "known to both sides: what a score is out of"),
    Field("declared_only_s", Type.INTEGER, "s", "known only from the enterprise's word"),
    Field("silent_s", Type.INTEGER, "s", "measured while the enterprise said nothing"),
    Field("final", Type.BOOLEAN, "", "true once the day is closed: the official figure (số liệu chính thức)"),
)

MEASUREMENTS: Final = (
    Measurement(
        "state",
        Role.MAIN,
        "Effective state (trạng thái): one point per change, and one at each day's beginning so that every day can be"
        " read alone. Hold the last value until the next.",
        "the change's own; the first counted instant of the local day",
        "topics transitions and figures; the ledger's for closed days",
        _ELEMENT,
        (
            Field("state", Type.INTEGER, "code", _STATES),
            Field("cause", Type.TEXT, "", "the evidence's, empty where it gave none", optional=True),
            Field("day_start", Type.BOOLEAN, "", "true on the day's first point", optional=True),
        ),
    ),
    Measurement(
        "now",
        Role.MAIN,
        "How each element stands now (hiện trạng): one point per element and local day, written over. Take `last()`.",
        "the start of the local day that is spoken of",
        "topic states",
        _ELEMENT,
        (
            Field("state", Type.INTEGER, "code", f"effective: {_STATES}"),
            Field("measured", Type.INTEGER, "code", "what the regulator's own measurement says"),
            Field("declared", Type.INTEGER, "code", "what the enterprise says"),
            Field(
                "since_ms",
                Type.INTEGER,
                "ms",
                "start of the state, since the epoch; as_of_ms if before what is kept",
            ),
            Field("as_of_ms", Type.INTEGER, "ms", "engine time: everything received until then is in it"),
            Field("cause", Type.TEXT, "", "of the state, empty where none was told"),
            Field("name", Type.TEXT, "", "the registry's name"),
            Field("lat", Type.FLOAT, "°", "north; of the unit's centre where `place` is unit", optional=True),
            Field("lon", Type.FLOAT, "°", "east", optional=True),
            Field("place", Type.TEXT, "", "exact, or unit in areas that touch the border", optional=True),
        ),
    ),
    Measurement(
        "availability",
        Role.MAIN,
        "Seconds by state for each element and hour (độ khả dụng theo giờ).",
        "the hour's start",
        "topic figures; the ledger's for closed days",
        _ELEMENT,
        _seconds(),
    ),
    Measurement(
        "feed",
        Role.MAIN,
        "What each reporter's feed did (nguồn tin), as each partition saw it: counts since the installation. Sum over"
        " `part` after `last()` or `difference(nonNegative: true)`; the smallest `silent_s` is the feed's.",
        "the minute",
        "topic feeds",
        (
            Tag(
                "reporter",
                "enterprises of the registry, and at most `influx.max_values` pollers and gateways",
            ),
            Tag("part", "numbers of the partitions of evidence"),
        ),
        (
            Field("accepted", Type.INTEGER, "count", "events taken in"),
            Field("refused", Type.INTEGER, "count", "events refused by the engine"),
            Field("silent_s", Type.INTEGER, "s", "since the last one was received", optional=True),
        ),
    ),
    Measurement(
        "deadletter",
        Role.MAIN,
        "What could not be taken or handled (bản tin bị từ chối): one point each.",
        "the refusal's, with the message's offset in the topic below the millisecond, so that each has its own",
        "topic deadletter",
        (
            Tag("entrance", "the product's own entrances and parts"),
            Tag("code", "refusal codes and the parts' own"),
        ),
        (
            Field("count", Type.INTEGER, "count", "1"),
            Field("reporter", Type.TEXT, "", "who sent it, empty where that is not known"),
        ),
    ),
    Measurement(
        "link_hour",
        Role.MAIN,
        "Links hour by hour (tuyến truyền dẫn theo giờ).",
        "the hour's start",
        "task, from link",
        (*_ELEMENT, _TRACK),
        aggregated(("mean", "mean"), ("min", "least"), ("max", "greatest")),
    ),
    Measurement(
        "station_hour",
        Role.MAIN,
        "Stations hour by hour (trạm theo giờ).",
        "the hour's start",
        "task, from station",
        (*_ELEMENT, _TRACK),
        aggregated(("mean", "mean"), ("min", "least"), ("max", "greatest")),
    ),
    Measurement(
        "pending",
        Role.MAIN,
        "Local days whose numbers came too late for the tasks: the sink downsamples them itself, and then takes the point away.",
        "the local day's start",
        "the sink",
        (Tag("source", "link, station"),),
        (Field("since_ms", Type.INTEGER, "ms", "when the first of them came"),),
    ),
    Measurement(
        "link",
        Role.RAW,
        "Numbers that came with links' evidence (số đo tuyến truyền dẫn); the last of each minute.",
        "the minute of the evidence's own time",
        "topic evidence",
        (*_ELEMENT, _TRACK),
        tuple(one.field for one in METRICS),
    ),
    Measurement(
        "station",
        Role.RAW,
        "Numbers that came with stations' evidence (số đo trạm); the last of each minute.",
        "the minute of the evidence's own time",
        "topic evidence",
        (*_ELEMENT, _TRACK),
        tuple(one.field for one in METRICS),
    ),
    Measurement(
        "pipeline",
        Role.RAW,
        "The product's own metrics (see metrics.md) as its parts show them on /metrics; histograms by _sum and _count.",
        "the scrape's, on its interval's grid",
        "scrapes of `influx.scrape`",
        (
            Tag("part", "the names in `influx.scrape`"),
            Tag("name", "metrics that metrics.md lists, with _sum and _count of its histograms"),
            Tag("...", "that metric's own labels", optional=True),
        ),
        (Field("value", Type.FLOAT, "", "as exported"),),
    ),
    Measurement(
        "figure",
        Role.LONG,
        "Each element's local day (độ khả dụng theo ngày). Of closed days the seconds are those that count: after restatements"
        " and upheld objections, which `moved_*_s` take away again. Outages, declared against measured: as read.",
        "the local day's start",
        "topic figures; the ledger's for closed days",
        _ELEMENT,
        _seconds(*_DAY, *CHANGED),
    ),
    Measurement(
        "scope",
        Role.LONG,
        "Sums over elements of one kind and a local day: small, for long ranges. Their seconds are those of `figure`.",
        "the local day's start",
        "topic findings (provisional); the ledger's for closed days",
        (
            Tag("scope", "enterprise, unit, technology, province"),
            Tag("id", "the registry's enterprises, area codes and technologies; province"),
            Tag("kind", "station, link"),
        ),
        _seconds(
            *_DAY,
            *CHANGED,
            Field("elements", Type.INTEGER, "count", "how many it sums", optional=True),
            Field(
                "told_s",
                Type.INTEGER,
                "s",
                "of enterprises' closed days: of which they said something",
                optional=True,
            ),
            Field(
                "late_s",
                Type.INTEGER,
                "s",
                "of that, said later than the tolerance (khai báo muộn)",
                optional=True,
            ),
        ),
    ),
    decision(_ELEMENT),
    RECONCILIATION,
    FINDING,
    BUDGET,
    INDICATOR,
    SPREAD,
    DARK,
    Measurement(
        "link_day",
        Role.LONG,
        "Links day by day (tuyến truyền dẫn theo ngày): long ranges read this.",
        "the local day's start",
        "task, from link_hour",
        (*_ELEMENT, _TRACK),
        aggregated(
            ("mean", "mean of the hours' means"),
            ("busiest", "the greatest of the hours' means (giờ cao điểm)"),
            ("min", "least"),
            ("max", "greatest"),
        ),
    ),
    Measurement(
        "closed",
        Role.LONG,
        "One point per closed local day whose official figures are here (ngày đã khóa sổ).",
        "the local day's start",
        "the ledger",
        (),
        (
            Field("elements", Type.INTEGER, "count", "figures of the day"),
            Field("inputs", Type.TEXT, "", "digest of the evidence that they were made from"),
            Field("registry", Type.TEXT, "", "digest of the registry"),
            Field(
                "decisions",
                Type.TEXT,
                "",
                "digest of the restatements and adjustments that are in them; empty without any",
                optional=True,
            ),
        ),
    ),
)

_HOURLY: Final = (
    Aggregate("mean", "", "_mean"),
    Aggregate("min", "", "_min"),
    Aggregate("max", "", "_max"),
)
TASKS: Final = (
    Task("link", "link_hour", "1h", "1h", "7m", "6h", _HOURLY),
    Task("station", "station_hour", "1h", "1h", "9m", "6h", _HOURLY),
    Task(
        "link_hour",
        "link_day",
        "1d",
        "6h",
        "20m",
        "3d",
        (
            Aggregate("mean", "_mean", "_mean"),
            Aggregate("max", "_mean", "_busiest"),
            Aggregate("min", "_min", "_min"),
            Aggregate("max", "_max", "_max"),
        ),
    ),
)

BUCKET: Final = {one.role: one for one in BUCKETS}
MEASUREMENT: Final = {one.name: one for one in MEASUREMENTS}
