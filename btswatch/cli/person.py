"""The person in whose name something is done: it stays on record."""

from typing import Annotated

import typer

from btswatch.cli.exits import CommandError, Exit

By = Annotated[str, typer.Option(help="Who does it: a person's name")]


def person_of(name: str) -> str:
    """The person's name, or the command's end."""
    if not name.strip():
        raise CommandError(Exit.MISUSE, "--by: give the person's name")
    return name.strip()
