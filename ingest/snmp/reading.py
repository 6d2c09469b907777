"""What one view of an answer says: the profile's assessment, with the rates of its counters."""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace

from ingest.snmp.assessment import Assessment, evaluate
from ingest.snmp.counters import AgentTime, Counter, Reading, rates
from ingest.snmp.devices import View
from ingest.snmp.engine import Value
from ingest.snmp.memory import Section
from ingest.snmp.requests import Evidence
from schemas.metrics import POLL_COUNTER_GAPS, POLL_UNREADABLE

Readings = MutableMapping[tuple[str, str], Reading]


def read_view(
    section: Section, view: View, evidence: Evidence, time: AgentTime | None, readings: Readings, rtt_s: float
) -> Assessment:
    """Assess one element; `readings` are the counters' last ones, which this one replaces."""
    partial = evidence.partial
    if section.rows_known and section.profile.select:
        # Only the elements' rows were read: numbers over all rows can't be told.
        partial |= {section.profile.select.table}
    found = evaluate(section.profile, evidence.scalars, evidence.tables, view.row, partial=partial)
    if found.problems:
        POLL_UNREADABLE.counter().labels(section.profile.name).inc(len(found.problems))
    metrics = {**found.metrics, "rtt_ms": round(rtt_s * 1000, 3)}
    if time is not None and section.counters:
        for key, now in _readings(section, view, evidence, time, found.rows):
            told = rates(readings.get(key), now)
            readings[key] = now
            metrics.update((metric, round(rate, 3)) for metric, rate in told.per_s.items())
            for gap in told.gaps.values():
                POLL_COUNTER_GAPS.counter().labels(gap.value).inc()
            if now.speed_bps and (busiest := _busiest(told.per_s)) is not None:
                metrics["utilisation"] = round(min(1.0, busiest / now.speed_bps), 6)
    return replace(found, metrics=metrics)


def _readings(
    section: Section, view: View, evidence: Evidence, time: AgentTime, rows: tuple[str, ...]
) -> Iterator[tuple[tuple[str, str], Reading]]:
    """The counters beside the tables, and those of the one row that is the element."""
    selected = section.profile.select.table if section.profile.select else None
    alone = {counter: asked.oid for counter, asked in section.counters if asked.table is None}
    values = _counts(alone, evidence.scalars)
    if values:
        yield (view.element, section.profile.name), Reading(time, values)
    if selected is None or len(rows) != 1:
        return
    row = evidence.tables.get(selected, {}).get(rows[0], {})
    of_row = {counter: asked for counter, asked in section.counters if asked.table == selected}
    values = _counts({counter: asked.oid for counter, asked in of_row.items()}, row)
    if not values:
        return
    asked = next(iter(of_row.values()))
    discontinuity = row.get(asked.discontinuity or "")
    speed = row.get(asked.speed or "")
    yield (
        (view.element, f"{section.profile.name}/{selected}"),
        Reading(
            time,
            values,
            rows[0],
            discontinuity if isinstance(discontinuity, int) else None,
            speed * asked.speed_scale if isinstance(speed, int | float) else None,
        ),
    )


def _counts(oids: Mapping[Counter, str], values: Mapping[str, Value]) -> dict[Counter, int]:
    found = ((counter, values.get(oid)) for counter, oid in oids.items())
    return {counter: value for counter, value in found if isinstance(value, int) and value >= 0}


def _busiest(per_s: Mapping[str, float]) -> float | None:
    return max((rate for metric, rate in per_s.items() if metric in {"in_bps", "out_bps"}), default=None)
