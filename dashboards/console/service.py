"""The console as a service: started and stopped by its owner, on one port, with its probes and metrics."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from nicegui import ui
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dashboards.console.frame import STATIC, STATIC_URL
from dashboards.console.live import Bell, Live
from dashboards.console.pages import Pages
from dashboards.console.view import ProvinceView
from schemas.settings.console import ConsoleSettings

_LOG = structlog.get_logger()
_RECONNECT_S = 10.0


class ConsoleNotStartedError(Exception):
    """The server ended before it listened; its own log says why."""


class Console:
    """The web console. One per process and started once, since NiceGUI's routes are the process's own.

    Args:
        view: where the figures come from.
        bell: an open doorbell that the engine rings after each commit to the ledger.
        settings: host, port and pace.
        now_ms: the clock.
        simulated: mark all pages as a demonstration's.
    """

    def __init__(
        self,
        view: ProvinceView,
        bell: Bell,
        settings: ConsoleSettings,
        now_ms: Callable[[], int],
        *,
        simulated: bool = False,
    ) -> None:
        self._view = view
        self._settings = settings
        self._live = Live(view, bell, settings, now_ms)
        self._pages = Pages(self._live, settings, now_ms, simulated=simulated)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        """The TCP port that is listened on; the asked one before the start."""
        return int(self._socket.getsockname()[1]) if self._socket else self._settings.port

    async def start(self) -> None:
        """Bind, serve, and follow the ledger. Returns when the port answers.

        Raises:
            OSError: the address can't be bound.
            ConsoleNotStartedError: the server ended while starting.
        """
        self._socket = _bind(self._settings.host, self._settings.port)
        app = self._app()
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="wsproto", lifespan="on")
        server = self._server = _Server(config)
        self._serving = asyncio.create_task(server.serve(sockets=[self._socket]), name="console-http")
        listening = asyncio.create_task(server.listening.wait())
        await asyncio.wait({self._serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            listening.cancel()
            server.give_up_port()
            self._socket.close()
            raise ConsoleNotStartedError(f"no console at {self._settings.host}:{self._settings.port}")
        self._live.start()
        _LOG.info("console listens", host=self._settings.host, port=self.port)

    async def stop(self, deadline_s: float) -> None:
        """Close the port and all pages; what is still open after `deadline_s` seconds is dropped."""
        await self._live.stop()
        if self._server is None or self._serving is None:
            return
        self._server.config.timeout_graceful_shutdown = max(0, int(deadline_s * 0.7))
        self._server.should_exit = True
        done, _ = await asyncio.wait({self._serving}, timeout=deadline_s)
        if not done:
            _LOG.warning("console did not drain", deadline_s=deadline_s)
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
        self._server.give_up_port()
        self._server = self._serving = None
        if self._socket is not None:
            self._socket.close()

    def _app(self) -> FastAPI:
        app = FastAPI(title="btswatch console", docs_url=None, redoc_url=None, openapi_url=None)
        app.get("/healthz", response_class=PlainTextResponse)(_alive)
        app.get("/readyz", response_class=PlainTextResponse)(self._ready)
        app.get("/metrics")(_metrics)
        app.mount(STATIC_URL, StaticFiles(directory=STATIC))
        self._pages.register()
        ui.run_with(
            app,
            title="btswatch",
            favicon=STATIC / "favicon.svg",
            # No binding is used, and no utility classes: neither loop nor stylesheet is wanted.
            binding_refresh_interval=None,
            tailwind=False,
            reconnect_timeout=_RECONNECT_S,
            message_history_length=100,
            show_welcome_message=False,
        )
        return app

    async def _ready(self, response: Response) -> str:
        try:
            await asyncio.to_thread(self._view.history_progress)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer to the probe is no
            response.status_code = 503
            return f"ledger: {type(error).__name__}\n"
        return "ready\n"


async def _alive() -> str:
    return "alive\n"


async def _metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from error
    except BaseException:
        bound.close()
        raise
    return bound


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals to its owner."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    def give_up_port(self) -> None:
        """Listen no more. uvicorn does so by itself only where it may end by itself, not where it is cancelled."""
        for one in getattr(self, "servers", ()):
            one.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
