"""What Alembic runs: the caller's connection and transaction, this ledger's tables."""

from alembic import context

from stores.ledger.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
