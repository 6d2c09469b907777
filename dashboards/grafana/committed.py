"""The dashboards as they are committed: what Grafana provisions, what push sends, what check compares with.

Reading them needs nothing but this package; building them needs the extra `dashboards`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dashboards.console.texts import Language, Text

FOLDER: Final = Path(__file__).parent
DATASOURCE_UID: Final = "btswatch-influxdb"
DATASOURCE_TYPE: Final = "influxdb"
CONSOLE_VARIABLE: Final = "console"
# As in provisioning/dashboards/btswatch.yaml.
TITLES: Final = Text("Telecom watch", "Giám sát viễn thông")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of Grafana, by its stable uid. Vietnamese: thư mục."""

    uid: str
    title: str


@dataclass(frozen=True, slots=True)
class Committed:
    """One dashboard in one language, as Grafana takes it. Vietnamese: bảng điều khiển."""

    language: Language
    name: str
    model: dict[str, Any]

    @property
    def uid(self) -> str:
        """Stable for ever: addresses and links hold it."""
        return str(self.model["uid"])

    def with_console(self, url: str) -> "Committed":
        """The same dashboard, whose links to the console begin with the URL."""
        model = json.loads(json.dumps(self.model))
        for variable in model["templating"]["list"]:
            if variable["name"] == CONSOLE_VARIABLE:
                variable["query"] = url.rstrip("/")
        return Committed(self.language, self.name, model)


def folder_of(language: Language) -> Folder:
    """The folder of a language's dashboards."""
    return Folder(f"btswatch-{language}", TITLES.in_(language))


def committed(root: Path = FOLDER) -> Iterator[Committed]:
    """Every committed dashboard, Vietnamese first, by name."""
    for language in (Language.VI, Language.EN):
        for path in sorted((root / language).glob("*.json")):
            yield Committed(language, path.stem, json.loads(path.read_text("utf-8")))
