"""Signed periods, restatements, objections and what they adjust."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# As in 0001.
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "signatures",
        sa.Column("period", NAME, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signed_ms", sa.BigInteger(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("root", NAME, nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("period", "revision", name=op.f("pk_signatures")),
    )
    op.create_table(
        "restatements",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("element", NAME, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_restatements")),
    )
    op.create_index(op.f("ix_restatements_day_element"), "restatements", ["day", "element"], unique=False)
    op.create_table(
        "objections",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enterprise", NAME, nullable=False),
        sa.Column("element", NAME, nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("claim", NAME, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("raised_by", sa.String(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("ruled_ms", sa.BigInteger(), nullable=True),
        sa.Column("ruled_by", sa.String(), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_element"), "objections", ["element"], unique=False)
    op.create_table(
        "adjustments",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("element", NAME, autoincrement=False, nullable=False),
        sa.Column("objection", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("up_s", sa.Integer(), nullable=False),
        sa.Column("degraded_s", sa.Integer(), nullable=False),
        sa.Column("down_s", sa.Integer(), nullable=False),
        sa.Column("planned_s", sa.Integer(), nullable=False),
        sa.Column("unknown_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "element", "objection", name=op.f("pk_adjustments")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("adjustments")
    op.drop_index(op.f("ix_objections_element"), table_name="objections")
    op.drop_table("objections")
    op.drop_index(op.f("ix_restatements_day_element"), table_name="restatements")
    op.drop_table("restatements")
    op.drop_table("signatures")
