"""The ledger that the settings name."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btswatch.settings import Settings
from stores.data_directory import DataDirectory
from stores.ledger import Ledger, Limits, url_of
from stores.ledger.trouble import in_a_line, is_refusal


def ledger_of(settings: Settings, directory: DataDirectory, *, busy_s: float | None = None) -> Ledger:
    """The ledger, not opened yet: SQLite in the data directory, or the database of `[ledger] url`.

    Args:
        settings: where it is and how long to wait.
        directory: whose ledger it is.
        busy_s: another longest wait for other writers than the settings'.
    """
    chosen = settings.ledger
    limits = Limits(
        busy_ms=int((busy_s or chosen.busy_s) * 1000),
        statement_ms=int(chosen.statement_s * 1000),
        idle_ms=int(chosen.idle_s * 1000),
        connect_ms=int(chosen.connect_s * 1000),
    )
    if not chosen.url:
        return Ledger(directory.ledger_path, limits=limits)
    url = url_of(chosen.url.get_secret_value())
    if chosen.password:
        url = url.set(password=chosen.password.get_secret_value())
    return Ledger(url, limits=limits)


def open_or_later(ledger: Ledger, part: str) -> None:
    """Open it; where it is out of reach, with its first use: who needs it for some of the work starts without it.

    Raises:
        SQLAlchemyError: it refuses us: a person has to act.
    """
    try:
        ledger.open()
    except SQLAlchemyError as error:
        if is_refusal(error):
            raise
        structlog.get_logger().warning(
            "ledger is out of reach; it is opened when it is used", part=part, reason=in_a_line(error)
        )
        ledger.open_when_used()
