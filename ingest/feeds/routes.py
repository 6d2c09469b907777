"""The routes under /v1 and the service's own, each group as a router."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ingest.feeds.auth import Caller
from ingest.feeds.body import chunks
from ingest.feeds.deps import GatewayDeps
from ingest.feeds.describe import EVENTS_BODY, problem_answers
from ingest.feeds.elements import OwnElements, own_elements
from ingest.feeds.figures import FiguresUnavailableError
from ingest.feeds.intake import Intake
from ingest.feeds.limits import Places
from ingest.feeds.problems import Code, ProblemError
from ingest.feeds.readiness import Readiness, unready
from ingest.feeds.receipts import Receipt
from schemas.figure_record import FigureRecord
from stores.journal import JournalError

LONGEST_SPAN_DAYS: Final = 366
_DEFAULT_SPAN_DAYS: Final = 7

CallerOf = Callable[[Request], Awaitable[Caller]]


def event_routes(deps: GatewayDeps, intake: Intake, places: Places, caller_of: CallerOf) -> APIRouter:
    """Sending events, and their receipts."""
    router, known_caller = APIRouter(prefix="/v1", tags=["events"]), Depends(caller_of)

    @router.post(
        "/events",
        status_code=202,
        response_model=Receipt,
        summary="Send events",
        openapi_extra={"requestBody": EVENTS_BODY},
        responses=problem_answers(400, 401, 408, 413, 415, 429, 503),
    )
    async def push(request: Request, caller: Annotated[Caller, known_caller]) -> Response:
        """One event, a batch, or an NDJSON stream. 202 with the receipt once everything good is on disk.

        A bad event never takes its neighbours with it: it is listed in `rejected`. Sending the same again is
        harmless: what is here already is counted in `duplicates`.
        """
        with places.place(caller.key_id):
            receipt = await intake.take(caller, chunks(request, deps.settings))
        return Response(receipt.model_dump_json(), 202, media_type="application/json")

    @router.get(
        "/receipts/{receipt}",
        response_model=Receipt,
        summary="A receipt again",
        responses=problem_answers(401, 404, 429, 503),
    )
    async def receipt_again(receipt: str, caller: Annotated[Caller, known_caller]) -> Response:
        """The receipt as it was first given; own ones only."""
        try:
            found = await asyncio.to_thread(deps.journal.receipt, receipt, caller.enterprise)
        except JournalError as error:
            raise ProblemError(Code.JOURNAL_UNAVAILABLE, "receipts can't be read", retry_after_s=5) from error
        if found is None:
            raise ProblemError(Code.NOT_FOUND, "no receipt of yours has this id")
        return Response(found, media_type="application/json")

    return router


def own_routes(deps: GatewayDeps, caller_of: CallerOf) -> APIRouter:
    """What an enterprise reads of itself."""
    router, known_caller = APIRouter(prefix="/v1", tags=["own data"]), Depends(caller_of)

    @router.get(
        "/elements",
        summary="Own stations and links",
        responses=problem_answers(401, 429, 503),
    )
    async def elements(caller: Annotated[Caller, known_caller]) -> OwnElements:
        """The registry rows in force today."""
        today = deps.calendar.day_of(deps.now_ms())
        return await asyncio.to_thread(own_elements, deps.registry(), caller.enterprise, today)

    @router.get(
        "/figures",
        summary="Own availability figures",
        responses=problem_answers(400, 401, 429, 503),
    )
    async def own_figures(
        caller: Annotated[Caller, known_caller],
        first: Annotated[date | None, Query(alias="from", description="first local day")] = None,
        until: Annotated[date | None, Query(alias="to", description="the local day after the last")] = None,
        element: Annotated[str | None, Query(max_length=200, description="one element only")] = None,
    ) -> list[FigureRecord]:
        """Day figures for the local days `[from, to)`, the latest revision of each; the last seven days by default."""
        end = until or deps.calendar.day_of(deps.now_ms()) + timedelta(days=1)
        start = first or end - timedelta(days=_DEFAULT_SPAN_DAYS)
        if not 0 < (end - start).days <= LONGEST_SPAN_DAYS:
            raise ProblemError(
                Code.INVALID, f"`from` must be before `to`, by at most {LONGEST_SPAN_DAYS} days"
            )
        try:
            return list(
                await asyncio.to_thread(
                    deps.figures.figures, caller.enterprise, first=start, until=end, element=element
                )
            )
        except FiguresUnavailableError as error:
            raise ProblemError(Code.FIGURES_UNAVAILABLE, str(error), retry_after_s=60) from error

    return router


def service_routes(deps: GatewayDeps) -> APIRouter:
    """For the operator and the supervisor; no key needed."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz", summary="Is the process alive?")
    async def healthz() -> dict[str, str]:
        """Always `ok` while the process answers."""
        return {"status": "ok"}

    @router.get(
        "/readyz",
        response_model=Readiness,
        summary="Can events be taken?",
        responses={503: {"model": Readiness, "description": "Not now; the reasons say why"}},
    )
    async def readyz() -> JSONResponse:
        """200 while the journal takes events and keys can be checked, else 503 with the reasons."""
        reasons = await unready(deps.writer, deps.journal, deps.keys)
        answer = Readiness(ready=not reasons, reasons=reasons)
        return JSONResponse(answer.model_dump(), 200 if answer.ready else 503)

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        """The process's metrics in Prometheus' text form."""
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router
