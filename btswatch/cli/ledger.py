"""`btswatch ledger`: the audit chain of everything official: walk it, read it, print its head."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.configured import (
    SettingsOption,
    directory_of,
    open_ledger,
    registry_of,
    rules_of,
    settings_from,
)
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.heads import head_of, tell_head

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout")]


@app.callback()
def _group() -> None:
    """The audit chain: closed days, registries, rules, keys, receipts, what people decided.

    Example: btswatch ledger verify --anchor sha256:...
    """


@app.command()
def verify(
    settings: SettingsOption = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="A head printed earlier (report, receipt, `ledger head`); repeatable"),
    ] = None,
    output: AsJson = False,
) -> None:
    """Walk the chain and the days it seals; say what was changed, removed, inserted or cut off. Exit 1 then.

    Sealed and signed verdicts over time are judged again from the figures, rules and registry that they name.

    Example: btswatch ledger verify --anchor sha256:...
    """
    from processors.audit_check import walk
    from schemas.time import LocalCalendar

    loaded = settings_from(settings)
    with open_ledger(loaded) as ledger, ledger.reading() as connection:
        walked = walk(connection, tuple(anchor or ()), LocalCalendar(loaded.zone))
    if output:
        typer.echo(json.dumps(asdict(walked), sort_keys=True))
    elif not walked.broken:
        typer.echo(f"{walked.entries} entries and {walked.days} closed days are as they were written")
        if walked.judged:
            typer.echo(f"{walked.judged} sealed sets of verdicts follow from the figures and rules they name")
        for one in walked.unjudged:
            typer.echo(f"entry {one.number}: {one.detail}")
        typer.echo(f"head {walked.head}")
    if walked.broken:
        lines = [f"entry {one.number}: {one.detail}" if one.number else one.detail for one in walked.broken]
        raise CommandError(Exit.NO, *lines)


@app.command()
def head(settings: SettingsOption = None) -> None:
    """Print the chain's head: kept elsewhere, it proves later that nothing before it was changed.

    Example: btswatch ledger head >> heads.txt
    """
    from stores.ledger import audit

    with _reading(settings) as connection:
        typer.echo(audit.head(connection))


@app.command()
def show(
    settings: SettingsOption = None,
    after: Annotated[int, typer.Option(min=0, help="Entries behind this number")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many")] = 50,
    output: AsJson = False,
) -> None:
    """Print entries: when, what, by whom.

    Example: btswatch ledger show --after 100
    """
    from itertools import islice

    from stores.ledger import audit

    with _reading(settings) as connection:
        for one in islice(audit.entries(connection, after), limit):
            if output:
                typer.echo(json.dumps(asdict(one), sort_keys=True, ensure_ascii=False))
                continue
            at = datetime.fromtimestamp(one.at_ms / 1000, UTC).isoformat(timespec="seconds")
            typer.echo(
                f"{one.number:>6} {at} {one.kind:<17} {one.subject:<24.24} {one.actor:<12} {one.digest[:19]}"
            )


@app.command()
def note(
    by: Annotated[str, typer.Option(help="Who changed it: a person's name")],
    reason: Annotated[str, typer.Option(help="Why; it stays on record")] = "",
    settings: SettingsOption = None,
) -> None:
    """Write a changed registry, changed rules and what happened to keys into the chain now, under a person's name.

    Without it the product notes them by itself, as noticed by btswatch, before it works with them.

    Example: btswatch ledger note --by "Nguyễn Văn A" --reason "import of the October survey"
    """
    from btswatch.parts.part import system_now_ms
    from btswatch.parts.provenance import note_provenance
    from processors.provenance import By

    loaded = settings_from(settings)
    directory, registry = directory_of(loaded, create=False), registry_of(loaded)
    rules_of(loaded)
    if not by.strip():
        raise CommandError(Exit.MISUSE, "--by: give the person's name")
    done = note_provenance(loaded, directory, registry, system_now_ms, By(by.strip(), reason.strip()))
    if not done:
        raise CommandError(Exit.NO, "registry, rules and keys stand in the chain as they are")
    with _reading(settings) as connection:
        typer.echo(f"noted: {', '.join(done)}")
        tell_head(head_of(connection))


@app.command()
def receipt(
    receipt: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="Its id, or a file with what the gateway answered")
    ],
    settings: SettingsOption = None,
    output: AsJson = False,
) -> None:
    """Prove that a receipt was given out: which entry anchors it, and the way from it to the entry's root.

    Of a file it is also told whether its content is what was given out. Exit 1 when not, or when nothing anchors it.

    Example: btswatch ledger receipt answer.json
    """
    from processors.receipt_anchors import prove, receipt_digest

    name, digest = receipt, None
    path = Path(receipt)
    if path.is_file():
        body = path.read_bytes()
        try:
            name, digest = str(json.loads(body)["receipt"]), receipt_digest(body)
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(Exit.MISUSE, f"{path}: is no receipt: JSON with a member receipt") from error
    with _reading(settings) as connection:
        proof = prove(connection, name)
    if proof is None:
        raise CommandError(
            Exit.NO, f"{name}: no entry of the chain anchors it; what was given out lately is anchored soon"
        )
    if digest not in (None, proof.digest):
        raise CommandError(
            Exit.NO,
            f"{name}: entry {proof.entry} anchors another content, {proof.digest}; the file has {digest}"
            " (a request that only repeats is answered under its first receipt: GET /v1/receipts/ID gives that one)",
        )
    if output:
        typer.echo(json.dumps(asdict(proof), sort_keys=True))
        return
    given = datetime.fromtimestamp(proof.at_ms / 1000, UTC).isoformat(timespec="seconds")
    typer.echo(f"{name} was given to {proof.reporter} at {given}, content {proof.digest}")
    typer.echo(
        f"anchored in entry {proof.entry} {proof.entry_digest}, leaf {proof.index} of {proof.size}, root {proof.root}"
    )


@contextmanager
def _reading(settings: SettingsOption) -> Iterator["Connection"]:
    with open_ledger(settings_from(settings)) as ledger, ledger.reading() as connection:
        yield connection
