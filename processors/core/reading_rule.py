"""How an element is read on a day: from its registry row and its enterprise."""

from processors.core.conventions import Grid
from processors.core.reading import ReadingRule
from processors.core.track import TrackRule
from schemas.registry import Element, Registry
from schemas.status import Feed, NoResponse


def reading_rule(row: Element, registry: Registry, grid: Grid) -> ReadingRule:
    """The rule of a registry row (spec sections 3 and 4)."""
    enterprise = registry.enterprises[row.enterprise]
    confirm = grid.conventions.confirm_slots
    transition = enterprise.feed is Feed.TRANSITION
    return ReadingRule(
        enterprise=row.enterprise,
        policy=row.policy,
        measured=TrackRule(
            grid.slots_for(row.measured_valid_for_s),
            confirm,
            silence_is_unknown=row.no_response is NoResponse.UNKNOWN,
        ),
        declared=TrackRule(
            grid.slots_for(row.declared_valid_for_s), confirm, down_holds=True, alive_only=transition
        ),
        alive_slots=grid.slots_for(3 * enterprise.heartbeat_s) if transition else 0,
    )
