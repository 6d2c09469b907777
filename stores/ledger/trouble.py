"""What a database's error means: wait and try again, ask a person, or put one row aside."""

import re
from typing import Final

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)

from stores.ledger.database import SchemaMismatchError
from stores.ledger.postgresql_engine import DriverMissingError

TROUBLE: Final = (SQLAlchemyError, SchemaMismatchError, DriverMissingError, OSError)
"""What opening and using a ledger may raise because of the database."""

# A failed login has no code that the driver passes on, only the server's words (in English unless its lc_messages says
# otherwise: then the same is tried again like any outage, which is slower to notice and loses nothing).
_REFUSED: Final = re.compile(
    r"authentication failed|no password supplied|does not exist|no pg_hba\.conf entry|permission denied"
    r"|is not permitted|certificate|does not support SSL|unable to open database file|readonly database"
    r"|file is not a database",
    re.IGNORECASE,
)
# Classes of SQLSTATE: login, unknown database, access rule or unknown table.
_REFUSED_CLASSES: Final = ("28", "3D", "3F", "42")


def is_refusal(error: BaseException) -> bool:
    """Whether a person has to act: login, rights, another schema, a missing driver."""
    if isinstance(error, SchemaMismatchError | DriverMissingError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_REFUSED_CLASSES)
    return _REFUSED.search(str(error.orig)) is not None


def is_unstorable(error: BaseException) -> bool:
    """Whether it is a row that the database can't hold, whenever it is tried."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    # A value that the driver can't pass on.
    return isinstance(error, StatementError | OverflowError)


def in_a_line(error: BaseException) -> str:
    """The error without its statement, which may be long; parameters are never in it."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(said).splitlines()
    return " ".join(lines[0].split()) if lines else type(said).__name__
