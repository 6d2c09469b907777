"""What an enterprise may see of its own registry rows: nothing of how the regulator polls them."""

from datetime import date
from typing import Self

from pydantic import AwareDatetime, BaseModel, Field

from schemas.registry import Element, Kind, Registry
from schemas.status import Policy
from schemas.time import from_ms


class OwnElement(BaseModel):
    """A station or link. Vietnamese: trạm BTS, tuyến truyền dẫn."""

    id: str
    kind: Kind
    name: str
    unit: str | None = Field(description="code of the commune or ward; links have none")
    lat: float | None
    lon: float | None
    technologies: tuple[str, ...]
    cells: int | None
    a_end: str | None
    b_end: str | None
    medium: str | None
    capacity_mbps: float | None
    commissioned: AwareDatetime | None
    decommissioned: AwareDatetime | None
    policy: Policy
    declared_valid_for_s: int = Field(description="seconds for which a reported up or degraded holds")
    depends_on: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None

    @classmethod
    def of(cls, row: Element, own: frozenset[str]) -> Self:
        """The row as its owner sees it; `own` are the ids it may know of."""
        return cls(
            id=row.id,
            kind=row.kind,
            name=row.name,
            unit=row.unit,
            lat=row.lat,
            lon=row.lon,
            technologies=row.technologies,
            cells=row.cells,
            a_end=row.a_end if row.a_end in own else None,
            b_end=row.b_end if row.b_end in own else None,
            medium=row.medium,
            capacity_mbps=row.capacity_mbps,
            commissioned=None if row.commissioned is None else from_ms(row.commissioned),
            decommissioned=None if row.decommissioned is None else from_ms(row.decommissioned),
            policy=row.policy,
            declared_valid_for_s=row.declared_valid_for_s,
            depends_on=tuple(each for each in row.depends_on if each in own),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )


class OwnElements(BaseModel):
    """The rows in force on a local day, by id."""

    enterprise: str
    on: date
    registry: str = Field(description="digest of the registry")
    elements: list[OwnElement]


def own_elements(registry: Registry, enterprise: str, on: date) -> OwnElements:
    """The enterprise's rows in force on the day."""
    rows = [
        row
        for element in sorted(registry.elements)
        if (row := registry.on(element, on)) is not None and row.enterprise == enterprise
    ]
    own = frozenset(row.id for row in rows)
    return OwnElements(
        enterprise=enterprise,
        on=on,
        registry=registry.digest,
        elements=[OwnElement.of(row, own) for row in rows],
    )
