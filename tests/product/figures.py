"""What the ledger publishes, in the form that `btswatch replay` prints."""

import json
from datetime import timedelta

from schemas.time import LocalCalendar
from stores.ledger import Ledger, figures
from tests.product.process import btswatch

CALENDAR = LocalCalendar()


def published(data, days, kind):
    """The days' figures of all elements of a kind as one line of JSON."""
    ledger = Ledger(data / "ledger.db")
    ledger.open(migrate=False)
    try:
        with ledger.reading() as connection:
            found = [
                one for day in days for one in figures.figures_of_day(connection, day) if one.kind == kind
            ]
    finally:
        ledger.close()
    objects = [
        {
            "scope": "element",
            "id": one.element,
            "period": "day",
            "from": CALENDAR.format(CALENDAR.start_of(one.day)),
            "to": CALENDAR.format(CALENDAR.end_of(one.day)),
            **one.figure.as_dict(),
            "state": one.state,
        }
        for one in sorted(found, key=lambda one: (one.element, one.day))
    ]
    return json.dumps(objects, sort_keys=True, separators=(",", ":")) + "\n"


def replayed(data, days, kind):
    """What a replay of the data directory's archive prints about the same days, long after them."""
    end = max(days) + timedelta(days=1)
    done = btswatch(
        "replay", "--registry", data / "registry", "--events", data / "archive",
        "--from", CALENDAR.format(CALENDAR.start_of(min(days))), "--to", CALENDAR.format(CALENDAR.start_of(end)),
        "--now", CALENDAR.format(CALENDAR.start_of(end + timedelta(days=4))),
        "--period", "day", "--kind", kind, "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
