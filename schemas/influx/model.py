"""What describes InfluxDB's content: buckets, measurements, tags, fields, downsampling. Plain values, no client."""

from dataclasses import dataclass
from enum import StrEnum

DAY_S = 86_400


class Role(StrEnum):
    """Which bucket: their names are made of a prefix, so that installations and tests can share a server."""

    MAIN = "main"
    RAW = "raw"
    LONG = "long"


class Type(StrEnum):
    """A field's type in InfluxDB; a field never changes it, or the server refuses the point."""

    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "string"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket; retention is a setting, `retention_s` its default.

    A query opens every shard that its range touches, for every series: short ones make long ranges slow.
    """

    role: Role
    suffix: str
    retention_s: int
    shard_s: int
    holds: str

    def name(self, prefix: str) -> str:
        """Its name on a server."""
        return prefix + self.suffix


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and the bounded set that its values come from. A value outside of it is refused."""

    name: str
    values: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `unit` is empty for what has none."""

    name: str
    type: Type
    unit: str
    meaning: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement; `time` says what its points' time is, `source` from which topic or task they come."""

    name: str
    bucket: Role
    title: str
    time: str
    source: str
    tags: tuple[Tag, ...]
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of this name.

        Raises:
            KeyError: there is none.
        """
        try:
            return next(one for one in self.fields if one.name == name)
        except StopIteration:
            raise KeyError(f"{self.name} has no field {name}") from None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Fields that end in `suffix` (empty: the raw ones) are put together by `function` and end in `into`."""

    function: str
    suffix: str
    into: str


@dataclass(frozen=True, slots=True)
class Task:
    """A downsampling task: every window of the last `covers` is made anew, so that what came late is in it."""

    source: str
    target: str
    window: str
    every: str
    offset: str
    covers: str
    aggregates: tuple[Aggregate, ...]
