"""Fields made of what people decided about closed days. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from processors.sinks.influx.lines import Value
from schemas.figures import Figure, total_of
from schemas.influx.decisions import BEFORE, MOVED, OBJECTION, RESTATEMENT, STATES
from stores.ledger.decisions import Decided
from stores.ledger.figures import DayFigure


@dataclass(frozen=True, slots=True)
class Counted:
    """A closed day's official row, with the decisions about it."""

    official: DayFigure
    decided: Decided = field(default_factory=Decided)

    @property
    def figure(self) -> Figure:
        """What counts: after all decisions."""
        return self.decided.counted(self.official.figure)


def changed_values(found: Iterable[Counted]) -> dict[str, Value]:
    """The optional fields of `figure` and `scope`: on how many element-days something was decided, and what it moved."""
    changed = [one for one in found if one.decided.restatements or one.decided.adjustments]
    if not changed:
        return {}
    after = total_of(one.figure for one in changed)
    first = total_of(one.decided.first_closed(one.official.figure) for one in changed)
    moved = (now - then for now, then in zip(_seconds(after), _seconds(first), strict=True))
    days: dict[str, Value] = {
        "adjusted_days": sum(bool(one.decided.adjustments) for one in changed),
        "restated_days": sum(bool(one.decided.restatements) for one in changed),
    }
    return {name: count for name, count in days.items() if count} | dict(zip(MOVED, moved, strict=True))


def decision_values(one: Counted) -> Iterator[tuple[str, dict[str, Value | None]]]:
    """The fields of `decision`, by the tag `by`: each kind of decision with the figure before and after it."""
    row, decided = one.official, one.decided
    if decided.restatements:
        last = decided.restatements[-1]
        yield (
            RESTATEMENT,
            {
                "numbers": ", ".join(str(each.number) for each in decided.restatements),
                "claim": "",
                "from_ms": row.from_ms,
                "to_ms": row.to_ms,
                "decided_ms": last.at_ms,
                **_before_and_after(decided.first_closed(row.figure), row.figure),
            },
        )
    if decided.adjustments:
        about = decided.objections
        yield (
            OBJECTION,
            {
                "numbers": ", ".join(str(each.number) for each in about),
                "claim": ", ".join(dict.fromkeys(each.claim for each in about)),
                "from_ms": max(row.from_ms, min(each.from_ms for each in about)),
                "to_ms": min(row.to_ms, max(each.to_ms for each in about)),
                "decided_ms": max(each.ruled_ms or 0 for each in about),
                **_before_and_after(row.figure, one.figure),
            },
        )


def _before_and_after(before: Figure, after: Figure) -> dict[str, Value | None]:
    return {
        **dict(zip((f"{name}_s" for name in STATES), _seconds(after), strict=True)),
        **dict(zip(BEFORE, _seconds(before), strict=True)),
        "availability": after.ratios()["A"],
        "before_availability": before.ratios()["A"],
    }


def _seconds(figure: Figure) -> tuple[int, int, int, int, int]:
    return figure.up, figure.degraded, figure.down, figure.planned, figure.unknown
