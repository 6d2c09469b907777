"""`btswatch dlq`: what was refused or could not be handled."""

import getpass
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from btswatch.cli.configured import SettingsOption, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.parts.part import system_now_ms
from schemas.time import format_ms, parse_rfc3339, to_ms

if TYPE_CHECKING:
    from btswatch.dead_letters.letter import Filter, Letter, Letters
    from btswatch.dead_letters.places import Places

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Data = Annotated[
    Path | None, typer.Option(envvar="BTSWATCH_DATA", help="Data directory; default: the settings' one")
]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as listed, such as j12 or k7")]
Code = Annotated[str | None, typer.Option(help="Of this reason only, such as unknown_element")]
Reporter = Annotated[str | None, typer.Option(help="Of this reporter only")]
Entrance = Annotated[str | None, typer.Option(help="Refused by this entrance only, such as gateway or traps")]
Since = Annotated[str | None, typer.Option(help="Refused at or after this time, RFC 3339 with offset")]
Actor = Annotated[str | None, typer.Option("--by", help="Who does it, for the record; default: your login")]
Every = Annotated[bool, typer.Option("--all", help="All that the filters leave, instead of ids")]
_DETAIL: Final = 60


@app.callback()
def _group() -> None:
    """Dead letters: listed with their reasons, shown, put back through the entrance that refused them, dropped.

    Example: btswatch dlq list --code unknown_element
    """


@app.command("list")
def list_(
    data: Data = None,
    settings: SettingsOption = None,
    code: Code = None,
    reporter: Reporter = None,
    entrance: Entrance = None,
    since: Since = None,
    settled: Annotated[bool, typer.Option("--settled", help="Those that were replayed or dropped")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The oldest so many; more are counted")] = 100,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="table or json")] = "table",
) -> None:
    """All dead letters that nobody has dealt with, oldest first.

    Example: btswatch dlq list --reporter vina --since 2026-11-02T00:00:00+07:00 --format json
    """
    wanted = _filter(code, reporter, entrance, since, settled=settled)
    with _places(settings, data) as places:
        found = chain.from_iterable(place.letters(wanted) for place in places.all())
        shown = list(islice(found, limit))
        more = sum(1 for _ in found)
    if form == "json":
        typer.echo(json.dumps([_public(letter) for letter in shown], ensure_ascii=False))
    elif shown:
        _print_table(shown)
    else:
        typer.echo("no dead letters", err=True)
    if more:
        typer.echo(f"{more} more: see --limit and the filters", err=True)


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id as listed, such as j12 or k7")],
    data: Data = None,
    settings: SettingsOption = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="text or json")] = "text",
) -> None:
    """One dead letter whole: what came, why it was refused, and what to do.

    Example: btswatch dlq show j12
    """
    from btswatch.dead_letters.advice import advice_of
    from btswatch.dead_letters.decoded import decoded

    with _places(settings, data) as places:
        letter = _found(places, letter_id)[2]
    whole = {
        **_public(letter),
        "tries": letter.tries,
        "truncated": letter.truncated,
        "todo": advice_of(letter),
    }
    body = None if letter.body is None else decoded(letter)
    if form == "json":
        typer.echo(json.dumps({**whole, "body": body}, ensure_ascii=False))
        return
    for name, value in whole.items():
        if value not in (None, False, 0, ""):
            typer.echo(
                f"{name:9} {json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value}"
            )
    if body is None:
        typer.echo("body      is not kept of what is settled")
    else:
        typer.echo(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, indent=2))


@app.command()
def replay(
    ids: Ids = None,
    data: Data = None,
    settings: SettingsOption = None,
    every: Every = False,
    code: Code = None,
    reporter: Reporter = None,
    entrance: Entrance = None,
    since: Since = None,
    by: Actor = None,
) -> None:
    """Put letters back through the entrance that refused them; exit code 1 when one is refused again.

    What is valid by now is accepted, once; what is not stays on the list with its newest reason.

    Example: btswatch dlq replay --all --code unknown_element --reporter vina
    """
    from btswatch.dead_letters.letter import LetterError

    refused = 0
    with _places(settings, data) as places:
        for letter_id, place, number in _chosen(places, ids, every, _filter(code, reporter, entrance, since)):
            try:
                done = place.replay(number, by or getpass.getuser())
            except LetterError as error:
                taken, said = False, str(error)
            else:
                taken, said = done.taken, done.said
            refused += not taken
            typer.echo(f"{letter_id} {'replayed' if taken else 'refused'}: {said}")
    if refused:
        raise CommandError(Exit.NO, f"{refused} not taken: see `btswatch dlq show ID` for what to do")


