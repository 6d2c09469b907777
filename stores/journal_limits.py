"""How much the journal keeps."""

from dataclasses import dataclass

DAY_MS = 86_400_000
DEFAULT_MAX_BYTES = 8 << 30
# Lateness (72 h) and seven days: whoever sends an event again does so within this time.
DEFAULT_IDENTITY_MS = 10 * DAY_MS


@dataclass(frozen=True, slots=True)
class ListLimits:
    """Bounds of the journal's lists; the oldest go first, and are counted.

    Attributes:
        receipts: how many receipts are kept.
        receipts_bytes: of their bodies together.
        refused: how many refused events are kept for replay.
        refused_bytes: of their bodies together.
        refused_body_bytes: of one; a longer one is cut and can't be replayed.
    """

    receipts: int = 200_000
    receipts_bytes: int = 64 << 20
    refused: int = 20_000
    refused_bytes: int = 64 << 20
    refused_body_bytes: int = 1 << 20
