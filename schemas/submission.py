"""What a sender is told about an event that its own content keeps out: a code, and a line that says what to change.

Who sent it, whose element it is and the receiver's clock are judged by the receiver, not here.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.catalogue import CONTRACTS, event_contract
from schemas.refusal import Refusal

_TOLD: Final = 3
_SHOWN: Final = 60
_EVENT_TYPES: Final = tuple(f"btswatch.{one.id}" for one in CONTRACTS if one.group == "event")
_NOT_AN_OBJECT: Final = frozenset({"dict_type", "model_type", "model_attributes_type"})


def refusal_of(error: ValidationError) -> tuple[Refusal, str]:
    """The code and detail for a validation error of `schemas.events.SUBMITTED`; never a large echo of what was sent."""
    problems = error.errors(include_url=False)
    first = problems[0]
    kind = first["type"]
    if kind == "json_invalid":
        return Refusal.MALFORMED, f"not JSON: {first.get('ctx', {}).get('error', first['msg'])}"
    if not first["loc"] and kind in _NOT_AN_OBJECT:
        return Refusal.MALFORMED, "not an event: a JSON object is expected"
    if kind == "union_tag_not_found":
        return Refusal.INVALID, "type: missing; such as btswatch.status.v1"
    if kind == "union_tag_invalid":
        return Refusal.UNSUPPORTED_TYPE, _unsupported(str(first.get("ctx", {}).get("tag", "")))
    zoneless = [one for one in problems if one["type"] == "timezone_aware"]
    if len(zoneless) == len(problems):
        where = ", ".join(_path(one["loc"]) for one in zoneless[:_TOLD])
        return Refusal.TIME_WITHOUT_ZONE, f"{where}: has no time zone; write an offset such as Z or +07:00"
    told = [_told(one) for one in problems[:_TOLD]]
    if len(problems) > _TOLD:
        told.append(f"and {len(problems) - _TOLD} more")
    return Refusal.INVALID, "; ".join(told)


def _unsupported(tag: str) -> str:
    near = get_close_matches(tag, _EVENT_TYPES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_EVENT_TYPES)}"
    return f"type: {_shown(tag)} is not supported; {hint}"


def _told(details: ErrorDetails) -> str:
    kind, path = details["type"], _path(details["loc"])
    if kind == "missing":
        return f"{path}: missing"
    if kind == "extra_forbidden":
        near = get_close_matches(str(details["loc"][-1]), _siblings(details["loc"]), n=1)
        return f"{path}: unknown field" + (f"; did you mean {near[0]}?" if near else "")
    message = details["msg"].removeprefix("Value error, ").replace("Input should", "should")
    message = message.replace("String should", "should")
    if len(message) > 2 * _SHOWN:
        message = message[: 2 * _SHOWN] + "…"
    given = details["input"]
    if isinstance(given, str | int | float | bool) or given is None:
        return f"{path}: {message}, not {_shown(given)}"
    return f"{path}: {message}" if path else message


def _shown(given: str | float | None) -> str:
    # Of a huge number only its size: turning it into text may be refused by Python, and nobody wants to read it.
    if isinstance(given, int) and given.bit_length() > 200:
        return "a number of more than 60 digits"
    text = ascii(given) if given is None or isinstance(given, bool | float | int) else repr(given)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _path(loc: tuple[str | int, ...]) -> str:
    """Field path without the tag of the union; long or odd keys of the sender are shortened."""
    parts = [str(part) for part in loc if part != "[key]"]
    if parts and parts[0] in _EVENT_TYPES:
        parts = parts[1:]
    return ".".join(part if len(part) <= _SHOWN else part[:_SHOWN] + "…" for part in parts)


def _siblings(loc: tuple[str | int, ...]) -> list[str]:
    """The names allowed where an unknown field stood."""
    found = event_contract(str(loc[0])) if loc else None
    model = found.model if found else None
    for part in loc[1:-1]:
        field = next((f for n, f in _fields(model) if n == part), None)
        model = field if isinstance(field, type) and issubclass(field, BaseModel) else None
    return [name for name, _ in _fields(model)]


def _fields(model: type[BaseModel] | None) -> Iterator[tuple[str, Any]]:
    for name, field in (model.model_fields if model else {}).items():
        yield field.alias or name, field.annotation
