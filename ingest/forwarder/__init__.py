"""From the journal to Kafka: every event once acknowledged by all copies, in order per element."""

from typing import Final

CONSUMER: Final = "forwarder"
"""Its name among the journal's readers."""
