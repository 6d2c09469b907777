"""Every contract by name and version: what JSON Schema, AsyncAPI, examples and the reference pages are made from.

A name with its version never changes its meaning: what would break a reader or a sender becomes the next version,
and the former stays here until nobody uses it.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, TypeAdapter

from schemas import control, dead_letters, element_state, figure_record, indicator_verdict, live, verdict
from schemas import registry_rows as rows
from schemas.events import (
    ARCHIVED,
    ARCHIVED_BATCH,
    Heartbeat,
    Inspection,
    Maintenance,
    Measurement,
    Report,
    StatusEvent,
)

Group = Literal["event", "archive", "result", "control", "registry"]


@dataclass(frozen=True)
class CataloguedContract:
    """One version of one contract; `examples` says whether schemas/examples/NAME/vVERSION must exist."""

    name: str
    version: int
    group: Group
    adapter: TypeAdapter[Any]
    title: str
    model: type[BaseModel] | None = None

    @property
    def id(self) -> str:
        """Such as `status.v1`: the file name in schemas/jsonschema and the key in topic files."""
        return f"{self.name}.v{self.version}"

    @property
    def has_examples(self) -> bool:
        """Rows of the registry have registries as examples instead (tests of stores.registry)."""
        return self.group in {"event", "result", "control"}


def _of(name: str, group: Group, model: type[BaseModel], version: int = 1) -> CataloguedContract:
    title = (model.__doc__ or "").strip().splitlines()[0]
    return CataloguedContract(name, version, group, TypeAdapter(model), title, model)


CONTRACTS: Final = (
    _of("status", "event", StatusEvent),
    _of("measurement", "event", Measurement),
    _of("maintenance", "event", Maintenance),
    _of("heartbeat", "event", Heartbeat),
    _of("report", "event", Report),
    _of("inspection", "event", Inspection),
    CataloguedContract("archived", 1, "archive", ARCHIVED, "Any event with what the receiver added."),
    CataloguedContract("evidence_batch", 1, "archive", ARCHIVED_BATCH, "Archived events of one shard."),
    _of("figure", "result", figure_record.Figure),
    _of("figure_record", "result", figure_record.FigureRecord),
    _of("transition", "result", element_state.Transition),
    _of("day_transitions", "result", live.DayTransitions),
    _of("feed_activity", "result", live.FeedActivity),
    _of("late_evidence", "result", live.LateEvidence),
    _of("element_state", "result", element_state.ElementState),
    _of("verdict", "result", verdict.Verdict),
    _of("indicator_verdict", "result", indicator_verdict.IndicatorVerdict),
    _of("dead_letter", "result", dead_letters.DeadLetter),
    _of("tick", "control", control.Tick),
    _of("in_force", "control", control.InForce),
    _of("settled", "control", dead_letters.Settled),
    *(_of(f"registry_{file.stem}", "registry", file.model) for file in rows.FILES),
)
BY_ID: Final = {contract.id: contract for contract in CONTRACTS}


def contract(name: str, version: int = 1) -> CataloguedContract:
    """The contract of that name and version.

    Raises:
        KeyError: there is none.
    """
    return BY_ID[f"{name}.v{version}"]


def event_contract(event_type: str) -> CataloguedContract | None:
    """The contract of a CloudEvents type such as `btswatch.status.v1`, None if there is no such type."""
    found = BY_ID.get(event_type.removeprefix("btswatch."))
    return found if found is not None and found.group == "event" else None
