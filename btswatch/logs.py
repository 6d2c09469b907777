"""Logging: structlog to stderr, as text for people or JSON for machines."""

import logging
import os
import sys
from typing import TextIO, cast

import structlog

LEVEL = "BTSWATCH_LOG_LEVEL"
FORMAT = "BTSWATCH_LOG_FORMAT"


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
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
