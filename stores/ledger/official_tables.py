"""Tables of what is official beside the figures: the chain, what people decided, what closing found, what was asked for.

Types and names as in `stores.ledger.tables`, by which they are reached.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from stores.ledger.columns import METADATA, NAME, SECONDS, key, need

# --- what is official can be proven: the chain, and the registries and rules whose digests it names ---

audit = Table(
    "audit",
    METADATA,
    key("number", BigInteger),
    need("at_ms", BigInteger),
    need("kind", NAME),
    need("subject", NAME),
    need("actor", NAME),
    need("content", JSON),
    need("previous", NAME),
    need("digest", NAME),
    Index(None, "kind", "subject"),
)

snapshots = Table(
    "snapshots",
    METADATA,
    key("digest"),
    need("kind", NAME),
    need("content", LargeBinary),
)

# --- what people decide about official figures; nothing here is ever changed but an objection's ruling ---

signatures = Table(
    "signatures",
    METADATA,
    key("period"),
    key("revision", Integer),
    need("signed_ms", BigInteger),
    need("signed_by", String),
    need("note", Text),
    need("root", NAME),
    need("verdicts", JSON),
)

restatements = Table(
    "restatements",
    METADATA,
    key("number", BigInteger),
    need("day", Date),
    need("element", NAME),
    need("at_ms", BigInteger),
    need("person", String),
    need("reason", Text),
    Column("before", JSON),
    need("after", JSON),
    Index(None, "day", "element"),
)

objections = Table(
    "objections",
    METADATA,
    key("number", BigInteger),
    need("enterprise", NAME),
    need("element", NAME),
    need("from_ms", BigInteger),
    need("to_ms", BigInteger),
    need("claim", NAME),
    need("evidence", Text),
    need("raised_ms", BigInteger),
    need("raised_by", String),
    need("state", NAME),
    Column("ruled_ms", BigInteger),
    Column("ruled_by", String),
    Column("ruling", Text),
    Index(None, "element"),
)

adjustments = Table(
    "adjustments",
    METADATA,
    key("day", Date),
    key("element"),
    key("objection", BigInteger),
    *(need(name, Integer) for name in SECONDS),
)

# --- what closing finds of the enterprises' word beside the figures ---

late_declarations = Table(
    "late_declarations",
    METADATA,
    key("day", Date),
    key("element"),
    need("enterprise", NAME),
    need("late_s", Integer),
    need("longest_s", Integer),
    Column("received_ms", BigInteger),
)

differing_causes = Table(
    "differing_causes",
    METADATA,
    key("day", Date),
    key("element"),
    key("from_ms", BigInteger),
    need("enterprise", NAME),
    need("to_ms", BigInteger),
    need("seconds", Integer),
    need("measured", NAME),
    need("declared", NAME),
)

feed_days = Table(
    "feed_days",
    METADATA,
    key("day", Date),
    key("enterprise"),
    need("heartbeat_s", Integer),
    need("total_s", Integer),
    need("silent_s", Integer),
    need("gaps", Integer),
    need("longest_s", Integer),
    Column("last_ms", BigInteger),
    need("ends_silent", Boolean),
)

# --- what the Department asked for; nothing here is changed but that a request is withdrawn ---

report_requests = Table(
    "report_requests",
    METADATA,
    key("number", BigInteger),
    need("enterprise", NAME),
    need("about", Text),
    need("asked_ms", BigInteger),
    need("asked_by", String),
    need("working_days", Integer),
    need("deadline", Date),
    Column("withdrawn_ms", BigInteger),
    Column("withdrawn_by", String),
    Column("withdrawn_why", Text),
    Index(None, "enterprise"),
)
