"""The measurements about what is asked of enterprises and about their word: verdicts, error budgets, reconciliation.

Availability in `finding` and `budget` is over time, from seconds. Radio availability is a share of a drive test's samples:
it stands in `indicator` alone, with other fields, and `btswatch sink influx` refuses a rule's verdict that is in the wrong one.
"""

from typing import Final

from schemas.influx.model import Field, Measurement, Role, Tag, Type

RESULTS: Final = {"not_applicable": 0, "not_decidable": 1, "pass": 2, "fail": 3}
"""`finding.result` as a number."""

_ENTERPRISE: Final = Tag("enterprise", "the registry's")
_RULE: Final = Tag(
    "rule", "names of rules, which their versions share (see rules.md); absent where none applies", True
)
_SERVICE: Final = Tag("service", "services of the rules; absent for a rule that is not in the sink's", True)
_SCOPE: Final = (
    Tag("scope", "enterprise, unit, technology, province"),
    Tag("id", "the registry's enterprises, area codes and technologies; province"),
    Tag("kind", "station, link"),
)

FINDING: Final = Measurement(
    "finding",
    Role.LONG,
    "Verdicts against thresholds on availability over time (kết quả đánh giá, độ khả dụng theo thời gian); a person"
    " decides, the product only states. An enterprise's own is a provincial estimate (ước tính trong tỉnh).",
    "the period's start",
    "topic findings while the period runs; the ledger's, every few minutes and when a day of it closes; a quarter's by"
    " seconds that were sent from the archive's measurements, each hour",
    (
        _ENTERPRISE,
        Tag("per", "enterprise, element: what is judged, so that the few are found without the many"),
        Tag("subject", "ids of the registry's elements and enterprises"),
        Tag("kind", "station, link: which elements were judged together", optional=True),
        Tag("period", "hour, day, month, quarter, year"),
        _RULE,
        _SERVICE,
    ),
    (
        Field("result", Type.INTEGER, "code", ", ".join(f"{code} {name}" for name, code in RESULTS.items())),
        Field("reason", Type.TEXT, "", "why nothing is decided, else empty"),
        Field(
            "force",
            Type.TEXT,
            "",
            "legal, declared, or operational: then it is no legal verdict",
            optional=True,
        ),
        Field("threshold", Type.FLOAT, "ratio", "what is asked", optional=True),
        Field(
            "availability",
            Type.FLOAT,
            "ratio",
            "D without planned work: ok / (ok + down), work beyond the rule's cap being down",
            optional=True,
        ),
        Field("gross", Type.FLOAT, "ratio", "D gross: ok / (ok + down + planned)", optional=True),
        Field("coverage", Type.FLOAT, "ratio", "known share of the time", optional=True),
        Field("budget_s", Type.INTEGER, "s", "down time that the threshold leaves so far", optional=True),
        Field("down_s", Type.INTEGER, "s", "out of service in the period so far"),
        Field("total_s", Type.INTEGER, "s", "counted in the period so far"),
        Field("elements", Type.INTEGER, "count", "how many were judged together", optional=True),
        Field("open_days", Type.INTEGER, "count", "element-days of it that are not closed", optional=True),
        Field(
            "adjusted_days",
            Type.INTEGER,
            "count",
            "element-days of which upheld objections moved seconds: they are in it",
            optional=True,
        ),
        Field("restated_days", Type.INTEGER, "count", "element-days of it that were restated", optional=True),
        Field(
            "standing",
            Type.TEXT,
            "",
            "the period's: open, provisional, final, or restated: changed after it was signed",
            optional=True,
        ),
        Field(
            "basis",
            Type.TEXT,
            "",
            "reported: of what no element shows, such as fixed broadband, from seconds that were sent; absent: from elements",
            optional=True,
        ),
    ),
)
BUDGET: Final = Measurement(
    "budget",
    Role.LONG,
    "Error budgets of the month and the quarter (hạn mức thời gian gián đoạn): down time that an enterprise's threshold"
    " leaves for the time counted so far, and what of it is spent. A month's is no verdict where the rule has quarters.",
    "the period's start",
    "topic findings while the period runs; the ledger's, every few minutes and when a day of it closes",
    (_ENTERPRISE, Tag("kind", "station, link"), Tag("period", "month, quarter"), _RULE, _SERVICE),
    (
        Field("budget_s", Type.INTEGER, "s", "what the threshold leaves"),
        Field("spent_s", Type.INTEGER, "s", "out of service, with planned work beyond the rule's cap"),
    ),
)
INDICATOR: Final = Measurement(
    "indicator",
    Role.LONG,
    "Verdicts on quality indicators that are counted or sampled, not timed (chỉ tiêu chất lượng đo kiểm): ratios, means, and"
    " shares of drive tests' samples such as radio availability (độ sẵn sàng của mạng vô tuyến), which is no availability over"
    " time. One point per enterprise and rule: the worst, where there were several campaigns.",
    "the quarter's start",
    "the archive's measurements, each hour, by the rules",
    (
        _ENTERPRISE,
        Tag("service", "services of the rules"),
        Tag("indicator", "indicators of the rules"),
        Tag("method", "samples, ratio, mean, percentile"),
        Tag("period", "quarter"),
        Tag("rule", "names of rules, which their versions share"),
    ),
    (
        Field("result", Type.INTEGER, "code", ", ".join(f"{code} {name}" for name, code in RESULTS.items())),
        Field("reason", Type.TEXT, "", "why nothing is decided, else empty"),
        Field("force", Type.TEXT, "", "legal, declared, or operational: then it is no legal verdict"),
        Field(
            "value", Type.FLOAT, "", "in the field `unit`; absent where nothing was counted", optional=True
        ),
        Field("threshold", Type.FLOAT, "", "in the field `unit`; absent where days differ", optional=True),
        Field("unit", Type.TEXT, "", "the rule's, such as percent or s"),
        Field("counted", Type.INTEGER, "count", "samples, or what the ratio is out of"),
        Field("verdicts", Type.INTEGER, "count", "how many there were: campaigns"),
    ),
)
SPREAD: Final = Measurement(
    "spread",
    Role.LONG,
    "What averages hide (mức độ tập trung): how many elements had a long outage, and how much the worst tenth had of all"
    " down time. Outages are joined over midnight.",
    "the period's start",
    "the ledger's days, every few minutes and when a day of it closes; periods that are over each hour",
    (
        Tag("scope", "enterprise"),
        Tag("id", "the registry's enterprises"),
        Tag("kind", "station, link"),
        Tag("period", "month, quarter"),
    ),
    (
        Field("elements", Type.INTEGER, "count", "how many it is about"),
        Field("over_1h", Type.INTEGER, "count", "elements whose longest outage is at least an hour"),
        Field("over_4h", Type.INTEGER, "count", "at least four hours"),
        Field("over_24h", Type.INTEGER, "count", "at least a day"),
        Field("down_s", Type.INTEGER, "s", "out of service, all of them together"),
        Field(
            "worst_share",
            Type.FLOAT,
            "ratio",
            "the worst tenth's part of it; absent without down time",
            optional=True,
        ),
    ),
)
DARK: Final = Measurement(
    "dark",
    Role.LONG,
    "Communes and wards without any working station (xã, phường không còn trạm hoạt động): all stations registered there"
    " were down at once. One point per unit with stations and local day.",
    "the local day's start",
    "the ledger's days, every few minutes while a day is open",
    (Tag("unit", "the registry's area codes"),),
    (
        Field("dark_s", Type.INTEGER, "s", "without any working station within the day"),
        Field("longest_s", Type.INTEGER, "s", "the longest of these times within the day, 0 without any"),
        Field("stations", Type.INTEGER, "count", "stations registered there"),
    ),
)
RECONCILIATION: Final = Measurement(
    "reconciliation",
    Role.LONG,
    "Declared against measured over a local day (đối soát khai báo với đo): a point for each measured reading, the declared"
    " readings side by side. The sixteen cells add up to `scope.total_s`.",
    "the local day's start",
    "topic findings (provisional); the ledger's for closed days",
    (*_SCOPE, Tag("measured", "unknown, up, degraded, down")),
    (
        Field("declared_up_s", Type.INTEGER, "s", "the enterprise says in service"),
        Field("declared_degraded_s", Type.INTEGER, "s", "in service with a part lost"),
        Field("declared_down_s", Type.INTEGER, "s", "out of service"),
        Field("declared_unknown_s", Type.INTEGER, "s", "nothing"),
    ),
)
