"""The dashboards as they are committed: what Grafana provisions, what push sends, what check compares with.

Reading them needs nothing but this package; building them needs the extra `dashboards`.
"""

import json
from collections.abc import Iterable, Iterator
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


def write_files(into: Path, dashboards: Iterable[Committed]) -> Iterator[Path]:
    """Write each as `into`/LANGUAGE/NAME.json for a Grafana that provisions from there; those of no dashboard are removed.

    Raises:
        OSError: the directory can't be written.
    """
    written: set[Path] = set()
    for one in dashboards:
        path = into / one.language / f"{one.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Grafana looks at any moment: it finds the old file or the new one.
        temporary = path.with_suffix(".new")
        temporary.write_text(
            json.dumps(one.model, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8"
        )
        temporary.replace(path)
        written.add(path)
        yield path
    for left in {found for path in written for found in path.parent.glob("*.json")} - written:
        left.unlink()
