"""A closed day in the ledger, for the sink to write."""

from schemas.figures import Figure
from schemas.time import format_ms
from stores.ledger.closings import ClosedDay, save_closed
from stores.ledger.figures import DayFigure, save_final
from stores.ledger.history import replace_transitions
from tests.contract.sinks.results import CALENDAR, DAY, START


def at(ms):
    """As the server writes it: no zeros at the end."""
    whole, _, rest = format_ms(START + ms).rstrip("Z").partition(".")
    return f"{whole}.{rest}".rstrip("0").rstrip(".") + "Z" if rest.strip("0") else f"{whole}Z"


def official(element="S1", up=86_000, down=400):
    start = CALENDAR.start_of(DAY)
    return DayFigure(
        element=element,
        day=DAY,
        enterprise="E1",
        kind="station",
        unit="U1",
        technologies=("4G", "5G"),
        figure=Figure(up, 0, down, 0, 0, 1, down, (0,) * 4 + (up, 0, 0, 0) + (0,) * 4 + (0, down, 0, 0)),
        head_s=0,
        tail_s=0,
        from_ms=start,
        to_ms=start + 86_400_000,
        runs=[[start, start + up * 1000, 1], [start + up * 1000, start + 86_400_000, 3]],
        state="final",
        as_of_ms=start + 5 * 86_400_000,
        registry_digest="sha256:" + "a" * 64,
    )


def close_day(bench, figures, changes, digest="sha256:" + "b" * 64):
    with bench.ledger.writing() as connection:
        save_final(connection, figures)
        replace_transitions(connection, changes)
        save_closed(
            connection,
            ClosedDay(DAY, START, True, len(figures), 10, 0, "sha256:" + "a" * 64, digest, {}),
        )
    bench.now_ms = START + 6 * 86_400_000
