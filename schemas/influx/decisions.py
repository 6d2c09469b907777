"""What people decided about closed days: in the figures that it changed, and in a measurement of its own."""

from typing import Final

from schemas.influx.model import Field, Measurement, Role, Tag, Type

STATES: Final = ("up", "degraded", "down", "planned", "unknown")
MOVED: Final = tuple(f"moved_{name}_s" for name in STATES)
BEFORE: Final = tuple(f"before_{name}_s" for name in STATES)
OBJECTION: Final = "objection"
RESTATEMENT: Final = "restatement"

CHANGED: Final = (
    Field(
        "adjusted_days",
        Type.INTEGER,
        "count",
        "element-days of which upheld objections moved seconds (điều chỉnh theo khiếu nại); absent where none",
        optional=True,
    ),
    Field(
        "restated_days",
        Type.INTEGER,
        "count",
        "element-days that a person restated (điều chỉnh số liệu); absent where none",
        optional=True,
    ),
    *(
        Field(
            moved,
            Type.INTEGER,
            "s",
            f"of `{name}_s`, what these decisions moved: `{name}_s` - `{moved}` was first closed",
            optional=True,
        )
        for name, moved in zip(STATES, MOVED, strict=True)
    ),
)
"""Of `figure` and `scope`: their seconds are those after all decisions."""


def decision(element: tuple[Tag, ...]) -> Measurement:
    """The measurement of decisions; `element` are the tags of what they are about."""
    return Measurement(
        "decision",
        Role.LONG,
        "What people decided about closed figures (quyết định điều chỉnh): a point per element and local day for its upheld"
        " objections (khiếu nại), and one for its restatements. Who and why stand in the ledger alone.",
        "the local day's start",
        "the ledger's, within a minute of the decision",
        (*element, Tag("by", f"{OBJECTION}, {RESTATEMENT}")),
        (
            Field("numbers", Type.TEXT, "", "the objections' or restatements' numbers, such as 3, 7"),
            Field("claim", Type.TEXT, "", "what objections made of the interval; empty for restatements"),
            Field("from_ms", Type.INTEGER, "ms", "start of what it is about within the day, since the epoch"),
            Field("to_ms", Type.INTEGER, "ms", "its end"),
            Field("decided_ms", Type.INTEGER, "ms", "when the last of them was decided"),
            *(Field(f"{name}_s", Type.INTEGER, "s", f"{name} after the decision") for name in STATES),
            *(
                Field(before, Type.INTEGER, "s", f"{name} before it; 0 where there was no figure")
                for name, before in zip(STATES, BEFORE, strict=True)
            ),
            Field(
                "availability",
                Type.FLOAT,
                "ratio",
                "A after it: ok / (ok + down); absent where nothing is known",
                optional=True,
            ),
            Field("before_availability", Type.FLOAT, "ratio", "A before it", optional=True),
        ),
    )
