"""How a state looks, everywhere: one colour, one shape, one place in the order of badness.

The colours stand in static/console.css by the look's name. They keep their distance under protanopia and
deuteranopia (after Okabe and Ito), and none carries a meaning alone: each state also has its own shape.
Unknown is grey, and hollow: it is never taken for up.
"""

from dataclasses import dataclass
from typing import Final

from schemas.status import Reading


@dataclass(frozen=True, slots=True)
class Look:
    """`name` is the class in CSS and the key of the label; `symbol` is the map's word for the glyph."""

    name: str
    glyph: str
    symbol: str
    badness: int


LOOKS: Final[dict[Reading, Look]] = {
    Reading.DOWN: Look("down", "◆", "diamond", 4),
    Reading.DEGRADED: Look("degraded", "▲", "triangle", 3),
    Reading.UNKNOWN: Look("unknown", "○", "circle", 2),
    Reading.PLANNED: Look("planned", "■", "rect", 1),
    Reading.UP: Look("up", "●", "circle", 0),
}
