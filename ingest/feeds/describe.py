"""The OpenAPI document: what FastAPI can't know by itself, above all the bodies of events and every refusal."""

import json
from typing import Any, Final

from fastapi.openapi.constants import REF_TEMPLATE

from ingest.feeds.problems import MEANINGS, MEDIA_TYPE, Code, Problem
from schemas.events import SUBMITTED

DESCRIPTION: Final = (
    "Enterprises report the state of their base stations and links, announce work, and read their own figures. "
    "Events are CloudEvents 1.0 in JSON. Errors are problem documents (RFC 9457)."
)
_EVENT: Final = {
    "specversion": "1.0",
    "id": "2026-11-02-000001",
    "source": "vina/noc",
    "type": "btswatch.status.v1",
    "subject": "VN-LSN-0001",
    "time": "2026-11-02T05:00:57+07:00",
    "data": {"status": "down", "cause": "power"},
}
_HEARTBEAT: Final = {
    "specversion": "1.0",
    "id": "2026-11-02-000002",
    "source": "vina/noc",
    "type": "btswatch.heartbeat.v1",
    "subject": "vina",
    "time": "2026-11-02T05:01:00+07:00",
    "data": {},
}
_ONE: Final = {"$ref": "#/components/schemas/Event"}
_MANY: Final = {"type": "array", "items": _ONE}
EVENTS_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "gzip is taken as Content-Encoding; limits are on the decompressed body",
    "content": {
        "application/cloudevents+json": {"schema": _ONE, "examples": {"status": {"value": _EVENT}}},
        "application/cloudevents-batch+json": {
            "schema": _MANY,
            "examples": {"batch": {"value": [_EVENT, _HEARTBEAT]}},
        },
        "application/json": {"schema": {"oneOf": [_ONE, _MANY]}, "examples": {"status": {"value": _EVENT}}},
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "one event a line"},
            "examples": {"lines": {"value": "".join(json.dumps(e) + "\n" for e in (_EVENT, _HEARTBEAT))}},
        },
    },
}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these statuses."""
    return {status: _problem_answer(status) for status in statuses}


def _problem_answer(status: int) -> dict[str, Any]:
    codes = [code for code, meaning in MEANINGS.items() if meaning.status == status]
    answer: dict[str, Any] = {
        "description": "; ".join(f"`{code}`: {MEANINGS[code].title}" for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {str(code): {"value": _example(code)} for code in codes},
            }
        },
    }
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return answer


def _example(code: Code) -> dict[str, Any]:
    meaning = MEANINGS[code]
    return {
        "type": f"/docs#problem-{code}",
        "title": meaning.title,
        "status": meaning.status,
        "code": str(code),
        "detail": meaning.advice,
    }


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The generated document with events, problems and the security scheme in it."""
    components: dict[str, Any] = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    event = SUBMITTED.json_schema(ref_template=REF_TEMPLATE)
    schemas.update(event.pop("$defs", {}))
    schemas["Event"] = event
    schemas["Problem"] = Problem.model_json_schema(ref_template=REF_TEMPLATE)
    schemas.update(schemas["Problem"].pop("$defs", {}))
    # FastAPI describes its own validation errors, which are never answered here.
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "bw_<keyid>_<secret>",
            "description": "An API key of the enterprise, given by the Department",
        }
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            if path.startswith("/v1/"):
                operation["security"] = [{"key": []}]
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document
