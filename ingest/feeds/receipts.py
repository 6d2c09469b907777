"""What a sender is answered with, and keeps as proof."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.refusal import Refusal
from schemas.time import from_ms

Number = Annotated[int, Field(ge=0)]
Durable = Literal["disk", "kafka"]


class RejectedEvent(BaseModel):
    """One event that was refused. Vietnamese: sự kiện bị từ chối."""

    index: Number = Field(description="its place in the request, from 0; blank lines of a stream don't count")
    id: str | None = Field(description="its id, where it could be read")
    code: Refusal
    detail: str = Field(description="what to change")


class RepeatedEvent(BaseModel):
    """One event that was here already, with the same content."""

    index: Number
    id: str
    receipt: str | None = Field(description="the receipt it was first accepted under")


class Receipt(BaseModel):
    """What became of a request's events. Vietnamese: biên nhận."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "receipt": "r_0c9f3b6a51d84e72a1b2c3d4e5f60718",
                    "received": "2026-11-02T05:01:00.123Z",
                    "accepted": 1,
                    "duplicates": 0,
                    "rejected": [
                        {
                            "index": 1,
                            "id": "2026-11-02-000002",
                            "code": "unknown_element",
                            "detail": "the subject is none of your elements",
                        }
                    ],
                    "rejected_total": 1,
                    "repeated": [],
                    "complete": True,
                    "durable": "disk",
                    "head": "sha256:9f2c4be7d0a1537786e4c0b92a5d1f6e3c8b7a90415263748596a7b8c9d0e1f2",
                }
            ]
        }
    )

    receipt: str = Field(
        description="its id; of a request that only repeats, the first one's", examples=["r_0c9f3b6a51d84e72"]
    )
    received: AwareDatetime = Field(description="our clock when the request began")
    accepted: Number = Field(description="events that are on disk now for the first time")
    duplicates: Number = Field(description="events that were on disk already; they change nothing")
    rejected: list[RejectedEvent]
    rejected_total: Number = Field(description="more than are listed where a stream has very many")
    repeated: list[RepeatedEvent]
    complete: bool = Field(
        default=True, description="false where the body broke off or a limit ended the request"
    )
    durable: Durable = Field(
        default="disk",
        description="where the accepted and the repeated events were safe when this was answered: `disk`, the "
        "gateway's; `kafka`, all copies there too. Absent in receipts of older gateways, which knew disk alone",
    )
    head: str | None = Field(
        default=None,
        description="the audit chain's head as this gateway knew it: whoever keeps it can tell later that nothing "
        "official before it was changed; null where no ledger is at hand",
    )


@dataclass(slots=True)
class Tally:
    """The counts of one request while it runs. Lists stop at `most`; counts don't."""

    most: int
    accepted: int = 0
    duplicates: int = 0
    rejected_total: int = 0
    rejected: list[RejectedEvent] = field(default_factory=list)
    repeated: list[RepeatedEvent] = field(default_factory=list)

    def reject(self, event: RejectedEvent) -> None:
        """Count a refused event."""
        self.rejected_total += 1
        if len(self.rejected) < self.most:
            self.rejected.append(event)

    def repeat(self, event: RepeatedEvent) -> None:
        """Count a repeated event."""
        self.duplicates += 1
        if len(self.repeated) < self.most:
            self.repeated.append(event)

    def copy(self) -> "Tally":
        """One that can be counted on without changing this one."""
        return Tally(
            self.most,
            self.accepted,
            self.duplicates,
            self.rejected_total,
            list(self.rejected),
            list(self.repeated),
        )

    @property
    def events(self) -> int:
        """All events seen."""
        return self.accepted + self.duplicates + self.rejected_total

    def receipt(
        self, new_id: str, received_ms: int, *, complete: bool = True, head: str | None = None
    ) -> Receipt:
        """The answer; a request that only repeats is answered with its first receipt."""
        first = next((event.receipt for event in self.repeated if event.receipt), None)
        return Receipt(
            receipt=first if first and not self.accepted else new_id,
            received=from_ms(received_ms),
            accepted=self.accepted,
            duplicates=self.duplicates,
            rejected=self.rejected,
            rejected_total=self.rejected_total,
            repeated=self.repeated,
            complete=complete,
            head=head,
        )
