"""The cluster's topics as data: one YAML file a topic, beside this module, read here into its own model."""

import zlib
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Contract
from schemas.catalogue import BY_ID
from schemas.yaml_text import load_yaml

SHARDS: Final = 256
"""`crc32(element) % SHARDS`; fixed at installation, since partition = shard % partitions."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Component = Annotated[
    str, Field(pattern=r"^(btswatch|ingest|processors|dashboards|stores|sinks)(\.[a-z_]+)+$")
]


class Key(Contract):
    """What a message's key is; it decides the partition and with it the order."""

    by: Literal["shard", "element", "enterprise", "reporter", "reason"]
    partitioner: Literal["explicit", "hash"] = Field(
        description="explicit: the producer sets the partition, shard % partitions; hash: the client's own"
    )


class Retention(Contract):
    """How long the broker keeps messages; what is official is in the archive and the ledger, never only here."""

    hours: Annotated[int, Field(ge=1)]
    cleanup: Literal["delete", "compact"] = "delete"


class SchemaVersion(Contract):
    """A contract that messages of the topic follow; `examples` is a folder of schemas/examples."""

    contract: str = Field(description="name and version in schemas.catalogue, such as transition.v1")
    role: Literal["message", "control"] = "message"
    compatibility: Literal["backward"] = "backward"
    examples: str | None = Field(default=None, description="absent where the parts have their own examples")

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.contract not in BY_ID:
            raise ValueError(f"no contract {self.contract}: known are {', '.join(sorted(BY_ID))}")
        return self


class Topic(Contract):
    """One topic: who owns it, who writes and reads it, and what stands in its messages."""

    topic: Name
    description: str
    owner: Component
    producers: Annotated[list[Component], Field(min_length=1)]
    consumers: Annotated[list[Component], Field(min_length=1)]
    key: Key
    partitions: Annotated[int, Field(ge=1, le=SHARDS)]
    retention: Retention
    max_message_bytes: Annotated[int, Field(ge=1_024, le=1_048_576)] = 1_000_000
    schemas: Annotated[list[SchemaVersion], Field(min_length=1)]

    @model_validator(mode="after")
    def _shards_divide(self) -> Self:
        if self.key.by == "shard" and SHARDS % self.partitions:
            raise ValueError(f"partitions must divide the {SHARDS} shards")
        return self


def shard_of(subject: str) -> int:
    """The shard of an element, or of whatever an event is about."""
    return zlib.crc32(subject.encode()) % SHARDS


def partition_of(shard: int, partitions: int) -> int:
    """Where a shard's messages go; every producer sets it explicitly."""
    return shard % partitions


@cache
def load_topics() -> dict[str, Topic]:
    """Every topic by name.

    Raises:
        ValueError: a file does not fit the model, or is not named like its topic.
    """
    topics = {}
    for path in sorted(files(__package__).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".yaml"):
            topic = Topic.model_validate(load_yaml(path.read_text(encoding="utf-8")))
            if path.name != f"{topic.topic}.yaml":
                raise ValueError(f"{path.name} describes the topic {topic.topic}")
            topics[topic.topic] = topic
    return topics
