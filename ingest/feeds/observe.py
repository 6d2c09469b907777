"""Outermost layer: counts and times requests, and turns a fault of ours into a problem document."""

import asyncio
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.feeds.problems import Code, ProblemError
from schemas.metrics import GATEWAY_REQUESTS, GATEWAY_SECONDS


class Observed:
    """ASGI middleware. Routes are labelled by their template, so that addresses can't make new series."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, sending)
        except asyncio.CancelledError:
            raise
        except Exception:
            structlog.get_logger().exception("request failed", path=scope["path"])
            if status:
                raise
            problem = ProblemError(Code.INTERNAL, "the fault is in our log", close=True)
            await problem.response()(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            GATEWAY_REQUESTS.counter().labels(route, f"{status // 100}xx").inc()
            GATEWAY_SECONDS.histogram().labels(route).observe(time.perf_counter() - began)
