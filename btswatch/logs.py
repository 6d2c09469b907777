"""Logging: structlog to stderr, as text for people or JSON for machines."""

import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TextIO, cast

import structlog

LEVEL = "BTSWATCH_LOG_LEVEL"
FORMAT = "BTSWATCH_LOG_FORMAT"
_AGAIN_S: Final = 60.0
_KNOWN_AT_MOST: Final = 1_000
_NUMBER: Final = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")


class _CurrentStderr:
    """Standard error as it is when a line is written: whoever redirects it later is heeded."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure() -> None:
    """Set the process's logging up from the environment; without a format text on a terminal and JSON elsewhere."""
    wanted = os.environ.get(FORMAT)
    text = wanted == "text" or (wanted != "json" and sys.stderr.isatty())
    level = logging.getLevelNamesMapping().get(os.environ.get(LEVEL, "INFO").upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *(
                [
                    structlog.dev.ConsoleRenderer(
                        colors=sys.stderr.isatty(),
                        # The richer one takes seconds and prints local variables: secrets too.
                        exception_formatter=structlog.dev.plain_traceback,
                    )
                ]
                if text
                else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _CurrentStderr())),
        cache_logger_on_first_use=True,
    )
    if level > logging.DEBUG:
        # It tells every try to connect; what an outage means is told by us, once.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(cast("TextIO", _CurrentStderr()))
    handler.addFilter(SeldomAgain())
    handler.setFormatter(
        logging.Formatter("%(levelname)s %(name)s %(message)s") if text else LibrariesAsJson()
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class SeldomAgain(logging.Filter):
    """Lets a library say the same, with whatever numbers in it, once a minute; the next one tells how often it was said.

    Clients of brokers that are away say it fifty times a second, for as long as the outage takes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written."""
        now, what = self._clock(), (record.name, _NUMBER.sub("0", record.getMessage()))
        last, more = self._said.get(what, (None, 0))
        if last is not None and now - last < _AGAIN_S:
            self._said[what] = last, more + 1
            return False
        if len(self._said) >= _KNOWN_AT_MOST:
            self._said = {one: told for one, told in self._said.items() if now - told[0] < _AGAIN_S}
            if len(self._said) >= _KNOWN_AT_MOST:
                self._said.clear()
        self._said[what] = now, 0
        if more:
            record.msg, record.args = f"{record.getMessage()} ({more} more like it before)", ()
        return True


class LibrariesAsJson(logging.Formatter):
    """What libraries say, in the form of our own lines."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {
            "logger": record.name,
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
