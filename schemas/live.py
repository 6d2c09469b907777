"""What the cluster's workers tell beside figures: whole sets of transitions, feeds' activity, late evidence.

Live and provisional: what is official is made from the archive when a day closes.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.base import Contract
from schemas.element_state import State
from schemas.events.envelope import Day, Identifier, Moment
from schemas.refusal import Refusal
from schemas.registry import Kind
from schemas.status import Cause, Status

Count = Annotated[int, Strict(), Field(ge=0)]


class Change(Contract):
    """One change of an element's effective state. Vietnamese: chuyển trạng thái."""

    at: Moment = Field(description="the evidence's own time where one made the change, else the slot's start")
    from_: State = Field(alias="from")
    to: State
    cause: Cause | None = None


class DayTransitions(Contract):
    """All changes of one element on one local day: a reader replaces what it had of them, since late evidence moves them.

    Vietnamese: các lần chuyển trạng thái trong ngày.
    """

    element: Identifier
    kind: Kind
    enterprise: Identifier
    unit: Identifier | None = None
    day: Day = Field(description="the local day")
    as_of: Moment = Field(description="engine time: everything received until then is in it")
    changes: list[Change] = Field(
        description="in order of time; empty where what was told before is withdrawn"
    )


class Refusals(Contract):
    """How many events of a feed were refused for one reason on one local day of receipt."""

    day: Day
    code: Refusal
    events: Annotated[int, Strict(), Field(ge=1)]
    last: Moment


class FeedActivity(Contract):
    """What one partition saw of a reporter, as absolute counts since the installation. Vietnamese: hoạt động của nguồn tin.

    A reader keeps the newest of each (reporter, partition) and adds the partitions up; so it may come twice.
    """

    feed: Literal["activity"] = "activity"
    reporter: Identifier
    partition: Count
    as_of: Moment = Field(description="engine time of the partition")
    last_life: Moment | None = Field(default=None, description="the newest sign of life's own time")
    last_received: Moment | None = None
    accepted: Count
    refused: Count
    refusals: list[Refusals] = Field(default=[], description="those of the days that are open")


class LateEvidence(Contract):
    """Evidence that came after its day's close: a proposal, which changes no figure by itself. Vietnamese: bằng chứng đến muộn."""

    feed: Literal["late"] = "late"
    number: Count = Field(
        description="63 bits of SHA-256 over (reporter, source, id): the same event has the same"
    )
    day: Day
    element: Identifier
    reporter: Identifier
    at: Moment
    received: Moment
    status: Status
