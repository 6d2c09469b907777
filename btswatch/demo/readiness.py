"""Waiting for a part of the product to answer."""

import asyncio
from typing import Final

import httpx

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0


async def answering(client: httpx.AsyncClient, url: str) -> None:
    """Returns when the URL answers with success; ask in a timeout."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            if (await client.get(url)).is_success:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
