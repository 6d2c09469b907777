"""What the pollers see of the devices themselves, and when they could not see at all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from stores.ledger.tables import device_health, vantage_incidents
from stores.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """One agent as its poller sees it.

    `outcome` is the last poll's (answered, partial, silent, refused, malformed), `since_ms` since when it is so,
    `failures` how many polls in a row told nothing.
    """

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


def drop_devices(connection: Connection, vantage: str, *, but: Collection[str]) -> None:
    """Forget the vantage's devices except those: what is polled no more has no state."""
    mine = connection.execute(select(device_health.c.device).where(device_health.c.vantage == vantage))
    gone = [{"gone": device} for device in mine.scalars() if device not in but]
    if gone:
        connection.execute(device_health.delete().where(device_health.c.device == bindparam("gone")), gone)


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


def close_incidents(connection: Connection, vantage: str, closed_ms: int) -> None:
    """Close what the vantage left open."""
    mine = vantage_incidents.c
    connection.execute(
        vantage_incidents.update()
        .where(mine.vantage == vantage, mine.closed_ms.is_(None))
        .values(closed_ms=closed_ms)
    )


def incidents(connection: Connection, since_ms: int) -> list[VantageIncident]:
    """Incidents that are open or were at `since_ms`, the newest first."""
    query = (
        select(vantage_incidents)
        .where((vantage_incidents.c.closed_ms.is_(None)) | (vantage_incidents.c.closed_ms >= since_ms))
        .order_by(vantage_incidents.c.opened_ms.desc())
    )
    return [VantageIncident(**row) for row in connection.execute(query).mappings()]
