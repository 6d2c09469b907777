"""The reference pages of events, of the registry, of InfluxDB and of metrics, made from the contracts (docs/reference, by schemas.generate)."""

import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final

from pydantic.fields import FieldInfo

from schemas import examples
from schemas.catalogue import CONTRACTS, CataloguedContract
from schemas.influx.reference import influxdb_page
from schemas.metrics import every_spec
from schemas.refusal import MEANING, Refusal
from schemas.registry_rows import FILES, RegistryFile
from schemas.topics import load_topics

_MADE_BY: Final = "<!-- Made by `python -m schemas.generate`; edit schemas/ instead. -->\n"


def events_page() -> str:
    """docs/reference/events.md."""
    return "\n".join(
        [
            "# Events",
            "",
            _MADE_BY,
            "CloudEvents 1.0 as JSON: one event, a JSON array (`application/cloudevents-batch+json`), or one event a",
            "line (NDJSON). Identity is (reporter, `source`, `id`); `source` begins with the reporter's id and a slash.",
            "A field that does not stand here is refused, never ignored. Times are RFC 3339 with an offset.",
            "JSON Schemas: `schemas/jsonschema/`; all examples: `schemas/examples/`.",
            "",
            *(line for one in CONTRACTS if one.group == "event" for line in _event(one)),
            "## What the receiver adds",
            "",
            "Archived events also carry `receivedtime`, `track` (`measured` or `declared`, from the sender's identity),",
            "`reporter`, and `origin` (`simulated` or `imported`) unless they were observed live.",
            "A sender that sets one of these is refused.",
            "",
            "## Why an event is refused",
            "",
            "| code | meaning |",
            "|---|---|",
            *(f"| `{code}` | {MEANING[code]} |" for code in Refusal),
            "",
            "## Results",
            "",
            "| contract | what |",
            "|---|---|",
            *(f"| `{one.id}` | {one.title} |" for one in CONTRACTS if one.group in {"result", "control"}),
            "",
            "## Topics",
            "",
            "| topic | key | partitions | kept | who writes | who reads | messages |",
            "|---|---|---|---|---|---|---|",
            *_topics(),
            "",
        ]
    )


def registry_page() -> str:
    """docs/reference/registry.md."""
    return "\n".join(
        [
            "# Registry",
            "",
            _MADE_BY,
            "A directory of CSV files: UTF-8, a header line, ISO dates, empty = not known. Lists in a cell are separated",
            "by `;`. Columns may stand in any order; an unknown one is an error that names the nearest known one.",
            "`btswatch registry validate DIR` finds everything that is wrong in one pass, `btswatch registry import DIR",
            "FILE...` takes CSV and XLSX (a sheet for each file), `export` and `template` write them.",
            "",
            "Several rows of one id, with `valid_from` and `valid_to` (local days, the second one no longer counts), say",
            "what a station or link was when. A day's figure uses the row in force on that day.",
            "`commissioned` and `decommissioned` are RFC 3339 or a date, which is the start of that local day.",
            "Stations and links share one name space. Coordinates lie in 8 to 24 N, 102 to 110 E.",
            "",
            *(line for file in FILES for line in _file(file)),
            "## credentials.toml",
            "",
            "Beside the CSV files, never in git, mode 0600 or the program refuses. Names are what the column `credential`",
            "holds. `auth_protocol`: SHA, SHA-224, SHA-256, SHA-384, SHA-512; `priv_protocol`: AES-128, AES-192, AES-256.",
            "",
            "```toml",
            "[community.access]",
            'version = "2c"           # or "1"',
            'community = "..."',
            "",
            "[usm.core]",
            'user = "btswatch"',
            'auth_protocol = "SHA-256"',
            'auth_key = "..."         # eight characters or more',
            'priv_protocol = "AES-128"',
            'priv_key = "..."',
            'context = ""',
            "```",
            "",
        ]
    )


