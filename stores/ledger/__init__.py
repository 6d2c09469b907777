"""The ledger: states, transitions, figures and what the engine needs to go on, in one relational database."""

from stores.ledger.database import Ledger, LedgerClosedError, SchemaMismatchError

__all__ = ["Ledger", "LedgerClosedError", "SchemaMismatchError"]
