"""Writes what is made from the contracts: JSON Schemas, the AsyncAPI document, and their reference pages.

    python -m schemas.generate              write them; refused (exit 1) while a change would break what is in use
    python -m schemas.generate --check      write nothing; exit 1 when something differs from what is committed
    python -m schemas.generate --release    also make the present schemas the baseline that changes are compared with

The baseline (schemas/jsonschema/baseline) is each version as it was last released.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema

from schemas.asyncapi import asyncapi_document
from schemas.breaking import breaking_changes
from schemas.catalogue import BY_ID, CONTRACTS, CataloguedContract
from schemas.reference import PAGES

ROOT: Final = Path(__file__).parent.parent
JSON_SCHEMAS: Final = Path("schemas/jsonschema")
BASELINE: Final = JSON_SCHEMAS / "baseline"


def json_schema(contract: CataloguedContract) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a contract: what a message must look like to be taken."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:btswatch:{contract.id}",
        **contract.adapter.json_schema(by_alias=True, mode="validation", schema_generator=_ClosedMappings),
    }


class _ClosedMappings(GenerateJsonSchema):
    """pydantic leaves keys that miss the pattern to anybody; the models refuse them, so must the schemas."""

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        if "patternProperties" in found:
            found["additionalProperties"] = False
        return found


def generated() -> dict[Path, str]:
    """Every generated file, by its path in the repository."""
    files: dict[Path, str] = {
        JSON_SCHEMAS / f"{contract.id}.json": _text(json_schema(contract)) for contract in CONTRACTS
    }
    files[Path("schemas/asyncapi.json")] = _text(asyncapi_document())
    files.update((Path("docs/reference") / name, page()) for name, page in PAGES.items())
    return files


def drift(root: Path = ROOT) -> list[str]:
    """Generated files that differ from the committed ones, and committed schemas that nothing generates."""
    files = generated()
    found = [f"{path}: differs" for path, text in files.items() if _read(root / path) != text]
    strays = {path.relative_to(root) for path in (root / JSON_SCHEMAS).glob("*.json")} - set(files)
    return found + [f"{path}: no contract has this name" for path in sorted(strays)]


def broken(root: Path = ROOT) -> list[str]:
    """Breaking changes of every contract against its baseline, and baselines whose contract is gone."""
    found = []
    for path in sorted((root / BASELINE).glob("*.json")):
        contract = BY_ID.get(path.stem)
        if contract is None:
            found.append(f"{path.stem}: the contract was removed")
            continue
        old: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found.extend(f"{contract.id}: {change}" for change in breaking_changes(old, json_schema(contract)))
    return found


def write(root: Path = ROOT, *, release: bool = False) -> list[Path]:
    """Writes every generated file that differs; with `release` the baselines too. Gives what was written."""
    files = generated()
    if release:
        files.update((BASELINE / f"{one.id}.json", _text(json_schema(one))) for one in CONTRACTS)
    written = []
    for path, text in files.items():
        if _read(root / path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command line; gives the exit code."""
    parser = ArgumentParser(prog="python -m schemas.generate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a difference")
    parser.add_argument("--release", action="store_true", help="make the present schemas the baseline")
    chosen = parser.parse_args(arguments)
    problems = [*broken(), *(drift() if chosen.check else ())]
    if problems:
        sys.stderr.write("".join(f"{problem}\n" for problem in problems))
        return 1
    if not chosen.check:
        sys.stdout.write("".join(f"{path}\n" for path in write(release=chosen.release)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
