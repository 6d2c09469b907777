"""`btswatch registry`: what is watched, whose it is and where, as CSV files; checked, imported and exported."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from btswatch.cli.exits import CommandError, Exit
from schemas.time import DEFAULT_ZONE, known_zone

if TYPE_CHECKING:
    from stores.registry import Examined

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the registry's CSV files")]
Zone = Annotated[str, typer.Option(envvar="BTSWATCH_ZONE", help="Time zone in which its dates begin")]


class AnswerFormat(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


AsFormat = Annotated[AnswerFormat, typer.Option("--format", help="text, or json on stdout")]


@app.callback()
def _group() -> None:
    """The registry: enterprises, units, stations and links.

    Example: btswatch registry validate registry/
    """


@app.command()
def validate(directory: Directory, zone: Zone = DEFAULT_ZONE, output: AsFormat = AnswerFormat.TEXT) -> None:
    """Find everything that is wrong with a registry, in one pass. Exit 1 when something is.

    Example: btswatch registry validate registry/
    """
    from stores.registry import examine

    if not directory.is_dir():
        raise CommandError(Exit.MISUSE, f"{directory}: no such directory")
    examined = examine(directory, zone=_zone(zone))
    if output is AnswerFormat.JSON:
        answer = {
            "valid": examined.registry is not None,
            "digest": examined.registry.digest if examined.registry else None,
            "problems": [asdict(problem) for problem in examined.problems],
        }
        typer.echo(json.dumps(answer, ensure_ascii=False, sort_keys=True))
    else:
        _tell(examined)
    if examined.registry is None:
        raise typer.Exit(int(Exit.NO))


@app.command("import")
def import_(
    directory: Directory,
    sources: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV files and XLSX workbooks")],
    zone: Zone = DEFAULT_ZONE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing")] = False,
) -> None:
    """Take files into a registry: each replaces the file it is named like, all of them or none.

    A workbook brings a sheet for each file. Problems are told with file or sheet, row and field.

    Example: btswatch registry import registry/ province.xlsx
    """
    from stores.registry.importing import examine_import, write_import

    prepared = examine_import(directory, sources, zone=_zone(zone))
    if prepared.examined.registry is None:
        lines = [str(problem) for problem in prepared.examined.errors]
        raise CommandError(Exit.MISUSE, *lines, f"nothing was imported: {len(lines)} to mend")
    if not dry_run:
        try:
            write_import(prepared)
        except OSError as error:
            raise CommandError(Exit.MISUSE, f"{directory}: can't be written: {error.strerror}") from error
    for one in prepared.replaced:
        before = "new" if one.before is None else f"before: {one.before}"
        typer.echo(f"{one.file.name}: {one.after} rows ({before})")
    _tell(prepared.examined)


@app.command()
def export(
    directory: Directory,
    out: Annotated[Path, typer.Option("-o", "--output", help="An .xlsx file, or a directory for CSV files")],
    zone: Zone = DEFAULT_ZONE,
) -> None:
    """Write a registry as one workbook or as CSV files, with every column; it loads to the same digest.

    Example: btswatch registry export registry/ -o registry.xlsx
    """
    from stores.registry import RegistryErrors, load
    from stores.registry.write import rows_of, write
    from stores.registry.xlsx import write_xlsx

    try:
        registry = load(directory, zone=_zone(zone))
    except RegistryErrors as errors:
        raise CommandError(Exit.MISUSE, *map(str, errors.problems)) from errors
    try:
        if out.suffix.casefold() == ".xlsx":
            out.parent.mkdir(parents=True, exist_ok=True)
            write_xlsx(out, rows_of(registry, zone=zone))
        else:
            write(registry, out, zone=zone)
    except OSError as error:
        raise CommandError(Exit.MISUSE, f"{out}: can't be written: {error.strerror}") from error
    typer.echo(f"{out}: {registry.digest}")


@app.command()
def template(
    directory: Directory,
    province: Annotated[
        str | None, typer.Option(help="Begin with what ships about a province, such as lang_son")
    ] = None,
) -> None:
    """Write the files of a new registry: headers only, or with a province's units and enterprises.

    Example: btswatch registry template registry/ --province lang_son
    """
    from stores.registry.template import provinces, write_template

    try:
        written = write_template(directory, province)
    except KeyError as error:
        known = ", ".join(provinces())
        raise CommandError(Exit.MISUSE, f"--province {province}: choose one of {known}") from error
    except FileExistsError as error:
        message = f"{directory}: {error} is there already; choose an empty directory"
        raise CommandError(Exit.MISUSE, message) from error
    except OSError as error:
        raise CommandError(Exit.MISUSE, f"{directory}: can't be written: {error.strerror}") from error
    for path in written:
        typer.echo(str(path))


def _zone(name: str) -> str:
    try:
        return known_zone(name)
    except ValueError as error:
        raise CommandError(Exit.MISUSE, f"--zone: {error}") from error


def _tell(examined: "Examined") -> None:
    """Problems on stderr, one a line; a summary of what was read on stdout."""
    for problem in examined.problems:
        typer.echo(str(problem), err=True)
    registry = examined.registry
    if registry is None:
        typer.echo(f"{len(examined.errors)} to mend", err=True)
        return
    kinds = [rows[-1].kind.value for rows in registry.elements.values()]
    typer.echo(
        f"{len(registry.enterprises)} enterprises, {len(registry.units)} units, {kinds.count('station')} stations, "
        f"{kinds.count('link')} links; {registry.digest}"
    )
