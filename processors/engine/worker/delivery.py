"""Waiting for what is on its way to the brokers."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any


async def delivered(sent: Sequence[Awaitable[Any]]) -> None:
    """Wait until the brokers have everything.

    Who waits may be cancelled, as agents are when the worker ends; what is on its way is not. Awaited directly it would
    be, and Faust's callbacks can't take that: a traceback at the end of the worker.

    Raises:
        KafkaError: they don't have all of it.
    """
    futures = [asyncio.ensure_future(one) for one in sent]
    under_way = {one for one in futures if not one.done()}
    if under_way:
        await asyncio.wait(under_way)
    for one in futures:
        one.result()
