"""`btswatch sink NAME`: one sink of the cluster as a process of its own."""

from typing import Annotated

import typer

from btswatch.cli.configured import SettingsOption
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.parts import run
from btswatch.parts.part import Ending, Part, system_now_ms
from btswatch.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("sink")
def sink(
    name: Annotated[str, typer.Argument(metavar="NAME", help="ledger, influx, archive or notify")],
    settings: SettingsOption = None,
) -> None:
    """Write one kind of results from Kafka to where they are kept; a consumer group of its own.

    Example: btswatch sink archive --settings btswatch.toml
    """
    from btswatch.parts.sink import SINKS, sink_part

    if name not in SINKS:
        raise CommandError(Exit.MISUSE, f"no such sink {name!r}; there are {', '.join(sorted(SINKS))}")

    def build(loaded: Settings, ending: Ending) -> Part:
        return sink_part(name, loaded, system_now_ms, ending)

    run(settings, build, f"{name}_sink_port")
