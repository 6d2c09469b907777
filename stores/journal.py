"""The journal: everything that came in, durable on disk before anybody is told so.

This module is the door; behind it stand `journal_entry` (values), `journal_store` and `journal_reader` (the
database), `journal_transaction` (identity, receipts, refused events), `journal_group` (group commit for asyncio).
"""

from stores.journal_entry import (
    Action,
    Appended,
    KeptReceipt,
    Kind,
    NewEntry,
    Origin,
    Outcome,
    Refused,
    Settled,
    Stored,
)
from stores.journal_errors import (
    JournalBusyError,
    JournalError,
    JournalFullError,
    JournalStoppedError,
    JournalUnavailableError,
    JournalVersionError,
    OriginRefusedError,
)
from stores.journal_group import GroupCommit
from stores.journal_limits import ListLimits
from stores.journal_reader import JournalReader, Tally
from stores.journal_store import Journal, new_number
from stores.journal_transaction import JournalTransaction

__all__ = [
    "Action",
    "Appended",
    "GroupCommit",
    "Journal",
    "JournalBusyError",
    "JournalError",
    "JournalFullError",
    "JournalReader",
    "JournalStoppedError",
    "JournalTransaction",
    "JournalUnavailableError",
    "JournalVersionError",
    "KeptReceipt",
    "Kind",
    "ListLimits",
    "NewEntry",
    "Origin",
    "OriginRefusedError",
    "Outcome",
    "Refused",
    "Settled",
    "Stored",
    "Tally",
    "new_number",
]
