"""Elements' figures on their way to the agent `compliance`: gathered by enterprise, many in a message, a tick behind them."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.control import Tick
from schemas.time import LATEST_MS, from_ms, to_ms

ENTRANCE: Final = "compliance"
# Between the records of a message: they are JSON without line breaks.
LINE: Final = b"\n"
_CONTROL: Final = {"kind": b"control"}


@with_config({"extra": "ignore"})
class _Addressed(TypedDict):
    enterprise: str
    as_of: Annotated[AwareDatetime, Field(ge=from_ms(0), le=from_ms(LATEST_MS))]


_ADDRESSED: Final[TypeAdapter[_Addressed]] = TypeAdapter(_Addressed)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A message by its enterprise, or a tick, to the partition `to`."""

    to: int
    key: bytes
    value: bytes
    headers: Mapping[str, bytes] | None = None


class ByEnterprise:
    """Records that came together.

    Args:
        partitions: how many the topic has.
        most_bytes: no message holds more, unless it is one record.
    """

    def __init__(self, partitions: int, most_bytes: int) -> None:
        self._partitions = partitions
        self._most_bytes = most_bytes
        self._records: dict[str, list[bytes]] = defaultdict(list)
        self._newest_ms: dict[int, int] = {}

    def take(self, record: bytes) -> None:
        """One more.

        Raises:
            pydantic.ValidationError: it does not say whose it is and as of when.
        """
        found = _ADDRESSED.validate_json(record)
        to = _partition_of(found["enterprise"], self._partitions)
        self._newest_ms[to] = max(self._newest_ms.get(to, 0), to_ms(found["as_of"]))
        self._records[found["enterprise"]].append(record)

    def messages(self) -> Iterator[Keyed]:
        """All of them, then a tick to each partition that gets one."""
        for name, records in self._records.items():
            for value in _as_lines(records, self._most_bytes):
                yield Keyed(_partition_of(name, self._partitions), name.encode(), value)
        for to, as_of_ms in self._newest_ms.items():
            tick = Tick(received_through=from_ms(as_of_ms), forwarder=ENTRANCE)
            yield Keyed(to, b"control", tick.model_dump_json().encode(), _CONTROL)


def _partition_of(enterprise: str, partitions: int) -> int:
    """Where an enterprise's figures go: the same for every worker."""
    return zlib.crc32(enterprise.encode()) % partitions


def _as_lines(records: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    """The records, one a line, in as few values as hold them."""
    piece: list[bytes] = []
    size = 0
    for record in records:
        if piece and size + len(record) > most_bytes:
            yield LINE.join(piece)
            piece, size = [], 0
        piece.append(record)
        size += len(record) + len(LINE)
    if piece:
        yield LINE.join(piece)
