"""A closed day's official points: from what the ledger holds, or from what was made again from the archive."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from processors.sinks.influx.decided import Counted
from processors.sinks.influx.guard import RefusedSeriesError
from processors.sinks.influx.points import PointMaker
from schemas.cluster_metrics import INFLUX_SKIPPED
from schemas.influx import bucket_of
from schemas.registry import Kind
from schemas.settings.influx import InfluxSettings
from stores.influx.reading import PointReader
from stores.ledger.decisions import Decided
from stores.ledger.enterprise_word import DeclaredTime, declared_time
from stores.ledger.figures import DayFigure
from stores.ledger.history import Transition

REPLACED: Final = ("state", "availability", "figure", "decision", "scope", "reconciliation", "dark")
"""The measurements of which a closing replaces the whole local day."""


def official_lines(
    maker: PointMaker,
    day: date,
    figures: Sequence[DayFigure],
    changes: Mapping[str, Sequence[Transition]],
    word: Mapping[tuple[str, str], DeclaredTime],
    decided: Mapping[str, Decided],
) -> Iterator[tuple[str, str]]:
    """The lines of a closed day, each with its measurement; figures of elements that the registry lost are left out.

    `figures` are the ledger's rows, restated where they were; `decided` is what was decided about them, by element. What
    objections move is in the seconds of days. Changes, hours, declared against measured and communes tell what was read.
    """
    lost = 0
    counted = [
        Counted(one, decided[one.element]) if one.element in decided else Counted(one) for one in figures
    ]
    for each in counted:
        one = each.official
        try:
            yield from (("state", line) for line in maker.day_start(one))
            lines = maker.changes(one.element, day, changes.get(one.element, ()))
            yield from (("state", line) for line in lines.values())
            yield "figure", maker.counted(each)
            yield from (("availability", line) for line in maker.hours(one))
            yield from (("decision", line) for line in maker.decisions(each))
        except RefusedSeriesError as error:
            lost += 1
            INFLUX_SKIPPED.counter().labels(error.code).inc()
            structlog.get_logger().warning(
                "figure not written to InfluxDB", day=str(day), reason=error.detail
            )
    yield from maker.scopes(day, counted, word)
    yield from (("dark", line) for line in maker.dark(day, figures))
    if lost:
        structlog.get_logger().warning("closed day without some elements", day=str(day), elements=lost)


def word_of(connection: Connection, day: date) -> dict[tuple[str, str], DeclaredTime]:
    """What enterprises declared of a closed day, and declared late, by enterprise and kind."""
    return {
        (name, kind.value): said
        for kind in Kind
        for name, said in declared_time(
            connection, "enterprise", day, day + timedelta(days=1), kind=kind.value
        ).items()
    }


def clear_day(reader: PointReader, settings: InfluxSettings, from_ms: int, to_ms: int) -> None:
    """Delete all that the official points replace: tags may be others now than they were when the day was live.

    Raises:
        InfluxError: as the server answers.
    """
    for measurement in REPLACED:
        bucket = bucket_of(measurement, settings.prefix)
        reader.delete(bucket, from_ms, to_ms, f'_measurement="{measurement}"')
