"""`btswatch period late` and `restate`: what came after a day's close, and the day made anew with it."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.calendar_period import Period, now_of, period_of
from btswatch.cli.configured import (
    SettingsOption,
    day_from,
    directory_of,
    open_ledger,
    registry_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head
from btswatch.cli.person import By, person_of

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.restating import Proposed, Restating
    from schemas.figures import Figure

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout")]


def late(period: Period, settings: SettingsOption = None, output: AsJson = False) -> None:
    """Evidence that came after its day's close and waits, by element and day, with what it would change.

    What a restatement has counted waits no more, nor what would change nothing; `period show` says of all that came late.

    Example: btswatch period late 2026-Q3
    """
    from processors.restating import waiting
    from stores.ledger import closings
    from stores.ledger.feeds import proposals

    loaded, chosen = settings_from(settings), period_of(period)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        restating = _restating(loaded)
        # Days before the first official one are never restated.
        first = max(chosen.first, closings.first_official(connection) or chosen.first)
        known = proposals(connection, first, chosen.end - timedelta(days=1), limit=100_000)
        head = head_of(connection)
        came = Counter((one.day, one.element) for one in known)
        waits = Counter((one.day, one.element) for one in waiting(connection, known))
        counted = idle = stuck = 0
        for day, element in sorted(came):
            try:
                proposed = _proposed(restating, connection, element, day)
            except CommandError as error:
                # Of an element that the registry lost, or a pruned day: the others wait all the same.
                stuck += 1
                typer.echo(f"{element} {day}: {error}", err=output)
                continue
            # A later day with late evidence of its own speaks for itself.
            asked = [one for one in proposed if one.day == day or (one.day, element) not in came]
            if not any(one.differs for one in asked):
                idle += (day, element) in waits
                counted += (day, element) not in waits
                continue
            events = waits[day, element] or came[day, element]
            for one in proposed:
                if output:
                    typer.echo(json.dumps(_as_dict(one) | {"events": events, "head": head}, sort_keys=True))
                else:
                    typer.echo(f"{_line(one)}  ({events} late events)")
        done = f"; {counted} restated with all that came" if counted else ""
        done += f"; {idle} that it would not change" if idle else ""
        done += f"; {stuck} that can't be restated" if stuck else ""
        typer.echo(
            f"{len(came) - counted - idle - stuck} element-days with late evidence that waits{done}",
            err=output,
        )
        if not output:
            tell_head(head)


def restate(
    element: Annotated[str, typer.Argument(help="Station or link")],
    day: Annotated[str, typer.Argument(metavar="DAY", help="Its local day, such as 2026-09-30")],
    by: By,
    reason: Annotated[str, typer.Option(help="Why; it stays on record")],
    settings: SettingsOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing")] = False,
) -> None:
    """Make an element's closed day anew with all evidence received by now. Before and after stay on record.

    Days after it that change with it are restated too. Exit 1 when nothing would change.

    Example: btswatch period restate LSN-0001 2026-09-30 --by "Nguyễn Văn A" --reason "log handed in late"
    """
    from processors.restating import ChangedMeanwhileError

    loaded = settings_from(settings)
    chosen = day_from(day)
    restating = _restating(loaded)
    if not reason.strip():
        raise CommandError(Exit.MISUSE, "--reason: say why")
    person = person_of(by)
    with open_ledger(loaded) as ledger:
        # The archive is read from its beginning: nobody waits for that with the writer's lock.
        with ledger.reading() as connection:
            changed = [one for one in _proposed(restating, connection, element, chosen) if one.differs]
            head = head_of(connection)
        if not changed:
            raise CommandError(Exit.NO, f"{element} on {day}: nothing would change")
        if not dry_run:
            with ledger.writing() as connection:
                try:
                    restating.write(connection, changed, person, reason, now_of(loaded)[0])
                except ChangedMeanwhileError as error:
                    raise CommandError(Exit.NO, str(error)) from error
                head = head_of(connection)
    for one in changed:
        typer.echo(f"{_line(one)}{'  (dry run)' if dry_run else ''}")
    tell_head(head)


def _proposed(restating: "Restating", connection: object, element: str, day: date) -> "list[Proposed]":
    from processors.restating import NotClosedError
    from processors.retention import PrunedError

    try:
        return restating.propose(connection, element, day)  # type: ignore[arg-type] # a Connection, imported late
    except (NotClosedError, PrunedError) as error:
        raise CommandError(Exit.NO, str(error)) from error
    except KeyError as error:
        raise CommandError(Exit.MISUSE, f"{element}: not in the registry") from error


def _restating(settings: "Settings") -> "Restating":
    from processors.restating import Restating

    archive = directory_of(settings, create=False).archive()
    return Restating(archive, registry_of(settings), settings.conventions(), now_of(settings)[0])


def _as_dict(one: "Proposed") -> dict[str, object]:
    return {
        "element": one.element,
        "day": str(one.day),
        "differs": one.differs,
        "official": one.official.figure.as_dict()["seconds"] if one.official else None,
        "proposed": one.figure.figure.as_dict()["seconds"],
    }


def _line(one: "Proposed") -> str:
    before = one.official.figure if one.official else None
    after = one.figure.figure
    states = ("up", "degraded", "down", "planned", "unknown")
    moved = [
        f"{name} {getattr(before, name) if before else 0} -> {getattr(after, name)} s"
        for name in states
        if before is None or getattr(before, name) != getattr(after, name)
    ]
    moved += _table_moved(before, after)
    return f"{one.element} {one.day}: {', '.join(moved) if moved else 'same seconds'}"


def _table_moved(before: "Figure | None", after: "Figure") -> Iterator[str]:
    """Cells of measured by declared that differ: what came late may move the enterprise's word alone."""
    from schemas.figures import TRACK_READINGS

    pairs = before.pairs_s if before else (0,) * len(after.pairs_s)
    for at, (was, now) in enumerate(zip(pairs, after.pairs_s, strict=True)):
        if was != now:
            yield f"measured {TRACK_READINGS[at // 4]} and declared {TRACK_READINGS[at % 4]} {was} -> {now} s"
