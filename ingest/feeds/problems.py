"""Problem documents (RFC 9457): every answer of the gateway that is not a success."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from schemas.metrics import GATEWAY_PROBLEMS

MEDIA_TYPE: Final = "application/problem+json"
_LINGER_S: Final = 2.0
_LINGER_BYTES: Final = 16 << 20


class Code(StrEnum):
    """What went wrong with a whole request. The codes of single events are `schemas.refusal.Refusal`."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TIMEOUT = "body_timeout"
    BODY_CUT = "body_cut"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    KEYS_UNAVAILABLE = "keys_unavailable"
    FIGURES_UNAVAILABLE = "figures_unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Status and title of a code, and what the sender can do."""

    status: int
    title: str
    advice: str


MEANINGS: Final[dict[Code, Meaning]] = {
    Code.MALFORMED: Meaning(400, "The body can't be read", "Send JSON as RFC 8259 has it, whole."),
    Code.INVALID: Meaning(400, "A parameter is wrong", "Correct the parameter that `detail` names."),
    Code.TOO_LARGE: Meaning(413, "The body is too large", "Send smaller batches, or an NDJSON stream."),
    Code.UNSUPPORTED_MEDIA_TYPE: Meaning(
        415,
        "The body's type or encoding is not taken here",
        "Use a Content-Type from the list, gzip or no encoding.",
    ),
    Code.UNAUTHORIZED: Meaning(
        401, "A valid key is needed", "Send `Authorization: Bearer bw_...`; ask for a new key."
    ),
    Code.NOT_FOUND: Meaning(
        404, "There is nothing here", "Check the address; receipts are found by their owner only."
    ),
    Code.METHOD_NOT_ALLOWED: Meaning(
        405, "This address doesn't take that method", "See the paths on this page."
    ),
    Code.BODY_TIMEOUT: Meaning(
        408, "The body came too slowly", "Send it again; repeated events are recognised."
    ),
    Code.BODY_CUT: Meaning(400, "The body ended early", "Send it again; repeated events are recognised."),
    Code.RATE_LIMITED: Meaning(429, "Too much in too short a time", "Wait for the seconds in Retry-After."),
    Code.BUSY: Meaning(503, "All places are taken", "Wait for the seconds in Retry-After, then send again."),
    Code.JOURNAL_UNAVAILABLE: Meaning(
        503, "Events can't be stored now", "Keep them and send again after Retry-After."
    ),
    Code.KEYS_UNAVAILABLE: Meaning(503, "Keys can't be checked now", "Keep the events and send again later."),
    Code.FIGURES_UNAVAILABLE: Meaning(
        503, "Figures can't be read now", "Ask again later; events are still taken."
    ),
    Code.INTERNAL: Meaning(500, "A fault of ours", "Keep the events and send again later."),
}


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="where the code is explained", examples=["/docs#problem-malformed"])
    title: str
    status: int
    code: Code
    detail: str


class _Lingering(JSONResponse):
    """An answer given before the body was read, on a connection that is then closed.

    Closing at once would make the system throw the answer away together with what the sender still sends. So the
    answer goes out whole, and some of the rest is read and dropped before the end.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's form
        """Send, linger, end."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        dropped = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while dropped < _LINGER_BYTES:
                    message = await receive()
                    dropped += len(message.get("body", b""))
                    if not message.get("more_body"):
                        break
        await send({"type": "http.response.body", "body": b""})


@dataclass(eq=False)
class ProblemError(Exception):
    """Ends a request with a problem document.

    Attributes:
        code: gives status and title.
        detail: what was wrong this time.
        retry_after_s: sent as Retry-After where given.
        close: whether the connection is closed, because an unread body is still on it.
        extra: further members, such as the receipt of what was stored before the fault.
        kept: the body it refuses, as far as it was read, for the list of refused events.
    """

    code: Code
    detail: str
    retry_after_s: int | None = None
    close: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    kept: bytes = b""

    def document(self) -> dict[str, Any]:
        """The members of the answer."""
        meaning = MEANINGS[self.code]
        return {
            "type": f"/docs#problem-{self.code}",
            "title": meaning.title,
            "status": meaning.status,
            "code": str(self.code),
            "detail": self.detail,
            **self.extra,
        }

    def response(self) -> JSONResponse:
        """The answer; it is counted here, so that none escapes the counter."""
        headers: dict[str, str] = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.code is Code.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="btswatch"'
        if self.close:
            headers["Connection"] = "close"
        GATEWAY_PROBLEMS.counter().labels(self.code).inc()
        kind = _Lingering if self.close else JSONResponse
        return kind(self.document(), MEANINGS[self.code].status, headers, MEDIA_TYPE)


async def answer(_request: Request, problem: Exception) -> JSONResponse:
    """The exception handler for `ProblemError`."""
    assert isinstance(problem, ProblemError)
    return problem.response()
