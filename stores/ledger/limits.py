"""How long the ledger's clients wait before they give up and try again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Milliseconds; `statement_ms`, `idle_ms` and `connect_ms` are PostgreSQL's alone.

    `busy_ms`: waiting for another writer. `statement_ms`: one statement. `idle_ms`: a transaction of which nothing
    is heard, such as that of a process that was stopped: the server ends it, so that the others can write.
    """

    busy_ms: int = 10_000
    statement_ms: int = 60_000
    idle_ms: int = 60_000
    connect_ms: int = 5_000


DEFAULT = Limits()
