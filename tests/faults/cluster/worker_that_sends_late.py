"""A worker that stands still just between making rows of its table and sending them.

A file beside its settings tells when, and of which partition.
"""

import asyncio
import signal
import sys
from pathlib import Path

from aiokafka.producer.sender import SendProduceReqHandler

from btswatch.cli.app import run

settings = Path(sys.argv[1])
hold, held = settings.with_name("hold"), settings.with_name("held")
woken = asyncio.Event()
done = SendProduceReqHandler.do


def is_held(at):
    return at.topic.endswith("worker-availability-changelog") and at.partition == int(hold.read_text())


async def do(self, node_id):
    if hold.exists() and any(is_held(at) for at in self._batches):
        held.touch()
        await woken.wait()
    await done(self, node_id)


SendProduceReqHandler.do = do
signal.signal(signal.SIGCONT, lambda *_: woken.set())
sys.exit(run(["worker", "--settings", str(settings)]))
