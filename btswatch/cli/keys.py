"""`btswatch keys`: the enterprises' API keys."""

import getpass
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from btswatch.cli.at_once import NO_LEDGER, write_at_once
from btswatch.cli.configured import SettingsOption, directory_of, settings_from
from btswatch.cli.exits import CommandError, Exit
from btswatch.settings import Settings
from schemas.time import LocalCalendar, format_ms

if TYPE_CHECKING:
    from stores.keys import ApiKey, KeyStore

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Data = Annotated[
    Path | None,
    typer.Option(
        envvar="BTSWATCH_DATA", help="Data directory, which holds keys.db; default: the settings' one"
    ),
]
Actor = Annotated[str | None, typer.Option("--by", help="Who does it, for the audit; default: your login")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


@app.callback()
def _group() -> None:
    """Enterprises' API keys: made, listed, rotated and revoked. A secret is shown once and stored as a hash.

    Example: btswatch keys create --enterprise vina --note "NOC server"
    """


@app.command()
def create(
    enterprise: Annotated[str, typer.Option(help="Id of the enterprise in the registry")],
    data: Data = None,
    settings: SettingsOption = None,
    registry: Annotated[
        Path | None, typer.Option(help="Registry directory; the enterprise must be in it")
    ] = None,
    note: Annotated[str, typer.Option(help="What the key is for")] = "",
    expires: Annotated[str | None, typer.Option(help="First local day on which it is refused")] = None,
    by: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show its token, once.

    Example: btswatch keys create --enterprise vina --note "NOC server" --expires 2027-07-01
    """
    where = _settings(settings, data)
    _expect_id(enterprise)
    if registry is not None or settings is not None:
        _expect_enterprise(registry or where.registry, enterprise)
    now_ms = _now_ms()
    expires_ms = None if expires is None else _start_of_day(expires, where.zone)
    if expires_ms is not None and expires_ms <= now_ms:
        raise CommandError(Exit.MISUSE, f"--expires {expires} is over already: give a later day")
    # A key may come before the first start: the directory is then made as the settings want it.
    begun = (where.data / "mode").exists()
    with _store(directory_of(where, create=not begun).path, new=True) as store:
        key, token = store.create(
            enterprise, actor=by or getpass.getuser(), now_ms=now_ms, expires_ms=expires_ms, note=note
        )
        _note(where, store)
    if as_json:
        typer.echo(json.dumps({**_public(key), "token": token}, ensure_ascii=False))
        return
    typer.echo(token)
    typer.echo(
        f"key {key.key_id} for {enterprise}: hand it over on a safe way, it can't be shown again", err=True
    )


@app.command("list")
def list_(
    data: Data = None,
    settings: SettingsOption = None,
    enterprise: Annotated[str | None, typer.Option(help="Of one enterprise only")] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Who did what, instead of the keys")] = False,
    as_json: AsJson = False,
) -> None:
    """All keys without their secrets, also revoked and expired ones.

    Example: btswatch keys list --enterprise vina --json
    """
    with _store(_settings(settings, data).data) as store:
        keys = [key for key in store.all_keys() if enterprise in {None, key.enterprise}]
        lines = [line for line in store.audit() if line.key_id in {key.key_id for key in keys}]
    if audit:
        rows = [
            {
                "at": format_ms(line.at_ms),
                "actor": line.actor,
                "action": line.action,
                "key_id": line.key_id,
                "reason": line.reason,
            }
            for line in lines
        ]
    else:
        rows = [_public(key) for key in keys]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    elif rows:
        _print_table(rows)
    else:
        typer.echo("no keys", err=True)


@app.command()
def rotate(
    key_id: Annotated[str, typer.Argument(help="Id of the key that is to be followed, as listed")],
    data: Data = None,
    settings: SettingsOption = None,
    overlap: Annotated[float, typer.Option(min=0, max=8760, help="Hours in which both are taken")] = 24.0,
    by: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make a key that follows another one, show its token, once, and refuse the former after the overlap.

    Example: btswatch keys rotate 5f3a9c01de --overlap 48
    """
    from stores.keys import RevokedKeyError, UnknownKeyError

    where, now_ms = _settings(settings, data), _now_ms()
    with _store(where.data) as store:
        try:
            key, token = store.rotate(
                key_id,
                actor=by or getpass.getuser(),
                now_ms=now_ms,
                until_ms=now_ms + int(overlap * 3_600_000),
            )
        except (UnknownKeyError, RevokedKeyError) as error:
            raise CommandError(Exit.MISUSE, f"{error}; see `btswatch keys list`") from error
        _note(where, store)
    if as_json:
        typer.echo(json.dumps({**_public(key), "token": token}, ensure_ascii=False))
        return
    typer.echo(token)
    typer.echo(
        f"key {key.key_id} for {key.enterprise} follows {key_id}, which is refused in {overlap:g} hours",
        err=True,
    )


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as listed")],
    data: Data = None,
    settings: SettingsOption = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit")] = "",
    by: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a key from now on; the gateway notices within seconds.

    Example: btswatch keys revoke 5f3a9c01de --reason "left the company"
    """
    from stores.keys import UnknownKeyError

    where = _settings(settings, data)
    with _store(where.data) as store:
        try:
            key = store.revoke(key_id, actor=by or getpass.getuser(), now_ms=_now_ms(), reason=reason)
        except UnknownKeyError as error:
            near = get_close_matches(key_id, [each.key_id for each in store.all_keys()], 1)
            hint = f"; the nearest is {near[0]}" if near else "; see `btswatch keys list`"
            raise CommandError(Exit.MISUSE, f"{error}{hint}") from error
        _note(where, store)
    typer.echo(json.dumps(_public(key)) if as_json else f"key {key.key_id} of {key.enterprise} is revoked")


def _settings(path: Path | None, data: Path | None) -> Settings:
    loaded = settings_from(path)
    return loaded if data is None else loaded.model_copy(update={"data": data})


def _note(where: Settings, store: "KeyStore") -> None:
    """Into the audit chain at once; where the ledger is away or not made yet, the engine does it later."""
    from processors.provenance import note_keys

    # The key is made or revoked by now: nothing here may end the command.
    why = write_at_once(where, lambda ledger: note_keys(ledger, store.audit(), store.all_keys()))
    if why not in (None, NO_LEDGER):
        typer.echo(f"not in the audit chain yet, the engine writes it: {why}", err=True)


@contextmanager
def _store(data: Path, *, new: bool = False) -> "Iterator[KeyStore]":
    from stores.keys import KeyStore, KeyStoreError

    path = data / "keys.db"
    if not new and not path.exists():
        raise CommandError(Exit.UNREACHABLE, f"there is no {path}: check --data, or create a first key")
    store = KeyStore(path)
    try:
        store.open()
        yield store
    except KeyStoreError as error:
        raise CommandError(
            Exit.UNREACHABLE, f"the keys can't be reached: {error}; check --data and its permissions"
        ) from error
    finally:
        store.close()


def _expect_id(enterprise: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from schemas.registry_rows import EnterpriseId

    try:
        TypeAdapter[str](EnterpriseId).validate_python(enterprise)
    except ValidationError as error:
        message = f"--enterprise {enterprise!r} can't be an enterprise's id: see enterprises.csv for those there are"
        raise CommandError(Exit.MISUSE, message) from error


def _expect_enterprise(directory: Path, enterprise: str) -> None:
    from stores.registry.load import load
    from stores.registry.problems import RegistryErrors

    try:
        known = list(load(directory).enterprises)
    except RegistryErrors as errors:
        raise CommandError(Exit.MISUSE, *map(str, errors.problems)) from errors
    if enterprise not in known:
        near = get_close_matches(enterprise, known, 1)
        hint = f"the nearest is {near[0]}" if near else f"known are {', '.join(known)}"
        raise CommandError(Exit.MISUSE, f"{directory}: no enterprise {enterprise!r}; {hint}")


def _start_of_day(text: str, zone: str) -> int:
    try:
        return LocalCalendar(zone).start_of(date.fromisoformat(text))
    except ValueError as error:
        raise CommandError(Exit.MISUSE, f"--expires {text}: write a day such as 2027-07-01") from error


def _public(key: "ApiKey") -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "enterprise": key.enterprise,
        "ends_with": key.last4,
        "note": key.note,
        "created": format_ms(key.created_ms),
        "expires": None if key.expires_ms is None else format_ms(key.expires_ms),
        "revoked": None if key.revoked_ms is None else format_ms(key.revoked_ms),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    heads = list(rows[0])
    cells = [heads, *([str(row[head] or "-") for head in heads] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
