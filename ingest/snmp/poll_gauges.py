"""What the poller shows of itself once a second."""

from ingest.snmp.planning import Schedule
from schemas.metrics import POLL_LOOP_LAG_SECONDS, POLLS_BACKLOG, POLLS_IN_FLIGHT, POLLS_SKIPPED


class PollGauges:
    """Lag, polls in flight, backlog, and turns that were skipped."""

    def __init__(self) -> None:
        self._worst_lag_s = 0.0
        self._skipped = 0
        self._told_s = 0

    def pulse(self, lag_s: float) -> None:
        """How late the loop was just now."""
        self._worst_lag_s = max(self._worst_lag_s, lag_s)

    def tell(self, second: int, schedule: Schedule, plan_ms: int) -> None:
        """Set the gauges, where another second has begun."""
        if second == self._told_s:
            return
        self._told_s = second
        POLL_LOOP_LAG_SECONDS.gauge().set(self._worst_lag_s)
        self._worst_lag_s = 0.0
        POLLS_IN_FLIGHT.gauge().set(schedule.in_flight())
        POLLS_BACKLOG.gauge().set(schedule.backlog(plan_ms))
        POLLS_SKIPPED.counter().inc(schedule.tally.skipped - self._skipped)
        self._skipped = schedule.tally.skipped
