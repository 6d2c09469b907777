"""A worker with bad luck in every rebalance: its fetch still waits when new positions are set, and its brokers are slow to say so."""

import asyncio
import sys

from faust.transport.consumer import ThreadDelegateConsumer

from btswatch.cli.app import run

SLOW_S = 0.5
fetched, sought = ThreadDelegateConsumer._getmany, ThreadDelegateConsumer.seek_wait


async def getmany(self, active_partitions, timeout):  # noqa: ASYNC109 - as the one that it stands for
    return await fetched(self, active_partitions, 1_000.0)


async def seek_wait(self, partitions):
    await sought(self, partitions)
    await asyncio.sleep(SLOW_S)


ThreadDelegateConsumer._getmany, ThreadDelegateConsumer.seek_wait = getmany, seek_wait
sys.exit(run(["worker", "--settings", sys.argv[1]]))
