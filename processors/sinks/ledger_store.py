"""Writes what messages say into the ledger, as the embedded engine would: all in the caller's one transaction.

Messages may come twice, late, and in another order than that of their engine times: what is older than what is
stored changes nothing, what is the same writes nothing, what is official stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from processors.sinks.ledger_feeds import save_feeds
from processors.sinks.ledger_messages import Gone, Item, Share, Transitions, as_of_ms, newest
from schemas.registry import Enterprise
from stores.ledger import feeds, figures, findings, history, positions, province_view
from stores.ledger.feeds import LateEvidence
from stores.ledger.figures import FINAL, DayFigure
from stores.ledger.findings import Finding
from stores.ledger.positions import ENGINE
from stores.ledger.province_view import ElementNow


def store(connection: Connection, items: Sequence[Item], enterprises: Mapping[str, Enterprise]) -> None:
    """Write what is new in the items, and how far the engine is."""
    # Other writers wait: what is read here holds until the transaction's end.
    engine_ms = max(
        (known for item in items if (known := as_of_ms(item)) is not None),
        default=0,
    )
    engine_ms = max(engine_ms, positions.saved_ms(connection, ENGINE))
    kept = newest(items)
    _states(connection, [one for one in kept if isinstance(one, ElementNow)], engine_ms)
    province_view.forget(connection, [one.element for one in kept if isinstance(one, Gone)])
    _transitions(connection, [one for one in kept if isinstance(one, Transitions)])
    _figures(connection, [one for one in kept if isinstance(one, DayFigure)])
    save_feeds(connection, [one for one in kept if isinstance(one, Share)], enterprises, engine_ms)
    feeds.save_late(connection, [one for one in kept if isinstance(one, LateEvidence)])
    _findings(connection, [one for one in kept if isinstance(one, Finding)])
    if engine_ms > positions.saved_ms(connection, ENGINE):
        offset = positions.position(connection, ENGINE)
        positions.save_position(connection, ENGINE, offset, engine_ms)


def _states(connection: Connection, said: Sequence[ElementNow], engine_ms: int) -> None:
    known = province_view.current_among(connection, [one.element for one in said])
    # Screens ask for what was written since they looked: this must not go back where a partition lags behind another.
    stamp = max(engine_ms, province_view.last_change_ms(connection)) if said else 0
    found = []
    for one in said:
        before = known.get(one.element)
        if before is None:
            found.append(replace(one, updated_ms=stamp))
        elif not _is_older(one.as_of_ms, before.as_of_ms):
            told = _told(one, before)
            if told != replace(before, updated_ms=told.updated_ms):
                found.append(replace(told, updated_ms=stamp))
    province_view.save_states(connection, found)


def _told(one: ElementNow, before: ElementNow) -> ElementNow:
    """A message without the state's start is about one that began before what its worker keeps."""
    unknown = one.since_ms == one.as_of_ms and one.status == before.status
    return replace(one, since_ms=min(one.since_ms, before.since_ms)) if unknown else one


def _is_older(as_of: int | None, known: int | None) -> bool:
    return as_of is not None and known is not None and as_of < known


def _transitions(connection: Connection, said: Sequence[Transitions]) -> None:
    keys = [(one.element, one.day) for one in said]
    final = figures.final_among(connection, keys)
    told = history.told_as_of(connection, keys)
    new = {
        key: one
        for key, one in zip(keys, said, strict=True)
        if key not in final and not _is_older(one.as_of_ms, told.get(key))
    }
    history.replace_transitions(connection, {key: one.found for key, one in new.items()})
    history.save_told(connection, {key: one.as_of_ms for key, one in new.items()})


def _figures(connection: Connection, said: Sequence[DayFigure]) -> None:
    known = figures.figures_among(connection, [(one.element, one.day) for one in said])
    new = []
    for one in said:
        before = known.get((one.element, one.day))
        if before is None or (
            before.state != FINAL
            and one.as_of_ms >= before.as_of_ms
            and replace(one, revision=before.revision) != before
        ):
            new.append(one)
    figures.save_provisional(connection, new)


def _findings(connection: Connection, said: Sequence[Finding]) -> None:
    known = findings.findings_as_of(connection, [one.key for one in said])
    new = [one for one in said if not _is_older(one.as_of_ms, known.get(one.key))]
    findings.save_findings(connection, new)