@app.command()
def drop(
    reason: Annotated[str, typer.Option(help="Why, for the record")],
    ids: Ids = None,
    data: Data = None,
    settings: SettingsOption = None,
    every: Every = False,
    code: Code = None,
    reporter: Reporter = None,
    entrance: Entrance = None,
    since: Since = None,
    by: Actor = None,
) -> None:
    """Take letters off the list for good; who did so and why is kept.

    Example: btswatch dlq drop j12 j13 --reason "test of the vendor"
    """
    from btswatch.dead_letters.letter import LetterError

    if not reason.strip():
        raise CommandError(Exit.MISUSE, "--reason is empty: say why, for whoever asks later")
    failed = 0
    with _places(settings, data) as places:
        for letter_id, place, number in _chosen(places, ids, every, _filter(code, reporter, entrance, since)):
            try:
                place.drop(number, by or getpass.getuser(), reason.strip())
            except LetterError as error:
                failed += 1
                typer.echo(f"{letter_id} not dropped: {error}")
            else:
                typer.echo(f"{letter_id} dropped")
    if failed:
        raise CommandError(Exit.NO, f"{failed} not dropped")


@contextmanager
def _places(settings: Path | None, data: Path | None) -> "Iterator[Places]":
    from btswatch.dead_letters.places import open_places
    from stores.journal import JournalError

    loaded = settings_from(settings)
    if data is not None:
        loaded = loaded.model_copy(update={"data": data})
    with ExitStack() as stack:
        try:
            yield open_places(loaded, stack, system_now_ms)
        except JournalError as error:
            raise CommandError(Exit.UNREACHABLE, str(error)) from error


def _filter(
    code: str | None, reporter: str | None, entrance: str | None, since: str | None, *, settled: bool = False
) -> "Filter":
    from btswatch.dead_letters.letter import Filter

    try:
        since_ms = None if since is None else to_ms(parse_rfc3339(since))
    except ValueError as error:
        raise CommandError(
            Exit.MISUSE, f"--since {since}: write a time such as 2026-11-02T00:00:00+07:00"
        ) from error
    return Filter(code, reporter, entrance, since_ms, settled)


def _chosen(
    places: "Places", ids: list[str] | None, every: bool, wanted: "Filter"
) -> list[tuple[str, "Letters", int]]:
    """The letters that a command is about, read before the first is dealt with."""
    if bool(ids) == every:
        raise CommandError(Exit.MISUSE, "name ids as listed, or --all with filters")
    if every:
        return [
            (letter.id, place, int(letter.id[1:]))
            for place in places.all()
            for letter in place.letters(wanted)
        ]
    return [(*_found(places, letter_id)[:2], int(letter_id[1:])) for letter_id in dict.fromkeys(ids or ())]


def _found(places: "Places", letter_id: str) -> tuple[str, "Letters", "Letter"]:
    from btswatch.dead_letters.letter import Filter

    place = places.of(letter_id)
    letter = place.find(int(letter_id[1:]))
    if letter is None:
        known = [one.id for one in islice(place.letters(Filter()), 1000)]
        near = get_close_matches(letter_id, known, 1, cutoff=0)
        hint = f"the nearest is {near[0]}" if near else "the list is empty"
        raise CommandError(Exit.MISUSE, f"no dead letter {letter_id}; {hint}: see `btswatch dlq list`")
    return letter_id, place, letter


def _public(letter: "Letter") -> dict[str, Any]:
    settled = letter.settled
    return {
        "id": letter.id,
        "at": format_ms(letter.at_ms),
        "entrance": letter.entrance,
        "reporter": letter.reporter,
        "code": letter.code,
        "detail": letter.detail,
        "place": letter.place,
        "bytes": None if letter.body is None else len(letter.body),
        "settled": settled
        and {
            "action": settled.action,
            "at": format_ms(settled.at_ms),
            "by": settled.actor,
            "note": settled.note,
        },
    }


def _print_table(letters: "list[Letter]") -> None:
    heads = ["id", "at", "entrance", "reporter", "code", "detail"]
    rows = []
    for letter in letters:
        said = letter.detail if letter.settled is None else f"{letter.settled.action}: {letter.settled.note}"
        line = said if len(said) <= _DETAIL else said[: _DETAIL - 1] + "…"
        cells = [
            letter.id,
            format_ms(letter.at_ms),
            letter.entrance,
            letter.reporter or "-",
            letter.code,
            line,
        ]
        # A sender may put anything into its texts: no line breaks and no control codes on a terminal.
        rows.append(["".join(c if c.isprintable() else "�" for c in cell) for cell in cells])
    widths = [max(len(line[i]) for line in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
