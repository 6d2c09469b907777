"""What `btswatch rebuild` asks of a target: local days, and a way to tell how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from btswatch.settings import Settings


@dataclass(frozen=True)
class Wanted:
    """The local days `[first, until)` are to be made again from the archive.

    `tell` prints a line of progress; `now_ms` is the clock.
    """

    settings: Settings
    first: date
    until: date
    tell: Callable[[str], None]
    now_ms: Callable[[], int]


class RebuildRefusedError(Exception):
    """Nothing (more) is rebuilt: it would change what must not change. Each line says what."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
