"""The ledger's tables: what the engines know and what was closed.

Types are portable between SQLite and PostgreSQL. Instants are milliseconds (`*_ms`; of notices,
where the exact order decides, microseconds, `*_us`) since the epoch, durations
(`*_s`) integer seconds, `day` the local calendar day, `tier` the ordinal of the first day whose close covers the
moment of receipt. The migrations build the same schema; a test compares them.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, Table, Text

from stores.ledger.columns import METADATA, NAME, READINGS, RECONCILIATION, SECONDS, key, need
from stores.ledger.official_tables import (
    adjustments,
    audit,
    differing_causes,
    feed_days,
    late_declarations,
    objections,
    report_requests,
    restatements,
    signatures,
    snapshots,
)

__all__ = [
    "METADATA",
    "NAME",
    "READINGS",
    "RECONCILIATION",
    "SECONDS",
    "adjustments",
    "alarms",
    "audit",
    "carries",
    "closed_days",
    "day_figures",
    "device_health",
    "differing_causes",
    "element_state",
    "evidence_blocks",
    "feed_days",
    "feed_shares",
    "feeds",
    "findings",
    "late_declarations",
    "late_evidence",
    "life_blocks",
    "notices",
    "objections",
    "positions",
    "properties",
    "refused_counts",
    "refused_shares",
    "report_requests",
    "restatements",
    "signatures",
    "snapshots",
    "transition_days",
    "transitions",
    "vantage_incidents",
]

properties = Table("properties", METADATA, key("name"), need("value", NAME))

positions = Table(
    "positions",
    METADATA,
    key("consumer"),
    need("journal_offset", BigInteger),
    need("updated_ms", BigInteger),
)

# --- the engine's state: mergeable evidence of the days that are still open ---

evidence_blocks = Table(
    "evidence_blocks",
    METADATA,
    key("day", Date),
    key("element"),
    key("reporter"),
    key("tier", Integer),
    key("hour", Integer),
    need("cells", LargeBinary),
)

life_blocks = Table(
    "life_blocks",
    METADATA,
    key("day", Date),
    key("enterprise"),
    need("slots", LargeBinary),
)

notices = Table(
    "notices",
    METADATA,
    key("enterprise"),
    key("notice"),
    key("action"),
    need("received_us", BigInteger),
    need("from_us", BigInteger),
    need("to_us", BigInteger),
    need("elements", JSON),
    need("canonical", Text),
)

carries = Table(
    "carries",
    METADATA,
    key("day", Date),
    key("element"),
    key("basis"),
    need("carry", LargeBinary),
)

# --- what the screens show ---

element_state = Table(
    "element_state",
    METADATA,
    key("element"),
    need("enterprise", NAME),
    need("kind", NAME),
    need("status", Integer),
    need("since_ms", BigInteger),
    need("measured", Integer),
    need("declared", Integer),
    Column("cause", NAME),
    Column("detail", Text),
    Column("measured_at_ms", BigInteger),
    Column("measured_code", Integer),
    Column("declared_at_ms", BigInteger),
    Column("declared_code", Integer),
    Column("metrics", JSON),
    need("updated_ms", BigInteger),
    Column("as_of_ms", BigInteger),
    Index(None, "enterprise"),
    Index(None, "status"),
    Index(None, "updated_ms"),
)

transitions = Table(
    "transitions",
    METADATA,
    key("element"),
    key("day", Date),
    key("number", Integer),
    need("at_ms", BigInteger),
    need("before", Integer),
    need("after", Integer),
    Column("cause", NAME),
    Index(None, "at_ms"),
)

day_figures = Table(
    "day_figures",
    METADATA,
    key("day", Date),
    key("element"),
    need("enterprise", NAME),
    need("kind", NAME),
    Column("unit", NAME),
    need("technologies", NAME),
    *(need(name, Integer) for name in SECONDS),
    need("total_s", Integer),
    need("outages", Integer),
    need("longest_s", Integer),
    need("head_s", Integer),
    need("tail_s", Integer),
    need("from_ms", BigInteger),
    need("to_ms", BigInteger),
    *(need(name, Integer) for name in RECONCILIATION),
    Column("runs", JSON),
    need("revision", Integer),
    need("state", NAME),
    need("as_of_ms", BigInteger),
    need("registry_digest", NAME),
    need("rules_digest", NAME),
    need("inputs_digest", NAME),
    Column("closed_at_ms", BigInteger),
    Index(None, "element", "day"),
    Index(None, "enterprise", "day"),
)

closed_days = Table(
    "closed_days",
    METADATA,
    key("day", Date),
    need("closed_at_ms", BigInteger),
    need("complete", Boolean),
    need("elements", Integer),
    need("events", Integer),
    need("differences", Integer),
    need("registry_digest", NAME),
    need("inputs_digest", NAME),
    need("notes", JSON),
)

late_evidence = Table(
    "late_evidence",
    METADATA,
    key("journal_offset", BigInteger),
    need("day", Date),
    need("element", NAME),
    need("reporter", NAME),
    need("at_ms", BigInteger),
    need("received_ms", BigInteger),
    need("status", NAME),
    Index(None, "day", "element"),
)

feeds = Table(
    "feeds",
    METADATA,
    key("enterprise"),
    Column("last_life_ms", BigInteger),
    Column("last_received_ms", BigInteger),
    need("accepted", BigInteger),
    need("refused", BigInteger),
    Column("silent_since_ms", BigInteger),
    need("updated_ms", BigInteger),
)

refused_counts = Table(
    "refused_counts",
    METADATA,
    key("day", Date),
    key("reporter"),
    key("code"),
    need("events", BigInteger),
    need("last_ms", BigInteger),
)

device_health = Table(
    "device_health",
    METADATA,
    key("device"),
    need("vantage", NAME),
    need("outcome", NAME),
    need("since_ms", BigInteger),
    Column("answered_ms", BigInteger),
    Column("round_trip_ms", Integer),
    need("failures", Integer),
    Column("detail", Text),
    need("updated_ms", BigInteger),
)

vantage_incidents = Table(
    "vantage_incidents",
    METADATA,
    key("vantage"),
    key("path"),
    key("opened_ms", BigInteger),
    Column("closed_ms", BigInteger),
    need("reason", Text),
    need("devices", Integer),
)

alarms = Table(
    "alarms",
    METADATA,
    key("kind"),
    key("subject"),
    key("day", Date),
    need("raised_ms", BigInteger),
    need("detail", JSON),
    Column("acknowledged_ms", BigInteger),
    Index(None, "raised_ms"),
)

# --- what a sink of the cluster keeps, to tell a message that came late or twice from a new one ---

transition_days = Table(
    "transition_days",
    METADATA,
    key("element"),
    key("day", Date),
    need("as_of_ms", BigInteger),
    Index(None, "day"),
)

feed_shares = Table(
    "feed_shares",
    METADATA,
    key("reporter"),
    key("partition", Integer),
    need("as_of_ms", BigInteger),
    Column("last_life_ms", BigInteger),
    Column("last_received_ms", BigInteger),
    need("accepted", BigInteger),
    need("refused", BigInteger),
)

refused_shares = Table(
    "refused_shares",
    METADATA,
    key("day", Date),
    key("reporter"),
    key("code"),
    key("partition", Integer),
    need("events", BigInteger),
    need("last_ms", BigInteger),
)

findings = Table(
    "findings",
    METADATA,
    key("finding"),
    key("scope"),
    key("subject"),
    key("kind"),
    key("period"),
    key("from_ms", BigInteger),
    key("rule"),
    Column("enterprise", NAME),
    need("to_ms", BigInteger),
    Column("result", NAME),
    need("as_of_ms", BigInteger),
    need("content", JSON),
    Index(None, "enterprise", "from_ms"),
)
