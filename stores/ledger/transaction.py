"""What kind of transaction a connection is about to begin: known by its execution options."""

from typing import Any, Final

from sqlalchemy import Connection

_WRITES: Final = "ledger_writes"
READING: Final[dict[str, Any]] = {_WRITES: False}
WRITING: Final[dict[str, Any]] = {_WRITES: True}


def writes(connection: Connection) -> bool:
    """Whether the transaction is to write."""
    return bool(connection.get_execution_options().get(_WRITES, False))
