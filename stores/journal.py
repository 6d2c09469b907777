"""The journal: everything that came in, durable on disk before anybody is told so.

This module is the door; the parts are `journal_entry` (values), `journal_store` (the database),
`journal_group` (group commit for asyncio callers).
"""

from stores.journal_entry import Appended, Kind, NewEntry, Origin, Outcome, Refused, Stored

__all__ = ["Appended", "Kind", "NewEntry", "Origin", "Outcome", "Refused", "Stored"]
