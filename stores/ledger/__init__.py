"""The ledger: states, transitions, figures and what the engine needs to go on, in one relational database."""

from stores.ledger.database import Ledger, LedgerClosedError, SchemaMismatchError, url_of
from stores.ledger.limits import Limits
from stores.ledger.postgresql_engine import DriverMissingError
from stores.ledger.upsert import UnsupportedDialectError

__all__ = [
    "DriverMissingError",
    "Ledger",
    "LedgerClosedError",
    "Limits",
    "SchemaMismatchError",
    "UnsupportedDialectError",
    "url_of",
]
