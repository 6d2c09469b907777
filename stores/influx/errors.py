"""What the server's answers mean: when to try again, when a person has to act, which lines are at fault."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from json import JSONDecodeError, loads
from typing import Final

_LONGEST_WORDS: Final = 500
# InfluxDB 2.7 answers so with 500 where a token may not write tasks: its permission check's one text, wrapped as if it were
# an error of its own. Real ones end in other words.
_TASKS_NOT_ALLOWED: Final = re.compile("failed to (create|update|delete) task: unauthorized")
_ASKS_A_PERSON: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class InfluxError(Exception):
    """The server can't be used as asked. `reason` is for logs and readiness."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InfluxUnavailableError(InfluxError):
    """It is away or overloaded: the same is tried again later. `retry_after_s` is what it asked for."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class InfluxRefusedError(InfluxError):
    """It answers and refuses us (token, organisation, bucket, schema): trying again changes nothing."""


class InfluxBadLinesError(InfluxError):
    """Something in what was sent can't be taken: then nothing of it was stored (400), or all the rest was (422)."""


class InfluxTooLargeError(InfluxError):
    """The request is larger than the server takes."""


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> InfluxError:
    """The error that an answer other than 2xx stands for."""
    reason = f"InfluxDB answers {status}: {words_of(body)}"
    if status in _ASKS_A_PERSON:
        return InfluxRefusedError(reason)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _TASKS_NOT_ALLOWED.fullmatch(words_of(body)):
        return InfluxRefusedError(f"{reason}: influx.token may not write tasks")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return InfluxTooLargeError(reason)
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        return InfluxBadLinesError(reason)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return InfluxUnavailableError(reason, retry_after_s(headers))
    return InfluxRefusedError(reason)


def words_of(body: bytes) -> str:
    """What the answer says, in one line and not longer than a log wants."""
    text = body.decode("utf-8", "replace")
    with suppress(JSONDecodeError, AttributeError):
        text = str(loads(text).get("message") or text)
    return " ".join(text.split())[:_LONGEST_WORDS]


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, also where it is a date; None where it is absent or can't be read."""
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    if found is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(found))
    with suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(found) - datetime.now(UTC)).total_seconds())
    return None
