"""Which alerts go out together, and when. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from processors.sinks.notify.alert import Alert

Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Untold:
    """An alert whose present status a receiver does not know, and since when it has been so."""

    alert: Alert
    changed_ms: int


@dataclass(frozen=True, slots=True)
class Pace:
    """See `schemas.settings.notify`."""

    wait_ms: int
    interval_ms: int
    most: int


@dataclass(frozen=True, slots=True)
class Notification:
    """One message: alerts of one group."""

    group: Group
    alerts: tuple[Alert, ...]

    @property
    def key(self) -> str:
        """Alertmanager's form of a group's key."""
        return "{}:{" + ", ".join(f'{name}="{value}"' for name, value in self.group) + "}"


def due(
    untold: Sequence[Untold], sent_ms: Mapping[Group, int], pace: Pace, now_ms: int, *, hurry: bool = False
) -> list[Notification]:
    """What is to be sent now; groups in order of their oldest alert.

    Args:
        untold: in any order.
        sent_ms: when a group was last sent.
        pace: the pauses.
        now_ms: the clock.
        hurry: nothing is waited for (the process is about to end).
    """
    groups: dict[Group, list[Untold]] = {}
    for one in sorted(untold, key=lambda one: (one.changed_ms, one.alert.starts_ms, one.alert.fingerprint)):
        groups.setdefault(one.alert.group, []).append(one)
    found = []
    for group, members in groups.items():
        waited = now_ms - members[0].changed_ms >= pace.wait_ms
        rested = now_ms - sent_ms.get(group, -pace.interval_ms) >= pace.interval_ms
        if hurry or (waited and rested):
            alerts = [one.alert for one in members]
            found += [
                Notification(group, tuple(alerts[start : start + pace.most]))
                for start in range(0, len(alerts), pace.most)
            ]
    return found
