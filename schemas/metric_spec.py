"""What a metric is: its name, kind, labels, and a line for the operator."""

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

    @property
    def kind(self) -> str:
        """What Prometheus calls it: counters end in `_total`, histograms have buckets."""
        if self.buckets:
            return "histogram"
        return "counter" if self.name.endswith("_total") else "gauge"

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
