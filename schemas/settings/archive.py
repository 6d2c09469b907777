"""How long the archive is kept, and settings of the cluster's archive sink; the embedded engine's writing follows `engine`."""

from typing import Annotated

from pydantic import Field

from schemas.base import Contract

TWO_YEARS = 731
"""Days that evidence is kept at least, a leap day included."""

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class ArchiveSettings(Contract):
    """How long evidence is kept; of the cluster, when its sink writes files and whom the closing of days waits for."""

    keep_days: Annotated[int, Field(ge=TWO_YEARS, le=36_525)] = Field(
        default=1_096,
        description="how many days evidence is kept before `btswatch archive prune` may take it away; never below two years",
    )
    flush_s: Seconds = Field(
        default=300.0,
        description="longest time an event on the brokers waits for its file; every flush makes files, which a day's closing merges",
    )
    flush_bytes: Annotated[int, Field(ge=65_536)] = Field(
        default=16 << 20, description="most that waits for a file in memory"
    )
    retired_forwarders: tuple[str, ...] = Field(
        default=(),
        description="forwarders that are gone for good, as the alarm `forwarder_silent` names them: closing waits for them no more",
    )
    silent_s: Seconds = Field(
        default=3_600.0, description="a forwarder that holds up a closing for so long raises an alarm"
    )
    margin_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=60.0, description="how long an event may take from its receipt into the journal"
    )
