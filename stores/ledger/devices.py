"""What the pollers see of the devices themselves, and when they could not see at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from stores.ledger.tables import device_health, vantage_incidents
from stores.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """One agent as its poller sees it. `outcome` is the last poll's typed outcome, `since_ms` how long it is so."""

    device: str
    vantage: str
    outcome: str
    since_ms: int
    answered_ms: int | None
    round_trip_ms: int | None
    failures: int
    detail: str | None
    updated_ms: int


@dataclass(frozen=True, slots=True)
class VantageIncident:
    """A poller was blind on a path of an enterprise: what it missed is unknown, not down."""

    vantage: str
    path: str
    opened_ms: int
    closed_ms: int | None
    reason: str
    devices: int


def save_devices(connection: Connection, healths: Sequence[DeviceHealth]) -> None:
    """Replace these devices' rows."""
    names = [column.name for column in device_health.columns]
    upsert(connection, device_health, [{name: getattr(one, name) for name in names} for one in healths])


def devices(connection: Connection, *, failing_only: bool = False) -> list[DeviceHealth]:
    """All devices by name, or those whose last polls failed."""
    query = select(device_health).order_by(device_health.c.device)
    if failing_only:
        query = query.where(device_health.c.failures > 0)
    return [DeviceHealth(**row) for row in connection.execute(query).mappings()]


def save_incidents(connection: Connection, incidents: Sequence[VantageIncident]) -> None:
    """Open or close incidents; one is known by (vantage, path, opened_ms)."""
    names = [column.name for column in vantage_incidents.columns]
    upsert(connection, vantage_incidents, [{name: getattr(one, name) for name in names} for one in incidents])


def incidents(connection: Connection, since_ms: int) -> list[VantageIncident]:
    """Incidents that are open or were at `since_ms`, the newest first."""
    query = (
        select(vantage_incidents)
        .where((vantage_incidents.c.closed_ms.is_(None)) | (vantage_incidents.c.closed_ms >= since_ms))
        .order_by(vantage_incidents.c.opened_ms.desc())
    )
    return [VantageIncident(**row) for row in connection.execute(query).mappings()]
