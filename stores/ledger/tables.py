"""The ledger's tables: what the engines know and what was closed.

Types are portable between SQLite and PostgreSQL. Instants are milliseconds (`*_ms`; of notices,
where the exact order decides, microseconds, `*_us`) since the epoch, durations
(`*_s`) integer seconds, `day` the local calendar day, `tier` the ordinal of the first day whose close covers the
moment of receipt. The migrations build the same schema; a test compares them.
"""

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
)
READINGS: Final = ("unknown", "up", "degraded", "down")
SECONDS: Final = ("up_s", "degraded_s", "down_s", "planned_s", "unknown_s")
RECONCILIATION: Final = tuple(
    f"rec_{measured}_{declared}_s" for measured in READINGS for declared in READINGS
)
# Ordered by their bytes in every database: PostgreSQL's own order depends on the machine's locale, and may change
# under an index when the machine is upgraded.
NAME: Final = String().with_variant(String(collation="C"), "postgresql")


def _key(name: str, kind: Any = NAME) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _need(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


properties = Table("properties", METADATA, _key("name"), _need("value", NAME))

positions = Table(
    "positions",
    METADATA,
    _key("consumer"),
    _need("journal_offset", BigInteger),
    _need("updated_ms", BigInteger),
)

# --- the engine's state: mergeable evidence of the days that are still open ---

evidence_blocks = Table(
    "evidence_blocks",
    METADATA,
    _key("day", Date),
    _key("element"),
    _key("reporter"),
    _key("tier", Integer),
    _key("hour", Integer),
    _need("cells", LargeBinary),
)

life_blocks = Table(
    "life_blocks",
    METADATA,
    _key("day", Date),
    _key("enterprise"),
    _need("slots", LargeBinary),
)

notices = Table(
    "notices",
    METADATA,
    _key("enterprise"),
    _key("notice"),
    _key("action"),
    _need("received_us", BigInteger),
    _need("from_us", BigInteger),
    _need("to_us", BigInteger),
    _need("elements", JSON),
    _need("canonical", Text),
)

carries = Table(
    "carries",
    METADATA,
    _key("day", Date),
    _key("element"),
    _key("basis"),
    _need("carry", LargeBinary),
)

# --- what the screens show ---

element_state = Table(
    "element_state",
    METADATA,
    _key("element"),
    _need("enterprise", NAME),
    _need("kind", NAME),
    _need("status", Integer),
    _need("since_ms", BigInteger),
    _need("measured", Integer),
    _need("declared", Integer),
    Column("cause", NAME),
    Column("detail", Text),
    Column("measured_at_ms", BigInteger),
    Column("measured_code", Integer),
    Column("declared_at_ms", BigInteger),
    Column("declared_code", Integer),
    Column("metrics", JSON),
    _need("updated_ms", BigInteger),
    Column("as_of_ms", BigInteger),
    Index(None, "enterprise"),
    Index(None, "status"),
    Index(None, "updated_ms"),
)

transitions = Table(
    "transitions",
    METADATA,
    _key("element"),
    _key("day", Date),
    _key("number", Integer),
    _need("at_ms", BigInteger),
    _need("before", Integer),
    _need("after", Integer),
    Column("cause", NAME),
    Index(None, "at_ms"),
)

day_figures = Table(
    "day_figures",
    METADATA,
    _key("day", Date),
    _key("element"),
    _need("enterprise", NAME),
    _need("kind", NAME),
    Column("unit", NAME),
    _need("technologies", NAME),
    *(_need(name, Integer) for name in SECONDS),
    _need("total_s", Integer),
    _need("outages", Integer),
    _need("longest_s", Integer),
    _need("head_s", Integer),
    _need("tail_s", Integer),
    _need("from_ms", BigInteger),
    _need("to_ms", BigInteger),
    *(_need(name, Integer) for name in RECONCILIATION),
    Column("runs", JSON),
    _need("revision", Integer),
    _need("state", NAME),
    _need("as_of_ms", BigInteger),
    _need("registry_digest", NAME),
    _need("rules_digest", NAME),
    _need("inputs_digest", NAME),
    Column("closed_at_ms", BigInteger),
    Index(None, "element", "day"),
    Index(None, "enterprise", "day"),
)

closed_days = Table(
    "closed_days",
    METADATA,
    _key("day", Date),
    _need("closed_at_ms", BigInteger),
    _need("complete", Boolean),
    _need("elements", Integer),
    _need("events", Integer),
    _need("differences", Integer),
    _need("registry_digest", NAME),
    _need("inputs_digest", NAME),
    _need("notes", JSON),
)

late_evidence = Table(
    "late_evidence",
    METADATA,
    _key("journal_offset", BigInteger),
    _need("day", Date),
    _need("element", NAME),
    _need("reporter", NAME),
    _need("at_ms", BigInteger),
    _need("received_ms", BigInteger),
    _need("status", NAME),
    Index(None, "day", "element"),
)

feeds = Table(
    "feeds",
    METADATA,
    _key("enterprise"),
    Column("last_life_ms", BigInteger),
    Column("last_received_ms", BigInteger),
    _need("accepted", BigInteger),
    _need("refused", BigInteger),
    Column("silent_since_ms", BigInteger),
    _need("updated_ms", BigInteger),
)

refused_counts = Table(
    "refused_counts",
    METADATA,
    _key("day", Date),
    _key("reporter"),
    _key("code"),
    _need("events", BigInteger),
    _need("last_ms", BigInteger),
)

device_health = Table(
    "device_health",
    METADATA,
    _key("device"),
    _need("vantage", NAME),
    _need("outcome", NAME),
    _need("since_ms", BigInteger),
    Column("answered_ms", BigInteger),
    Column("round_trip_ms", Integer),
    _need("failures", Integer),
    Column("detail", Text),
    _need("updated_ms", BigInteger),
)

vantage_incidents = Table(
    "vantage_incidents",
    METADATA,
    _key("vantage"),
    _key("path"),
    _key("opened_ms", BigInteger),
    Column("closed_ms", BigInteger),
    _need("reason", Text),
    _need("devices", Integer),
)

alarms = Table(
    "alarms",
    METADATA,
    _key("kind"),
    _key("subject"),
    _key("day", Date),
    _need("raised_ms", BigInteger),
    _need("detail", JSON),
    Column("acknowledged_ms", BigInteger),
    Index(None, "raised_ms"),
)

# --- what a sink of the cluster keeps, to tell a message that came late or twice from a new one ---

transition_days = Table(
    "transition_days",
    METADATA,
    _key("element"),
    _key("day", Date),
    _need("as_of_ms", BigInteger),
    Index(None, "day"),
)

feed_shares = Table(
    "feed_shares",
    METADATA,
    _key("reporter"),
    _key("partition", Integer),
    _need("as_of_ms", BigInteger),
    Column("last_life_ms", BigInteger),
    Column("last_received_ms", BigInteger),
    _need("accepted", BigInteger),
    _need("refused", BigInteger),
)

refused_shares = Table(
    "refused_shares",
    METADATA,
    _key("day", Date),
    _key("reporter"),
    _key("code"),
    _key("partition", Integer),
    _need("events", BigInteger),
    _need("last_ms", BigInteger),
)

findings = Table(
    "findings",
    METADATA,
    _key("finding"),
    _key("scope"),
    _key("subject"),
    _key("kind"),
    _key("period"),
    _key("from_ms", BigInteger),
    _key("rule"),
    Column("enterprise", NAME),
    _need("to_ms", BigInteger),
    Column("result", NAME),
    _need("as_of_ms", BigInteger),
    _need("content", JSON),
    Index(None, "enterprise", "from_ms"),
)

# --- what is official can be proven: the chain, and the registries and rules whose digests it names ---

audit = Table(
    "audit",
    METADATA,
    _key("number", BigInteger),
    _need("at_ms", BigInteger),
    _need("kind", NAME),
    _need("subject", NAME),
    _need("actor", NAME),
    _need("content", JSON),
    _need("previous", NAME),
    _need("digest", NAME),
    Index(None, "kind", "subject"),
)

snapshots = Table(
    "snapshots",
    METADATA,
    _key("digest"),
    _need("kind", NAME),
    _need("content", LargeBinary),
)

# --- what people decide about official figures; nothing here is ever changed but an objection's ruling ---

signatures = Table(
    "signatures",
    METADATA,
    _key("period"),
    _key("revision", Integer),
    _need("signed_ms", BigInteger),
    _need("signed_by", String),
    _need("note", Text),
    _need("root", NAME),
    _need("verdicts", JSON),
)

restatements = Table(
    "restatements",
    METADATA,
    _key("number", BigInteger),
    _need("day", Date),
    _need("element", NAME),
    _need("at_ms", BigInteger),
    _need("person", String),
    _need("reason", Text),
    Column("before", JSON),
    _need("after", JSON),
    Index(None, "day", "element"),
)

objections = Table(
    "objections",
    METADATA,
    _key("number", BigInteger),
    _need("enterprise", NAME),
    _need("element", NAME),
    _need("from_ms", BigInteger),
    _need("to_ms", BigInteger),
    _need("claim", NAME),
    _need("evidence", Text),
    _need("raised_ms", BigInteger),
    _need("raised_by", String),
    _need("state", NAME),
    Column("ruled_ms", BigInteger),
    Column("ruled_by", String),
    Column("ruling", Text),
    Index(None, "element"),
)

adjustments = Table(
    "adjustments",
    METADATA,
    _key("day", Date),
    _key("element"),
    _key("objection", BigInteger),
    *(_need(name, Integer) for name in SECONDS),
)

# --- what closing finds of the enterprises' word beside the figures ---

late_declarations = Table(
    "late_declarations",
    METADATA,
    _key("day", Date),
    _key("element"),
    _need("enterprise", NAME),
    _need("late_s", Integer),
    _need("longest_s", Integer),
    Column("received_ms", BigInteger),
)

differing_causes = Table(
    "differing_causes",
    METADATA,
    _key("day", Date),
    _key("element"),
    _key("from_ms", BigInteger),
    _need("enterprise", NAME),
    _need("to_ms", BigInteger),
    _need("seconds", Integer),
    _need("measured", NAME),
    _need("declared", NAME),
)

feed_days = Table(
    "feed_days",
    METADATA,
    _key("day", Date),
    _key("enterprise"),
    _need("heartbeat_s", Integer),
    _need("total_s", Integer),
    _need("silent_s", Integer),
    _need("gaps", Integer),
    _need("longest_s", Integer),
    Column("last_ms", BigInteger),
    _need("ends_silent", Boolean),
)

# --- what the Department asked for; nothing here is changed but that a request is withdrawn ---

report_requests = Table(
    "report_requests",
    METADATA,
    _key("number", BigInteger),
    _need("enterprise", NAME),
    _need("about", Text),
    _need("asked_ms", BigInteger),
    _need("asked_by", String),
    _need("working_days", Integer),
    _need("deadline", Date),
    Column("withdrawn_ms", BigInteger),
    Column("withdrawn_by", String),
    Column("withdrawn_why", Text),
    Index(None, "enterprise"),
)
