"""An alert: what it is about by its labels, when it started, and when it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_OFFSET: Final = 14_695_981_039_346_656_037
_PRIME: Final = 1_099_511_628_211
_SEPARATOR: Final = 0xFF

Status = Literal["firing", "resolved"]
GROUP_BY: Final = ("enterprise", "unit")


def fingerprint(labels: Mapping[str, str]) -> str:
    """As Alertmanager makes it: FNV-1a over the labels in order of their names, each name and value ended by 0xFF."""
    value = _OFFSET
    for name in sorted(labels):
        for byte in (*name.encode(), _SEPARATOR, *labels[name].encode(), _SEPARATOR):
            value = ((value ^ byte) * _PRIME) & 0xFFFF_FFFF_FFFF_FFFF
    return f"{value:016x}"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. A receiver tells repetitions by `fingerprint` and `starts_ms`.

    Attributes:
        labels: what it is about.
        facts: what its text says beside, such as a threshold.
        ends_ms: None while it is firing.
    """

    labels: Mapping[str, str]
    facts: Mapping[str, str]
    starts_ms: int
    ends_ms: int | None = None

    @property
    def fingerprint(self) -> str:
        """Of the labels."""
        return fingerprint(self.labels)

    @property
    def status(self) -> Status:
        """Firing until it has an end."""
        return "firing" if self.ends_ms is None else "resolved"

    @property
    def group(self) -> tuple[tuple[str, str], ...]:
        """The labels by which alerts share a message."""
        return tuple((name, self.labels[name]) for name in GROUP_BY if name in self.labels)
