"""The ledger that the settings name."""

from sqlalchemy.exc import ArgumentError

from btswatch.settings import Settings, SettingsError
from stores.data_directory import DataDirectory
from stores.ledger import Ledger, Limits, UnsupportedDialectError, url_of


def ledger_of(settings: Settings, directory: DataDirectory, *, busy_s: float | None = None) -> Ledger:
    """The ledger, not opened yet: SQLite in the data directory, or the database of `[ledger] url`.

    Args:
        settings: where it is and how long to wait.
        directory: whose ledger it is.
        busy_s: another longest wait for other writers than the settings'.

    Raises:
        SettingsError: the URL can't be read.
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
    try:
        url = url_of(chosen.url.get_secret_value())
    except (ArgumentError, UnsupportedDialectError, ValueError):
        # Not quoted, and no cause: it may hold a password.
        raise SettingsError("settings: ledger.url: can't be read as a URL") from None
    if chosen.password:
        url = url.set(password=chosen.password.get_secret_value())
    return Ledger(url, limits=limits)
