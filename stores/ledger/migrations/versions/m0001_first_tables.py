"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Names are ordered by their bytes in every database: PostgreSQL's own order depends on the machine's locale.
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "alarms",
        sa.Column("kind", NAME, autoincrement=False, nullable=False),
        sa.Column("subject", NAME, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject", "day", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_raised_ms"), "alarms", ["raised_ms"], unique=False)
    op.create_table(
        "carries",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("basis", NAME, autoincrement=False, nullable=False),
        sa.Column("carry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "element", "basis", name=op.f("pk_carries")),
    )
    op.create_table(
        "closed_days",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("registry_digest", NAME, nullable=False),
        sa.Column("inputs_digest", NAME, nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_closed_days")),
    )
    op.create_table(
        "day_figures",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("unit", NAME, nullable=True),
        sa.Column("technologies", NAME, nullable=False),
        sa.Column("up_s", sa.Integer(), nullable=False),
        sa.Column("degraded_s", sa.Integer(), nullable=False),
        sa.Column("down_s", sa.Integer(), nullable=False),
        sa.Column("planned_s", sa.Integer(), nullable=False),
        sa.Column("unknown_s", sa.Integer(), nullable=False),
        sa.Column("total_s", sa.Integer(), nullable=False),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.Column("longest_s", sa.Integer(), nullable=False),
        sa.Column("head_s", sa.Integer(), nullable=False),
        sa.Column("tail_s", sa.Integer(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("rec_unknown_unknown_s", sa.Integer(), nullable=False),
        sa.Column("rec_unknown_up_s", sa.Integer(), nullable=False),
        sa.Column("rec_unknown_degraded_s", sa.Integer(), nullable=False),
        sa.Column("rec_unknown_down_s", sa.Integer(), nullable=False),
        sa.Column("rec_up_unknown_s", sa.Integer(), nullable=False),
        sa.Column("rec_up_up_s", sa.Integer(), nullable=False),
        sa.Column("rec_up_degraded_s", sa.Integer(), nullable=False),
        sa.Column("rec_up_down_s", sa.Integer(), nullable=False),
        sa.Column("rec_degraded_unknown_s", sa.Integer(), nullable=False),
        sa.Column("rec_degraded_up_s", sa.Integer(), nullable=False),
        sa.Column("rec_degraded_degraded_s", sa.Integer(), nullable=False),
        sa.Column("rec_degraded_down_s", sa.Integer(), nullable=False),
        sa.Column("rec_down_unknown_s", sa.Integer(), nullable=False),
        sa.Column("rec_down_up_s", sa.Integer(), nullable=False),
        sa.Column("rec_down_degraded_s", sa.Integer(), nullable=False),
        sa.Column("rec_down_down_s", sa.Integer(), nullable=False),
        sa.Column("runs", sa.JSON(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("as_of_ms", sa.BigInteger(), nullable=False),
        sa.Column("registry_digest", NAME, nullable=False),
        sa.Column("rules_digest", NAME, nullable=False),
        sa.Column("inputs_digest", NAME, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day", "element", name=op.f("pk_day_figures")),
    )
    op.create_index(op.f("ix_day_figures_element_day"), "day_figures", ["element", "day"], unique=False)
    op.create_index(op.f("ix_day_figures_enterprise_day"), "day_figures", ["enterprise", "day"], unique=False)
    op.create_table(
        "device_health",
        sa.Column("device", NAME, autoincrement=False, nullable=False),
        sa.Column("vantage", NAME, nullable=False),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("round_trip_ms", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_device_health")),
    )
    op.create_table(
        "element_state",
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("declared", sa.Integer(), nullable=False),
        sa.Column("cause", NAME, nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("measured_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("measured_code", sa.Integer(), nullable=True),
        sa.Column("declared_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("declared_code", sa.Integer(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=True),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("element", name=op.f("pk_element_state")),
    )
    op.create_index(op.f("ix_element_state_enterprise"), "element_state", ["enterprise"], unique=False)
    op.create_index(op.f("ix_element_state_status"), "element_state", ["status"], unique=False)
    op.create_index(op.f("ix_element_state_updated_ms"), "element_state", ["updated_ms"], unique=False)
    op.create_table(
        "evidence_blocks",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("reporter", NAME, autoincrement=False, nullable=False),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "element", "reporter", "tier", "hour", name=op.f("pk_evidence_blocks")
        ),
    )
    op.create_table(
        "feeds",
        sa.Column("enterprise", NAME, autoincrement=False, nullable=False),
        sa.Column("last_life_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_received_ms", sa.BigInteger(), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("silent_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", name=op.f("pk_feeds")),
    )
    op.create_table(
        "late_evidence",
        sa.Column("journal_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("element", NAME, nullable=False),
        sa.Column("reporter", NAME, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.PrimaryKeyConstraint("journal_offset", name=op.f("pk_late_evidence")),
    )
    op.create_index(op.f("ix_late_evidence_day_element"), "late_evidence", ["day", "element"], unique=False)
    op.create_table(
        "life_blocks",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, autoincrement=False, nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "enterprise", name=op.f("pk_life_blocks")),
    )
    op.create_table(
        "notices",
        sa.Column("enterprise", NAME, autoincrement=False, nullable=False),
        sa.Column("notice", NAME, autoincrement=False, nullable=False),
        sa.Column("action", NAME, autoincrement=False, nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=False),
        sa.Column("elements", sa.JSON(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "notice", "action", name=op.f("pk_notices")),
    )
    op.create_table(
        "positions",
        sa.Column("consumer", NAME, autoincrement=False, nullable=False),
        sa.Column("journal_offset", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", name=op.f("pk_positions")),
    )
    op.create_table(
        "properties",
        sa.Column("name", NAME, autoincrement=False, nullable=False),
        sa.Column("value", NAME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_properties")),
    )
    op.create_table(
        "refused_counts",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("reporter", NAME, autoincrement=False, nullable=False),
        sa.Column("code", NAME, autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "reporter", "code", name=op.f("pk_refused_counts")),
    )
    op.create_table(
        "transitions",
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("cause", NAME, nullable=True),
        sa.PrimaryKeyConstraint("element", "day", "number", name=op.f("pk_transitions")),
    )
    op.create_index(op.f("ix_transitions_at_ms"), "transitions", ["at_ms"], unique=False)
    op.create_table(
        "vantage_incidents",
        sa.Column("vantage", NAME, autoincrement=False, nullable=False),
        sa.Column("path", NAME, autoincrement=False, nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("vantage", "path", "opened_ms", name=op.f("pk_vantage_incidents")),
    )


def downgrade() -> None:
    """Drop them all."""
    op.drop_table("vantage_incidents")
    op.drop_index(op.f("ix_transitions_at_ms"), table_name="transitions")
    op.drop_table("transitions")
    op.drop_table("refused_counts")
    op.drop_table("properties")
    op.drop_table("positions")
    op.drop_table("notices")
    op.drop_table("life_blocks")
    op.drop_index(op.f("ix_late_evidence_day_element"), table_name="late_evidence")
    op.drop_table("late_evidence")
    op.drop_table("feeds")
    op.drop_table("evidence_blocks")
    op.drop_index(op.f("ix_element_state_updated_ms"), table_name="element_state")
    op.drop_index(op.f("ix_element_state_status"), table_name="element_state")
    op.drop_index(op.f("ix_element_state_enterprise"), table_name="element_state")
    op.drop_table("element_state")
    op.drop_table("device_health")
    op.drop_index(op.f("ix_day_figures_enterprise_day"), table_name="day_figures")
    op.drop_index(op.f("ix_day_figures_element_day"), table_name="day_figures")
    op.drop_table("day_figures")
    op.drop_table("closed_days")
    op.drop_table("carries")
    op.drop_index(op.f("ix_alarms_raised_ms"), table_name="alarms")
    op.drop_table("alarms")
