"""Rows of days that were made again, held against those of the ledger: official ones are never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from processors.rebuild_refusals import OfficialChangeError, RestatedLostError
from processors.told import Word
from processors.word_of_a_day import save_word
from stores.ledger import figures, history, restatements
from stores.ledger.figures import FINAL, DayFigure


@dataclass(frozen=True, slots=True)
class Remade:
    """What the archive gives of one element's closed day."""

    word: Word
    figure: DayFigure
    changes: list[history.Transition]


def save_official(connection: Connection, day: date, made: Sequence[Remade]) -> int:
    """Write the day's rows that are absent; how many.

    Raises:
        OfficialChangeError: the ledger holds other official rows.
        RestatedLostError: a row is absent that only a person's restatement gave.
    """
    names = [one.figure.element for one in made]
    stored = {row.element: row for row in figures.figures_of_day(connection, day, names)}
    official = {element for element, row in stored.items() if row.state == FINAL}
    restated = {one.element for one in restatements.between(connection, day, day + timedelta(days=1))}
    # What a person restated stands, whatever the archive says.
    ours = [one for one in made if one.figure.element not in restated]
    lost = sorted(restated.intersection(names) - official)
    if lost:
        raise RestatedLostError(day, lost)
    known = [one.figure for one in ours if one.figure.element in official]
    changed = [one.element for one in known if not _same(stored[one.element], one)]
    if changed:
        raise OfficialChangeError(day, changed)
    absent = [one.figure for one in ours if one.figure.element not in official]
    figures.save_final(connection, absent)
    history.replace_transitions(connection, {(one.figure.element, day): one.changes for one in ours})
    save_word(connection, day, [one.word for one in ours])
    return len(absent)


def save_open(
    connection: Connection,
    rows: Sequence[DayFigure],
    changes: Mapping[tuple[str, date], Sequence[history.Transition]],
) -> int:
    """Write open days' rows that are absent or were counted less far; how many."""
    keys = [(one.element, one.day) for one in rows]
    stored = figures.figures_among(connection, keys)
    new = []
    for key, one in zip(keys, rows, strict=True):
        before = stored.get(key)
        if before is None or (before.state != FINAL and before.to_ms < one.to_ms):
            new.append(one)
    figures.save_provisional(connection, new)
    history.replace_transitions(
        connection, {(one.element, one.day): changes.get((one.element, one.day), ()) for one in new}
    )
    return len(new)


def _same(stored: DayFigure, made: DayFigure) -> bool:
    """Whether it is the same official figure; when it was made, how often, and by which registry's digest may differ."""
    return stored == replace(
        made,
        closed_at_ms=stored.closed_at_ms,
        revision=stored.revision,
        registry_digest=stored.registry_digest,
        rules_digest=stored.rules_digest,
    )
