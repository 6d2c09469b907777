"""What a command puts into the audit chain after its own work is done: a ledger out of reach takes none of that back."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from stores.ledger import Ledger

NO_LEDGER = "there is no ledger yet"


def write_at_once(settings: "Settings", write: "Callable[[Ledger], object]") -> str | None:
    """Let `write` do so; why that could not be, None where it was done."""
    from sqlalchemy.exc import SQLAlchemyError

    from btswatch.ledger import ledger_of
    from stores.data_directory import DataDirectory
    from stores.ledger.database import SchemaMismatchError

    directory = DataDirectory(settings.data)
    if not settings.ledger.url and not directory.ledger_path.exists():
        return NO_LEDGER
    ledger = ledger_of(settings, directory)
    try:
        ledger.open(migrate=False)
        write(ledger)
    except (SQLAlchemyError, SchemaMismatchError) as error:
        return str(error).splitlines()[0]
    finally:
        ledger.close()
    return None
