"""Writes what is made from the settings: their reference page, and an example file with every one of them.

python -m btswatch.settings_reference             write docs/reference/settings.md and docs/btswatch.toml
python -m btswatch.settings_reference --check     write nothing; exit 1 when one differs from what is committed
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from btswatch.settings import PREFIX, Settings
from schemas.base import Contract
from schemas.reference import type_text

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = Path("docs/reference/settings.md")
EXAMPLE: Final = Path("docs/btswatch.toml")
_MADE_BY: Final = "Made by `python -m btswatch.settings_reference`; edit the settings' models instead."
# What the example shows of settings that have no default of their own.
_SHOWN: Final[dict[str, Any]] = {
    "notify.receivers.name": "noc",
    "notify.receivers.url": "https://hooks.example/btswatch",
    "notify.receivers.url_file": "secrets/webhook-url",
    "notify.receivers.bearer_file": "secrets/webhook-token",
    "notify.receivers.tls_ca": "secrets/ca.pem",
    "profiles": "profiles",
    "rules": "rules",
    "moved_days": "moved-days.yaml",
    "grafana.tls_ca": "grafana/ca.pem",
    "influx.tls_ca": "influx/ca.pem",
    "influx.scrape.part": "ingest",
    "influx.scrape.url": "http://127.0.0.1:9101/metrics",
    "kafka.tls_ca": "kafka/ca.pem",
    "kafka.tls_certificate": "kafka/client.pem",
    "kafka.tls_key": "kafka/client.key",
    "poll.groups.enterprise": "vina",
    "poll.groups.profile": "bts_demo",
    "poll.groups.engine": "pysnmp",
    "poll.groups.interval_s": 30.0,
    "poll.groups.timeout_s": 2.0,
    "poll.groups.retries": 1,
    "poll.groups.deadline_s": 8.0,
    "poll.health.canaries.agent": "10.0.0.1:161",
    "poll.health.canaries.credential": "access",
    "poll.health.canaries.enterprise": "vina",
}


@dataclass(frozen=True)
class Setting:
    """One setting: `schema` is its JSON Schema, of which type and bounds are told."""

    name: str
    field: FieldInfo
    schema: dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A TOML table, or one of an array of tables (`repeats`)."""

    path: tuple[str, ...]
    model: type[Contract]
    repeats: bool
    settings: tuple[Setting, ...]


def sections() -> list[Section]:
    """Every section, the top first, inner ones after their outer one."""
    return list(_sections((), Settings, repeats=False))


def _sections(path: tuple[str, ...], model: type[Contract], *, repeats: bool) -> Iterator[Section]:
    schema = model.model_json_schema()["properties"]
    inner: list[tuple[str, type[Contract], bool]] = []
    plain: list[Setting] = []
    for name, field in model.model_fields.items():
        contract, many = _contract_in(field.annotation)
        if contract is None:
            plain.append(Setting(name, field, schema[name]))
        else:
            inner.append((name, contract, many))
    yield Section(path, model, repeats, tuple(plain))
    for name, contract, many in inner:
        yield from _sections((*path, name), contract, repeats=many)


def _contract_in(annotation: Any) -> tuple[type[Contract] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        return annotation, False
    if get_origin(annotation) is tuple:
        found, _ = _contract_in(get_args(annotation)[0])
        return found, True
    return None, False


def page() -> str:
    """docs/reference/settings.md."""
    return "\n".join(
        [
            "# Settings",
            "",
            f"<!-- {_MADE_BY} -->",
            "",
            "One TOML file (`--settings FILE`, or the variable `BTSWATCH_SETTINGS`), then the environment, which goes before it, then",
            "secret files: the variable with `_FILE` at its end names a file whose content is the value.",
            "[btswatch.toml](../btswatch.toml) is an example with every setting. Every one has a default; an unknown one is an error that",
            "names the nearest known one; `btswatch check` says all that is wrong. Relative paths are relative to the settings file.",
            "Lists and tables of a list are set in the file only. The log's level is the variable `BTSWATCH_LOG_LEVEL` (`INFO`), its form `BTSWATCH_LOG_FORMAT` (`json` or `text`; as `--log-format`).",
            "",
            *(line for section in sections() for line in _table(section)),
        ]
    )


def _table(section: Section) -> Iterator[str]:
    name = ".".join(section.path)
    yield f"## {f'[[{name}]]' if section.repeats else f'[{name}]'}" if name else "## The deployment"
    yield ""
    yield " ".join((section.model.__doc__ or "").split())
    yield ""
    yield "| setting | type | default | meaning | environment |"
    yield "|---|---|---|---|---|"
    for one in section.settings:
        kind = f"{type_text(one.schema, {})}{_bounds(one.schema)}"
        cells = (f"`{one.name}`", kind, _default(one), one.field.description or "", _variable(section, one))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _variable(section: Section, one: Setting) -> str:
    if section.repeats or one.schema.get("type") == "array":
        return "file only"
    return f"`{PREFIX}{'__'.join((*section.path, one.name)).upper()}`"


def _default(one: Setting) -> str:
    if one.field.is_required():
        return "must be given"
    value = one.field.default
    return "none" if value is None or value == () else f"`{_toml(value)}`"


def _bounds(schema: dict[str, Any]) -> str:
    own = next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), schema)
    words = {
        "exclusiveMinimum": "above {}",
        "minimum": "from {}",
        "exclusiveMaximum": "below {}",
        "maximum": "up to {}",
    }
    told = [text.format(f"{own[key]:,}") for key, text in words.items() if key in own]
    told += [f"`{own['pattern']}`"] if "pattern" in own else []
    return f", {' '.join(told)}" if told else ""


def example() -> str:
    """docs/btswatch.toml: every setting with its default, commented out."""
    lines = [
        "# An example with every setting of btswatch. What is commented out stands at its default, or shows a form.",
        f"# {_MADE_BY}",
        "# Relative paths are relative to this file. Check yours: btswatch check --settings FILE",
        "",
    ]
    for section in sections():
        lines += _toml_section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def _toml_section(section: Section) -> Iterator[str]:
    name = ".".join(section.path)
    if name:
        yield f"# {' '.join((section.model.__doc__ or '').split())}"
        yield f"#[[{name}]]" if section.repeats else f"[{name}]"
    for one in section.settings:
        key = ".".join((*section.path, one.name))
        value = one.field.default
        if value is None or one.field.is_required():
            value = _SHOWN[key]
        yield f"# {one.field.description}"
        yield f"#{one.name} = {_toml(value)}"
    yield ""


def _toml(value: Any) -> str:
    """Booleans, numbers, texts and lists of them stand in TOML as in JSON."""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000:
        return f"{value:_}"
    return json.dumps(value, ensure_ascii=False)


def generated() -> dict[Path, str]:
    """Every generated file, by its path in the repository."""
    return {PAGE: page(), EXAMPLE: example()}


def drift(root: Path = ROOT) -> list[Path]:
    """Generated files that differ from the committed ones."""
    return [path for path, text in generated().items() if _read(root / path) != text]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: list[str] | None = None) -> int:
    """The command line; gives the exit code."""
    parser = ArgumentParser(
        prog="python -m btswatch.settings_reference", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a difference")
    chosen = parser.parse_args(arguments)
    differing = drift()
    if chosen.check:
        sys.stderr.write("".join(f"{path}: differs\n" for path in differing))
        return 1 if differing else 0
    for path in differing:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(generated()[path], encoding="utf-8")
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
