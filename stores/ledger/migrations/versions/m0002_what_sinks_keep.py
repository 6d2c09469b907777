"""What a sink of the cluster keeps: whose message is the newest, feeds by partition, findings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# As in 0001.
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make them."""
    op.add_column("element_state", sa.Column("as_of_ms", sa.BigInteger(), nullable=True))
    op.create_table(
        "transition_days",
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("as_of_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("element", "day", name=op.f("pk_transition_days")),
    )
    op.create_index(op.f("ix_transition_days_day"), "transition_days", ["day"], unique=False)
    op.create_table(
        "feed_shares",
        sa.Column("reporter", NAME, autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_life_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_received_ms", sa.BigInteger(), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reporter", "partition", name=op.f("pk_feed_shares")),
    )
    op.create_table(
        "refused_shares",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("reporter", NAME, autoincrement=False, nullable=False),
        sa.Column("code", NAME, autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "reporter", "code", "partition", name=op.f("pk_refused_shares")),
    )
    op.create_table(
        "findings",
        sa.Column("finding", NAME, autoincrement=False, nullable=False),
        sa.Column("scope", NAME, autoincrement=False, nullable=False),
        sa.Column("subject", NAME, autoincrement=False, nullable=False),
        sa.Column("kind", NAME, autoincrement=False, nullable=False),
        sa.Column("period", NAME, autoincrement=False, nullable=False),
        sa.Column("from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule", NAME, autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=True),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("result", NAME, nullable=True),
        sa.Column("as_of_ms", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(
            "finding", "scope", "subject", "kind", "period", "from_ms", "rule", name=op.f("pk_findings")
        ),
    )
    op.create_index(
        op.f("ix_findings_enterprise_from_ms"), "findings", ["enterprise", "from_ms"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_findings_enterprise_from_ms"), table_name="findings")
    op.drop_table("findings")
    op.drop_table("refused_shares")
    op.drop_table("feed_shares")
    op.drop_index(op.f("ix_transition_days_day"), table_name="transition_days")
    op.drop_table("transition_days")
    op.drop_column("element_state", "as_of_ms")
