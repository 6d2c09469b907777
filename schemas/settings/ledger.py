"""Settings of the ledger: which database holds states, figures and what was closed."""

from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator

from schemas.base import Contract

_KNOWN: Final = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")


class LedgerSettings(Contract):
    """Where states, figures and what was closed are kept. Vietnamese: sổ cái."""

    url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL, such as postgresql://btswatch@db.example/btswatch?sslmode=verify-full; "
        "empty: SQLite in the data directory. TLS and all else of a connection is said by libpq's parameters in it",
    )
    password: SecretStr = Field(
        default=SecretStr(""),
        description="goes into the URL; better in a file, by the variable with _FILE at its end",
    )
    busy_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10.0, description="longest wait for another writer, and for a connection of the pool"
    )
    statement_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0, description="longest statement (PostgreSQL)"
    )
    idle_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0,
        description="longest silence inside a transaction before the server ends it, so that others can write "
        "(PostgreSQL)",
    )
    connect_s: Annotated[float, Field(ge=2, le=600)] = Field(
        default=5.0, description="longest wait for a new connection (PostgreSQL)"
    )

    @field_validator("url")
    @classmethod
    def _is_ours(cls, url: SecretStr) -> SecretStr:
        if not url:
            return url
        # It costs what the database's client costs; only who names a database pays for it.
        from sqlalchemy import make_url  # noqa: PLC0415 - see above
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - see above

        try:
            drivername = make_url(url.get_secret_value()).drivername
        except (ArgumentError, ValueError):
            drivername = ""
        if drivername not in _KNOWN:
            # What was given is not quoted, nor is the cause: it may hold a password.
            raise ValueError("is no URL of PostgreSQL: postgresql://user@host:5432/database") from None
        return url
