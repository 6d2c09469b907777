"""What the gateway works with: given by whoever wires it, who also starts and stops it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ingest.feeds.auth import KeyReader
from ingest.feeds.copies import Copies
from ingest.feeds.figures import FiguresReader, NoFigures
from ingest.feeds.intake import JournalWriter
from schemas.indicators import Indicators
from schemas.registry import Registry
from schemas.settings.gateway import GatewaySettings
from schemas.time import LocalCalendar
from stores.journal import Origin


class JournalReader(Protocol):
    """What the gateway reads of the journal; `stores.journal.Journal` is one."""

    max_bytes: int

    def receipt(self, receipt: str, reporter: str) -> bytes | None:
        """What the reporter was answered with; None also where the receipt is another's."""

    def used_bytes(self) -> int:
        """How much of `max_bytes` is in use."""


def system_now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


def random_receipt() -> str:
    """An id that nobody can guess."""
    return f"r_{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True)
class GatewayDeps:
    """Everything the gateway works with; started and stopped by whoever made it.

    Attributes:
        writer: the journal's group commit, started.
        journal: the same journal, opened, for reading receipts.
        keys: the table of keys, opened.
        registry: the registry in force now; asked for each request, so that it may be replaced.
        indicators: those that a measurement may be of; None: any name is taken.
        figures: the ledger's reader.
        head: the audit chain's head as it is known now; printed in every receipt.
        copies: tells when Kafka has the events; None: receipts say that they are on disk.
        origin: None for live events and always in a production data directory; a demonstration may mark its own.
    """

    writer: JournalWriter
    journal: JournalReader
    keys: KeyReader
    registry: Callable[[], Registry]
    settings: GatewaySettings = field(default_factory=GatewaySettings)
    calendar: LocalCalendar = field(default_factory=LocalCalendar)
    figures: FiguresReader = field(default_factory=NoFigures)
    now_ms: Callable[[], int] = system_now_ms
    new_receipt: Callable[[], str] = random_receipt
    head: Callable[[], str | None] = lambda: None
    copies: Copies | None = None
    origin: Origin | None = None
    indicators: Indicators | None = None
