"""All commands by name. Each imports what it needs only when it runs, so that `--help` answers at once."""

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from btswatch import __version__
from btswatch.cli.exits import CommandError, Exit
from btswatch.logs import FORMAT, LEVEL, configure
from btswatch.supervise import SUPERVISED

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
    "topics": ("btswatch.cli.topics", "Make and compare the cluster's Kafka topics"),
    "influx": ("btswatch.cli.influx", "Make and compare InfluxDB's buckets and tasks"),
    "forward": ("btswatch.cli.parts", "The forwarder from the journal to Kafka"),
    "worker": ("btswatch.cli.worker", "One Faust worker of the cluster"),
    "sink": ("btswatch.cli.sink", "One sink of the cluster: ledger, influx, archive, notify"),
    "console": ("btswatch.cli.parts", "The NOC console as a process of its own"),
    "check": ("btswatch.cli.check", "Read everything that is configured and say what is wrong"),
    "registry": ("btswatch.cli.registry", "Validate, import and export the registry"),
    "replay": ("btswatch.cli.replay", "Figures from archived events, offline"),
    "rules": ("btswatch.cli.rules", "The rules in force, and why"),
    "verdicts": ("btswatch.cli.verdicts", "A period's availability against the rules in force"),
    "measurements": ("btswatch.cli.measurements", "Quality indicators: what was reported and measured"),
    "inspections": ("btswatch.cli.inspections", "Findings on site: conformity, EMF, earthing, certificates"),
    "ledger": ("btswatch.cli.ledger", "The audit chain of everything official"),
    "archive": ("btswatch.cli.archive", "The evidence: its size, legal holds, pruning"),
    "alarms": ("btswatch.cli.alarms", "What the product found about itself, and who has seen it"),
    "duties": ("btswatch.cli.duties", "Who owes a report or a certificate"),
    "period": ("btswatch.cli.period", "Where a period stands; sign it off; restate"),
    "objection": ("btswatch.cli.objection", "Objections to official figures, and rulings"),
    "explain": ("btswatch.cli.explain", "A figure down to its evidence"),
    "reconcile": ("btswatch.cli.reconcile", "Declared against measured over a period"),
    "worst": ("btswatch.cli.reconcile", "Stations, outages and communes that averages hide"),
    "keys": ("btswatch.cli.keys", "The enterprises' API keys"),
    "rebuild": ("btswatch.cli.rebuild", "Derived stores again from the archive"),
    "stack": ("btswatch.cli.stack", "The cluster's servers on this machine, without containers"),
    "dlq": ("btswatch.cli.dlq", "What was refused or could not be handled: list, show, replay, drop"),
    "dashboards": ("btswatch.cli.dashboards", "Grafana's dashboards: build, push, check"),
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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except TyperException as error:
            near = get_close_matches(args[0], COMMANDS, n=1) if args else []
            if near:
                raise CommandError(
                    Exit.MISUSE, f"no such command {args[0]!r}; did you mean {near[0]!r}?"
                ) from error
            raise

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
    if log_format is not None:
        if log_format not in ("json", "text"):
            raise CommandError(Exit.MISUSE, f"--log-format {log_format}: choose json or text")
        # For the processes that this one starts.
        os.environ[FORMAT] = log_format
    configure()


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. No error ends in a traceback."""
    command: Any = typer.main.get_command(root)
    try:
        result = command.main(args=_log_format_first(arguments), prog_name="btswatch", standalone_mode=False)
        sys.stdout.flush()
    except CommandError as error:
        return _told(error.code, *error.lines)
    except TyperException as error:
        return _told(Exit.MISUSE, _usage(error))
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except (BrokenPipeError, SystemExit) as error:
        # The reader of our output has left (`| head`): nobody is there to be told. Typer makes it a SystemExit.
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        _drop_output()
        return int(Exit.DONE)
    except OSError as error:
        code = _told(*_of_os_error(error))
        _drop_output()
        return code
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a line, and a log its place
        return _of_our_fault(error)
    return result if isinstance(result, int) else int(Exit.DONE)


def _log_format_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--log-format`, which may stand anywhere, before the command, where it is read."""
    option = "--log-format"
    end = arguments.index("--") if "--" in arguments else len(arguments)
    first: list[str] = []
    rest: list[str] = []
    left = iter(arguments[:end])
    for one in left:
        if one == option:
            first += [option, next(left, "")]
        elif one.startswith(f"{option}="):
            first.append(one)
        else:
            rest.append(one)
    return [*first, *rest, *arguments[end:]]


def _told(code: Exit, *lines: str) -> int:
    for line in lines:
        print(f"btswatch: {line}", file=sys.stderr)  # noqa: T201 - the command line's own error stream
    return int(code)


def _usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "btswatch"
    # Called without a command, a group gives its whole help as the message.
    message = getattr(error, "format_message", error.__str__)().rstrip(".")
    return f"{'Missing command' if message.startswith('Usage:') else message}; see {path} --help"


def _of_os_error(error: OSError) -> tuple[Exit, str]:
    away = isinstance(error, ConnectionError | TimeoutError) or error.errno == errno.EADDRINUSE
    where = f"{error.filename}: " if error.filename else ""
    return Exit.UNREACHABLE if away else Exit.MISUSE, f"{where}{error.strerror or error}"


def _of_our_fault(error: Exception) -> int:
    supervised = SUPERVISED in os.environ
    if "stores.ledger" in sys.modules:
        from stores.ledger.trouble import TROUBLE, in_a_line, is_refusal

        if isinstance(error, TROUBLE):
            # A supervisor tries again what may pass, and ends at what only a person can mend.
            passing = supervised and not is_refusal(error)
            return _told(Exit.NO if passing else Exit.UNREACHABLE, f"ledger: {in_a_line(error)}")
    if supervised or os.environ.get(LEVEL, "").upper() == "DEBUG":
        import structlog

        structlog.get_logger().error("command failed", exc_info=error)
    said = " ".join(str(error).split())
    line = f"{type(error).__name__}: {said}: a fault of btswatch; {LEVEL}=DEBUG shows its place"
    # A supervisor takes misuse for hopeless, and this may pass.
    return _told(Exit.NO if supervised else Exit.MISUSE, line)


def _drop_output() -> None:
    """What is still buffered and can't be written would fail again when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
