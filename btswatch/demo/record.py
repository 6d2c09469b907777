"""What a demonstration's data directory remembers of it: with this it goes on, whenever it is started again.

DATA/demo.json          the record
DATA/demo-keys.json     the simulated enterprises' API tokens (0600)
DATA/history.json       how far the past has been written
DATA/btswatch.toml      settings, as for any installation (`btswatch check --settings DATA/btswatch.toml`)
DATA/registry/          registry and credentials.toml
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import Field, ValidationError

from schemas.base import Contract
from stores.registry.write import write_file

RECORD: Final = "demo.json"
TOKENS: Final = "demo-keys.json"
PROGRESS: Final = "history.json"
SETTINGS: Final = "btswatch.toml"
REGISTRY: Final = "registry"
ModelT = TypeVar("ModelT", bound=Contract)


class DemoRecordError(Exception):
    """A file of the demonstration can't be used."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path


class DemoRecord(Contract):
    """What was asked for at the beginning, and when that was."""

    stations: int = Field(ge=5, le=20_000)
    days: int = Field(ge=0, le=366)
    seed: int
    live_from: int = Field(description="the first start, ms since the epoch")
    network: int = Field(ge=1, le=254, description="second octet of the agents' addresses")
    agents_port: int = Field(ge=1, le=65_535)


class HistoryProgressRecord(Contract):
    """Local days of the past that are written; `announced`: what the first open one announces is, before the rest of it."""

    in_journal: tuple[str, ...] = ()
    announced: bool = False


def read(path: Path, model: type[ModelT]) -> ModelT | None:
    """The file's content, None where there is no such file.

    Raises:
        DemoRecordError: it is damaged.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        raise DemoRecordError(
            path, "can't be read: delete the directory to begin a new demonstration"
        ) from error


def save(path: Path, record: Contract) -> None:
    """Replace the file as a whole."""
    write_file(path, record.model_dump_json(indent=1).encode() + b"\n")


def save_tokens(data: Path, tokens: Mapping[str, str]) -> None:
    """The enterprises' tokens, for nobody else to read."""
    temporary = data / f".{TOKENS}.new"
    os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    write_file(data / TOKENS, json.dumps(tokens, indent=1).encode() + b"\n")


def read_tokens(data: Path) -> dict[str, str]:
    """Token by enterprise.

    Raises:
        DemoRecordError: the file is damaged or missing.
    """
    path = data / TOKENS
    try:
        return {str(name): str(token) for name, token in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise DemoRecordError(
            path, "can't be read: delete the directory to begin a new demonstration"
        ) from error
