"""Our own metrics from the parts' /metrics pages into the measurement `pipeline`."""

import threading
from collections.abc import Callable, Iterator
from typing import Final

import httpx
import structlog
from prometheus_client.parser import text_string_to_metric_families

from processors.sinks.influx.guard import RefusedSeriesError, SeriesGuard
from processors.sinks.influx.lines import UnwritableError, float_value, line
from schemas.cluster_metrics import INFLUX_SCRAPES, INFLUX_SKIPPED
from schemas.influx import bucket_of
from schemas.metric_spec import Spec
from schemas.metrics import every_spec
from schemas.settings.influx import InfluxSettings, ScrapeTarget
from stores.influx.errors import InfluxError
from stores.influx.writer import LineWriter

_LONGEST_BYTES: Final = 8 << 20
_TIMEOUT_S: Final = 5.0


def pipeline_lines(
    text: str, part: str, at_us: int, guard: SeriesGuard, skipped: Callable[[str], None]
) -> Iterator[str]:
    """The lines of a metrics page: our own metrics with their own labels, histograms by sum and count.

    `skipped` is told the reason of each sample that is refused.
    """
    known = _KNOWN
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            spec = known.get(sample.name)
            if spec is None or set(sample.labels) != set(spec.labels):
                continue
            tags = {"part": part, "name": sample.name, **{k: v for k, v in sample.labels.items() if v}}
            try:
                yield line(guard.metric(tags), f"value={float_value(sample.value)}", at_us)
            except RefusedSeriesError as error:
                skipped(error.code)
            except UnwritableError:
                skipped("unwritable")


def _known() -> dict[str, Spec]:
    return {
        name: spec
        for spec in every_spec()
        for name in ((f"{spec.name}_sum", f"{spec.name}_count") if spec.kind == "histogram" else (spec.name,))
    }


_KNOWN: Final = _known()


class Scraper:
    """Takes the metrics at a steady pace, in a thread of its own. What InfluxDB does not take at once is let go.

    Args:
        settings: which parts, how often.
        writer: used by this thread alone.
        guard: of this thread alone.
        now_ms: the clock.
    """

    def __init__(
        self, settings: InfluxSettings, writer: LineWriter, guard: SeriesGuard, now_ms: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._guard = guard
        self._now_ms = now_ms
        self._bucket = bucket_of("pipeline", settings.prefix)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._away: set[str] = set()

    def start(self) -> None:
        """Begin, where there is anything to take."""
        if self._settings.scrape and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="influx scraper", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after what is under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def scrape(self) -> None:
        """Take every part's metrics once."""
        step_ms = self._settings.scrape_s * 1000
        at_us = self._now_ms() // step_ms * step_ms * 1000
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            for target in self._settings.scrape:
                if not self._stop.is_set():
                    self._take(client, target, at_us)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.scrape()
            step_s = self._settings.scrape_s
            self._stop.wait(step_s - self._now_ms() / 1000 % step_s)

    def _take(self, client: httpx.Client, target: ScrapeTarget, at_us: int) -> None:
        outcome = "ok"
        try:
            lines = list(
                pipeline_lines(self._page(client, target), target.part, at_us, self._guard, self._skipped)
            )
            self._writer.write(self._bucket, lines)
        except (httpx.HTTPError, ValueError) as error:
            outcome = "away"
            if target.part not in self._away:
                structlog.get_logger().warning(
                    "metrics can't be taken; tried on", part=target.part, url=target.url, error=str(error)
                )
        except InfluxError:
            # The sink itself says that the server is away: once is enough.
            outcome = "lost"
        (self._away.add if outcome == "away" else self._away.discard)(target.part)
        INFLUX_SCRAPES.counter().labels(target.part, outcome).inc()

    def _page(self, client: httpx.Client, target: ScrapeTarget) -> str:
        with client.stream("GET", target.url) as answer:
            answer.raise_for_status()
            content = b""
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _LONGEST_BYTES:
                    raise ValueError(f"more than {_LONGEST_BYTES} bytes")
        return content.decode("utf-8", "replace")

    def _skipped(self, code: str) -> None:
        INFLUX_SKIPPED.counter().labels(code).inc()
