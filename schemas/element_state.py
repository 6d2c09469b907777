"""How an element stands, and how its state changed. Live and provisional."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.base import Contract
from schemas.events.envelope import Identifier, Moment, Text
from schemas.registry import Kind
from schemas.status import Cause

Known = Literal["up", "degraded", "down", "unknown"]
State = Literal["up", "degraded", "down", "planned", "unknown"]


class Transition(Contract):
    """An element's effective state changed. Live and provisional. Vietnamese: chuyển trạng thái.

    A reader replaces the whole (element, day) set: late evidence moves transitions.
    """

    element: Identifier
    kind: Kind
    enterprise: Identifier
    unit: Identifier | None = None
    day: date = Field(description="the local day that holds `at`")
    at: Moment = Field(description="the evidence's own time where one made the change, else the slot's start")
    from_: State = Field(alias="from")
    to: State
    measured: Known
    declared: Known
    cause: Cause | None = None
    origin: Literal["simulated", "imported"] | None = None


class ElementState(Contract):
    """How an element stands now. Vietnamese: trạng thái hiện tại."""

    element: Identifier
    kind: Kind
    enterprise: Identifier
    state: State
    measured: Known
    declared: Known
    since: Moment | None = Field(
        default=None, description="start of the state; absent if before what is kept"
    )
    as_of: Moment = Field(description="engine time: everything received until then is in it")
    last_measured: Moment | None = None
    last_declared: Moment | None = None
    cause: Cause | None = None
    unit: Identifier | None = Field(default=None, description="the element's area code")
    measured_code: Annotated[int, Strict(), Field(ge=1, le=4)] | None = Field(
        default=None, description="the status of the newest measured evidence: 1 no_response .. 4 down"
    )
    declared_code: Annotated[int, Strict(), Field(ge=1, le=4)] | None = None
    detail: Text | None = Field(default=None, description="the newest evidence's own words")
    metrics: dict[str, float] | None = Field(default=None, description="the newest evidence's numbers")
