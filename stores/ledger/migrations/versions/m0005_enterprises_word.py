"""What closing finds of the enterprises' word, and what the Department asked them for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As in 0001.
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "late_declarations",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=False),
        sa.Column("late_s", sa.Integer(), nullable=False),
        sa.Column("longest_s", sa.Integer(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day", "element", name=op.f("pk_late_declarations")),
    )
    op.create_table(
        "differing_causes",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("measured", NAME, nullable=False),
        sa.Column("declared", NAME, nullable=False),
        sa.PrimaryKeyConstraint("day", "element", "from_ms", name=op.f("pk_differing_causes")),
    )
    op.create_table(
        "feed_days",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, autoincrement=False, nullable=False),
        sa.Column("heartbeat_s", sa.Integer(), nullable=False),
        sa.Column("total_s", sa.Integer(), nullable=False),
        sa.Column("silent_s", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("longest_s", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=True),
        sa.Column("ends_silent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", "enterprise", name=op.f("pk_feed_days")),
    )
    op.create_table(
        "report_requests",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_report_requests")),
    )
    op.create_index(op.f("ix_report_requests_enterprise"), "report_requests", ["enterprise"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_report_requests_enterprise"), table_name="report_requests")
    op.drop_table("report_requests")
    op.drop_table("feed_days")
    op.drop_table("differing_causes")
    op.drop_table("late_declarations")
