"""docker-compose.yml as compose reads it: variables put in, short forms written out."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")


def interpolated(text, variables):
    return _VARIABLE.sub(lambda found: variables.get(found["name"]) or found["default"], text)


@dataclass(frozen=True)
class Mount:
    source: str
    target: str
    read_only: bool
    kind: str
    nocopy: bool = False


@dataclass(frozen=True)
class Service:
    name: str
    raw: dict

    @property
    def command(self):
        return [str(word) for word in self.raw.get("command", [])]

    @property
    def environment(self):
        return {name: str(value) for name, value in self.raw.get("environment", {}).items()}

    @property
    def ours(self):
        return self.raw["image"] == "btswatch:local"

    @property
    def ends(self):
        """Whether it does one thing and ends."""
        return self.raw.get("restart") == "no"

    @property
    def depends_on(self):
        return {name: value["condition"] for name, value in self.raw.get("depends_on", {}).items()}

    @property
    def networks(self):
        return set(self.raw.get("networks", ()))

    @property
    def mounts(self):
        return [_mount(one) for one in self.raw.get("volumes", ())]

    @property
    def probe(self):
        return self.raw.get("healthcheck", {}).get("test")


def _mount(one):
    if isinstance(one, dict):
        nocopy = one.get("volume", {}).get("nocopy", False)
        return Mount(one["source"], one["target"], one.get("read_only", False), one["type"], nocopy)
    source, target, *mode = one.split(":")
    return Mount(source, target, mode == ["ro"], "bind" if source[0] in "./" else "volume")


@dataclass(frozen=True)
class ComposeFile:
    variables: dict = field(default_factory=dict)

    @cached_property
    def text(self):
        return (ROOT / "docker-compose.yml").read_text("utf-8")

    @cached_property
    def raw(self):
        return yaml.safe_load(interpolated(self.text, self.variables))

    @cached_property
    def services(self):
        return {name: Service(name, raw) for name, raw in self.raw["services"].items()}

    @property
    def asked(self):
        """Variables that whoever starts it may set, with their defaults."""
        return {found["name"]: found["default"] for found in _VARIABLE.finditer(self.text)}
