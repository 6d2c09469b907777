"""The HTTP gateway for enterprises: `create_gateway` puts its parts together."""

from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from ingest.feeds import problems
from ingest.feeds.auth import Authenticator, Caller
from ingest.feeds.deps import GatewayDeps
from ingest.feeds.describe import DESCRIPTION, complete
from ingest.feeds.docs_page import docs_page
from ingest.feeds.intake import Intake
from ingest.feeds.limits import Places, RateLimits
from ingest.feeds.observe import Observed
from ingest.feeds.problems import Code, ProblemError
from ingest.feeds.routes import event_routes, own_routes, service_routes

__all__ = ["GatewayDeps", "create_gateway"]

# Nothing is loaded from anywhere, and nothing runs.
_DOCS_POLICY: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def create_gateway(deps: GatewayDeps) -> FastAPI:
    """The application, ready to be served. Making it starts nothing."""
    settings = deps.settings
    limits, places = RateLimits(settings), Places(settings)
    authenticator = Authenticator(
        deps.keys, limits, now_ms=deps.now_ms, refresh_ms=int(settings.key_refresh_s * 1000)
    )
    intake = Intake(
        deps.writer,
        deps.registry,
        deps.calendar,
        settings,
        limits,
        deps.now_ms,
        deps.new_receipt,
        deps.origin,
        deps.head,
        deps.indicators,
        deps.copies,
    )

    async def caller_of(request: Request) -> Caller:
        address = request.client.host if request.client else "unknown"
        caller = await authenticator.caller(request.headers.get("authorization"), address)
        limits.count_request(caller.key_id)
        return caller

    app = FastAPI(
        title="btswatch gateway",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
        # The default handlers would answer in another form than problem documents.
        exception_handlers={
            ProblemError: problems.answer,
            HTTPException: _http_problem,
            RequestValidationError: _parameter_problem,
        },
    )
    app.add_middleware(Observed)
    app.include_router(event_routes(deps, intake, places, caller_of))
    app.include_router(own_routes(deps, caller_of))
    app.include_router(service_routes(deps))
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """The OpenAPI document and its page."""
    generated = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(generated())
        return app.openapi_schema

    # FastAPI's documented way of extending the document.
    app.openapi = described  # type: ignore[method-assign] # see above

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()), headers=_DOCS_POLICY)


async def _http_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}.get(error.status_code)
    if code is None:
        structlog.get_logger().error("unforeseen status", status=error.status_code, detail=error.detail)
        return ProblemError(Code.INTERNAL, str(error.detail)).response()
    response = ProblemError(code, str(error.detail)).response()
    response.headers.update(error.headers or {})
    return response


async def _parameter_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return ProblemError(Code.INVALID, f"{where}: {first['msg']}").response()
