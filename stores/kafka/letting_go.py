"""Producers are let go of at once, whatever is under way.

kafka-python's `close` (3.0.12) waits first for what is under way; where that is not acknowledged in time it raises, and leaves
its connection and its thread behind.
"""

import contextlib
from typing import Any, Final

from kafka.errors import KafkaTimeoutError

# Its thread may be in the middle of something; it ends afterwards by itself.
_LEAVE_S: Final = 1.0


def let_go(producer: Any) -> None:
    """Close a `KafkaProducer`; records that are not acknowledged by now are given up, and may have arrived all the same."""
    producer._sender.force_close()  # noqa: SLF001 - its public way is the `close` above
    with contextlib.suppress(KafkaTimeoutError):
        producer.close(timeout=_LEAVE_S)
