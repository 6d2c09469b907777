"""All commands by name. Each imports what it needs only when it runs, so that `--help` answers at once."""

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from btswatch import __version__
from btswatch.cli.exits import CommandError, Exit

# Command: the module whose `app` it is, and its line in `--help`.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("btswatch.cli.demo", "A whole province on this machine, on real SNMP and HTTP traffic"),
    "serve": ("btswatch.cli.serve", "The embedded product: run and supervise all parts"),
    "poll": ("btswatch.cli.parts", "The SNMP pollers as a process of their own"),
    "traps": ("btswatch.cli.parts", "The trap receiver as a process of its own"),
    "gateway": ("btswatch.cli.parts", "The enterprises' HTTP gateway as a process of its own"),
    "ingest": ("btswatch.cli.parts", "Pollers, traps and gateway in one process"),
    "closing": ("btswatch.cli.parts", "Close the days that are due, and end"),
    "engine": ("btswatch.cli.parts", "The embedded engine as a process of its own"),
    "console": ("btswatch.cli.parts", "The NOC console as a process of its own"),
    "check": ("btswatch.cli.check", "Read everything that is configured and say what is wrong"),
    "registry": ("btswatch.cli.registry", "Validate, import and export the registry"),
    "replay": ("btswatch.cli.replay", "Figures from archived events, offline"),
    "keys": ("btswatch.cli.keys", "The enterprises' API keys"),
}


class _LazyGroup(TyperGroup):
    """Knows the commands' names and loads a command when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the base's signature
        if cmd_name not in COMMANDS:
            return None
        module, line = COMMANDS[cmd_name]
        loaded: typer.Typer = importlib.import_module(module).app
        command = typer.main.get_command(loaded)
        # A module of several single commands gives the one of this name.
        command = getattr(command, "commands", {}).get(cmd_name, command)
        command.name = cmd_name
        command.short_help = line
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


root = typer.Typer(cls=_LazyGroup, no_args_is_help=False, add_completion=False, rich_markup_mode=None)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@root.callback()
def _options(
    log_format: Annotated[
        str | None, typer.Option(help="json or text; default: text on a terminal, json elsewhere")
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and leave")
    ] = False,
) -> None:
    """Btswatch watches base stations and links for a provincial telecom regulator.

    Example: btswatch demo --stations 200
    """
    from btswatch.logs import configure

    if log_format not in (None, "json", "text"):
        raise CommandError(Exit.MISUSE, f"--log-format {log_format}: choose json or text")
    configure(log_format)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. No error a user can cause ends in a traceback."""
    command: Any = typer.main.get_command(root)
    try:
        result = command.main(args=list(arguments), prog_name="btswatch", standalone_mode=False)
    except CommandError as error:
        for line in error.lines:
            print(f"btswatch: {line}", file=sys.stderr)  # noqa: T201 - the command line's own error stream
        return int(error.code)
    except TyperException as error:
        message = getattr(error, "format_message", error.__str__)()
        print(f"btswatch: {message}", file=sys.stderr)  # noqa: T201 - as above
        return int(Exit.MISUSE)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader of our output has left (`| head`): nobody is there to be told.
        sys.stderr.close()
        return int(Exit.DONE)
    return result if isinstance(result, int) else int(Exit.DONE)
