"""Stored cells are cut by a grid and days by a zone: neither can change under them."""

import json
from typing import Final

from sqlalchemy import Connection

from processors.core.conventions import Conventions
from stores.ledger import positions

CONVENTIONS: Final = "conventions"


class ConventionsChangedError(Exception):
    """What is stored was made with another grid or zone: it can't be continued with these."""

    def __init__(self, stored: str, given: str) -> None:
        super().__init__(f"what is stored was made with {stored}; it can't be continued with {given}")
        self.stored = stored
        self.given = given


def spelled(conventions: Conventions) -> str:
    """The grid and the zone as they are stored."""
    return json.dumps({"grid_s": conventions.grid_s, "zone": conventions.zone}, sort_keys=True)


def check_conventions(connection: Connection, conventions: Conventions) -> None:
    """Bind the ledger to the grid and zone.

    Raises:
        ConventionsChangedError: it is bound to others.
    """
    given = spelled(conventions)
    stored = positions.known_property(connection, CONVENTIONS)
    if stored is None:
        positions.save_property(connection, CONVENTIONS, given)
    elif stored != given:
        raise ConventionsChangedError(stored, given)
