"""The audit chain's head, printed with every answer that rests on the ledger: who keeps it can tell later what it was made under."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from btswatch.settings import Settings


def head_of(connection: "Connection") -> str:
    """The head of the view that the answer is made from."""
    from stores.ledger import audit

    return audit.head(connection)


def head_beside(settings: "Settings") -> str | None:
    """The head for an answer that is made from the archive; None where there is no ledger beside it."""
    from btswatch.cli.configured import directory_of, open_ledger

    if not settings.ledger.url and not directory_of(settings, create=False).ledger_path.exists():
        return None
    with open_ledger(settings) as ledger, ledger.reading() as connection:
        return head_of(connection)


def tell_head(head: str | None) -> None:
    """The last line of an answer in words."""
    typer.echo(f"audit chain head {head or '- (no ledger)'}")
