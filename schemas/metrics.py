"""Every metric the product exports: its name, kind, labels, and what it tells the operator.

One typed registry: code asks for a metric by its `Spec`, so a name can't be misspelt or invented elsewhere.
The reference page docs/reference/metrics.md is generated from here.
"""

from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter, Gauge, Histogram


@dataclass(frozen=True)
class Spec:
    """A metric's contract: `help` is a line for the operator, `labels` come from bounded sets only."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def counter(self) -> Counter:
        """The process's counter of this name."""
        return _counter(self)

    def gauge(self) -> Gauge:
        """The process's gauge of this name."""
        return _gauge(self)

    def histogram(self) -> Histogram:
        """The process's histogram of this name."""
        return _histogram(self)


@cache
def _counter(spec: Spec) -> Counter:
    return Counter(spec.name, spec.help, spec.labels)


@cache
def _gauge(spec: Spec) -> Gauge:
    return Gauge(spec.name, spec.help, spec.labels)


@cache
def _histogram(spec: Spec) -> Histogram:
    return Histogram(spec.name, spec.help, spec.labels, buckets=spec.buckets or Histogram.DEFAULT_BUCKETS)


# Journal
JOURNAL_APPENDED = Spec(
    "btswatch_journal_appended_total", "Entries made durable; if it stands still, nothing arrives.", ("kind",)
)

# Gateway
EVENTS_ACCEPTED = Spec(
    "btswatch_events_accepted_total", "Events accepted at an entrance.", ("entrance", "reporter", "type")
)
EVENTS_REFUSED = Spec(
    "btswatch_events_refused_total",
    "Events refused, by code; a jump after a sender's change means its format broke.",
    ("entrance", "code"),
)
