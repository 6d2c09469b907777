"""What a demonstration did, as one JSON object: for `--once` and the tests that run it."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from btswatch.demo.build import Made
from btswatch.demo.readiness import answering
from btswatch.ledger import ledger_of
from btswatch.settings import Settings
from dashboards.console.ledger_view import LedgerView
from schemas.status import Reading
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory
from stores.ledger import Ledger, closings, devices, history
from stores.registry.load import load

_SHOWN: Final = 10
_MOST: Final = 100_000


@dataclass(frozen=True)
class Seen:
    """What the running parts said of themselves: metric -> labels -> value."""

    ingest: Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]
    engine: Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]

    def total(self, metric: str) -> int:
        """Over all labels."""
        return int(sum(self.ingest.get(metric, {}).values()))

    def by(self, metric: str, label: str) -> dict[str, int]:
        """Summed by one label."""
        found: Counter[str] = Counter()
        for labels, value in self.ingest.get(metric, {}).items():
            found[dict(labels).get(label, "")] += int(value)
        return dict(sorted(found.items()))


async def ready(settings: Settings) -> None:
    """Returns when console and gateway take requests."""
    urls = [f"http://{part.host}:{part.port}/healthz" for part in (settings.gateway, settings.console)]
    async with httpx.AsyncClient(trust_env=False) as client:
        for url in urls:
            await answering(client, url)


async def seen(settings: Settings) -> Seen:
    """The parts' metrics now."""
    status = settings.status
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        ingest = await client.get(f"http://{status.host}:{status.ingest_port}/metrics")
        engine = await client.get(f"http://{status.host}:{status.engine_port}/metrics")
    return Seen(_metrics(ingest.text), _metrics(engine.text))


def summary(made: Made, directory: DataDirectory, found: Seen) -> dict[str, Any]:
    """What came in and what came of it, read after all parts have stopped."""
    settings = made.settings
    calendar = LocalCalendar(settings.zone)
    ledger = ledger_of(settings, directory)
    ledger.open()
    try:
        view = LedgerView(
            ledger,
            load(settings.registry, zone=settings.zone),
            calendar,
            lambda: time.time_ns() // 1_000_000,
        )
        told = _of_ledger(made, view, ledger, calendar)
    finally:
        ledger.close()
    events = {
        "poll": found.total("btswatch_poll_events_total"),
        "gateway": sum(
            int(value)
            for labels, value in found.ingest.get("btswatch_events_accepted_total", {}).items()
            if dict(labels).get("entrance") == "gateway"
        ),
        "traps": found.total("btswatch_traps_received_total"),
    }
    return {
        "demo": {
            "stations": made.record.stations,
            "days": made.record.days,
            "seed": made.record.seed,
            "data": str(settings.data.resolve()),
        },
        "events": events,
        "polls": found.by("btswatch_polls_total", "outcome"),
        "traps_decoded": found.by("btswatch_traps_decoded_total", "outcome"),
        **told,
        "errors": [
            f"nothing arrived at the entrance {name}" for name, number in events.items() if not number
        ],
    }


def _of_ledger(made: Made, view: LedgerView, ledger: Ledger, calendar: LocalCalendar) -> dict[str, Any]:
    now = view.now_ms()
    today = calendar.day_of(now)
    states = view.elements().elements
    figures = view.today()
    down = [one for one in states if one.state is Reading.DOWN]
    with ledger.reading() as connection:
        closed = closings.complete(connection, today - timedelta(days=400), today)
        transitions = len(history.latest_transitions(connection, made.record.live_from, _MOST))
        agents = Counter(one.outcome for one in devices.devices(connection))
    return {
        "states": dict(Counter(one.state.name.lower() for one in states)),
        "agents": dict(agents),
        "transitions": transitions,
        "open_outages": [
            {"element": one.element.id, "since": calendar.format(one.since_ms or now), "cause": one.cause}
            for one in down[:_SHOWN]
        ],
        "feeds": [
            {
                "enterprise": feed.enterprise,
                "accepted": feed.accepted,
                "refused": feed.refused,
                "silent": feed.silent_since_ms is not None,
            }
            for feed in view.feeds()
        ],
        "today": {"province": figures.province.figure.as_dict()}
        | {
            name: {
                "A": one.figure.as_dict()["ratios"]["A"],
                "coverage": one.figure.as_dict()["ratios"]["coverage"],
            }
            for name, one in sorted(figures.enterprises.items())
        },
        "closed_days": [one.day.isoformat() for one in closed],
    }


def _metrics(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found
