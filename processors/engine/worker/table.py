"""The workers' table: memory here, a compacted changelog topic in Kafka."""

from collections.abc import Awaitable
from typing import Any, Final

import faust
from faust.types import FutureMessage

from processors.engine.worker.delivery import delivered

NAME: Final = "availability"
# Kafka compacts closed segments only. With its defaults a restart would read a gigabyte of overwritten rows a partition.
COMPACTION: Final = {
    "segment.bytes": str(16 << 20),
    "segment.ms": str(3_600_000),
    "min.cleanable.dirty.ratio": "0.2",
}


class DeliveredTable(faust.Table[bytes, bytes]):
    """A table whose writes can be waited for: Faust itself sends changes and forgets them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sent: list[FutureMessage] = []

    def send_changelog(self, *args: Any, **kwargs: Any) -> FutureMessage:
        """Send a change, and remember that it is under way."""
        sent = super().send_changelog(*args, **kwargs)
        self.sent.append(sent)
        return sent

    def take_sent(self) -> list[Awaitable[Any]]:
        """The changes that are under way, to be waited for by whoever made them."""
        sent, self.sent = self.sent, []
        return list(sent)

    async def delivered(self) -> None:
        """Wait until the brokers have every change.

        Raises:
            KafkaError: they have not; what is in memory here is no longer what the table is.
        """
        await delivered(self.take_sent())


def rows_by_partition(table: DeliveredTable) -> dict[int, dict[bytes, bytes]]:
    """What the table has, by the partition that the keys begin with."""
    found: dict[int, dict[bytes, bytes]] = {}
    for key, value in table.items():
        if value:
            found.setdefault(int(key.partition(b"/")[0]), {})[key] = value
    return found


def declare(app: faust.App, partitions: int, min_insync: int) -> DeliveredTable:
    """The table, with as many partitions as the topic that it goes with."""
    table = app.Table(
        NAME,
        partitions=partitions,
        key_type=bytes,
        value_type=bytes,
        extra_topic_configs=COMPACTION | {"min.insync.replicas": str(min_insync)},
    )
    assert isinstance(table, DeliveredTable)
    return table