def metrics_page() -> str:
    """docs/reference/metrics.md."""
    return "\n".join(
        [
            "# Metrics",
            "",
            _MADE_BY,
            "Prometheus text on `/metrics` of each process: pollers and traps on `status.ingest_port`, engine, archive and",
            "closing on `status.engine_port`, gateway and console on their own ports ([settings](settings.md)). Parts that share a",
            "process share its metrics. A metric appears with its first value. Histograms come as `_bucket`, `_sum` and `_count`.",
            "",
            "| metric | kind | labels | what it tells |",
            "|---|---|---|---|",
            *(
                f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.help} |"
                for one in every_spec()
            ),
            "",
        ]
    )


def influx_page() -> str:
    """docs/reference/influxdb.md."""
    return "\n".join(["# InfluxDB", "", _MADE_BY, *influxdb_page()])


PAGES: Final[dict[str, Callable[[], str]]] = {
    "events.md": events_page,
    "influxdb.md": influx_page,
    "metrics.md": metrics_page,
    "registry.md": registry_page,
}


def _event(contract: CataloguedContract) -> Iterator[str]:
    yield f"## btswatch.{contract.id}"
    yield ""
    yield contract.title
    yield ""
    assert contract.model is not None
    data: Any = contract.model.model_fields["data"].annotation
    if data.model_fields:
        yield f"`data`: {_sentence(data)}"
        yield ""
        yield "| field | type | |"
        yield "|---|---|---|"
        schema = data.model_json_schema(by_alias=True)
        required = schema.get("required", [])
        for name, field in schema["properties"].items():
            mark = "" if name in required else "?"
            yield f"| `{name}`{mark} | {type_text(field, schema.get('$defs', {}))} | {field.get('description', '')} |"
        yield ""
    canonical = [one for one in examples.load(contract.name, contract.version) if one.set == "canonical"]
    fullest = max(canonical, key=lambda one: len(one.body))
    yield "```json"
    yield json.dumps(json.loads(fullest.body), ensure_ascii=False, indent=2)
    yield "```"
    yield ""


def type_text(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A JSON Schema's type as a reader says it."""
    if "$ref" in field:
        return type_text(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        kinds = [type_text(one, definitions) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(kinds)
    values = field.get("enum", [field["const"]] if "const" in field else [])
    if values:
        return ", ".join(f"`{value}`" for value in values)
    kind = str(field.get("type", "any"))
    if kind == "array":
        return f"list of {type_text(field['items'], definitions)}"
    if kind == "object" and "properties" in field:
        return "{" + ", ".join(field["properties"]) + "}"
    if kind == "object":
        rest: dict[str, Any] = field.get("additionalProperties") or next(
            iter(field.get("patternProperties", {}).values()), {}
        )
        return f"object of {type_text(rest, definitions)}"
    if field.get("format") in {"date-time", "path"}:
        return {"date-time": "time", "path": "path"}[field["format"]]
    return {"string": "text", "integer": "whole number"}.get(kind, kind)


def _topics() -> Iterator[str]:
    for topic in load_topics().values():
        days = topic.retention.hours // 24
        messages = ", ".join(f"`{version.contract}`" for version in topic.schemas)
        writers, readers = ", ".join(topic.producers), ", ".join(topic.consumers)
        cells = (
            f"`{topic.topic}`",
            topic.key.by,
            topic.partitions,
            f"{days} days",
            writers,
            readers,
            messages,
        )
        yield f"| {' | '.join(str(cell) for cell in cells)} |"


def _file(file: RegistryFile) -> Iterator[str]:
    title = _sentence(file.model)
    yield f"## {file.name}"
    yield ""
    yield title
    yield ""
    yield "| column | |"
    yield "|---|---|"
    for name, field in file.model.model_fields.items():
        yield f"| `{name}` | {_column(field)} |"
    yield ""


def _column(field: FieldInfo) -> str:
    parts = [field.description or ""]
    if field.is_required():
        parts.insert(0, "must not be empty")
    choices = _choices(field.annotation)
    if choices:
        parts.append(", ".join(f"`{choice}`" for choice in choices))
    if field.default not in (None, "", ()) and not field.is_required():
        default = field.default.value if isinstance(field.default, Enum) else field.default
        parts.append(f"default `{default}`")
    return "; ".join(part for part in parts if part)


def _choices(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(one.value) for one in annotation]
    return [choice for part in getattr(annotation, "__args__", ()) for choice in _choices(part)]


def _sentence(model: type[Any]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]
