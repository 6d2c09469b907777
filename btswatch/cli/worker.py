"""`btswatch worker`: a Faust worker of the cluster as a process of its own."""

import typer

from btswatch.cli.configured import SettingsOption, registry_of, rules_of
from btswatch.cli.parts import run
from btswatch.parts.part import Ending, Part
from btswatch.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("worker")
def worker(settings: SettingsOption = None) -> None:
    """Compute states and figures from Kafka's evidence: start as many as you like, they share the partitions.

    Example: btswatch worker --settings btswatch.toml
    """
    run(settings, _worker, "worker_port")


def _worker(settings: Settings, ending: Ending) -> Part:
    from btswatch.parts.worker import WorkerPart

    return WorkerPart(settings, registry_of(settings), rules_of(settings), ending)
