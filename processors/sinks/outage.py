"""An outage of a sink's target: one line when it begins, one when it ends, and pauses that grow between the tries."""

import time

import structlog

from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.cluster_metrics import SINK_OUTAGE, SINK_OUTAGES
from schemas.settings.sinks import SinkSettings


class Outage:
    """Whether the target can be used, and when it is tried again. `reason` is None while all is well."""

    def __init__(self, name: str, limits: SinkSettings) -> None:
        self._name = name
        self._limits = limits
        self._log = structlog.get_logger().bind(sink=name)
        self._began = 0.0
        self._tries = 0
        self._refused = False
        self._kind = ""
        self._next = 0.0
        self.reason: str | None = None
        SINK_OUTAGE.gauge().labels(name).set(0)

    def failed(self, kind: str, error: TargetUnavailableError, waiting: int) -> None:
        """A try of some kind of work failed."""
        refused = isinstance(error, TargetRefusedError)
        if self.reason is None or refused != self._refused:
            self._begin(error, waiting, refused=refused)
        self.reason = error.reason
        pause = (
            self._limits.refused_retry_s
            if refused
            else min(self._limits.retry_s * 2**self._tries, self._limits.retry_most_s)
        )
        self._kind = kind
        self._tries = min(self._tries + 1, 30)
        self._next = time.monotonic() + max(pause, error.retry_after_s or 0.0)

    def over(self, kind: str) -> None:
        """A try went well; only one of the kind that failed ends the outage."""
        if self.reason is None or kind != self._kind:
            return
        self._log.warning("target takes messages again", after_s=round(time.monotonic() - self._began, 1))
        self.reason = None
        self._tries = 0
        self._next = 0.0
        SINK_OUTAGE.gauge().labels(self._name).set(0)

    def pause_s(self) -> float:
        """How long nothing is to be tried."""
        return max(0.0, self._next - time.monotonic()) if self.reason else 0.0

    def _begin(self, error: TargetUnavailableError, waiting: int, *, refused: bool) -> None:
        kind = "refused" if refused else "away"
        if self.reason is None:
            self._began = time.monotonic()
        self._refused = refused
        SINK_OUTAGE.gauge().labels(self._name).set(2 if refused else 1)
        SINK_OUTAGES.counter().labels(self._name, kind).inc()
        self._log.error(
            "target refuses us: a person has to act"
            if refused
            else "target is out of reach; tried until it is back",
            reason=error.reason,
            waiting=waiting,
        )
