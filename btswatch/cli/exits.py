"""How commands end: exit codes that scripts rely on, and errors as one readable line."""

from collections.abc import Collection
from enum import IntEnum


class Exit(IntEnum):
    """What an exit code says (interfaces: Commands)."""

    DONE = 0
    NO = 1
    MISUSE = 2
    UNREACHABLE = 3


class CommandError(Exception):
    """Ends a command with a line on stderr: what is wrong, where, and what to do."""

    def __init__(self, code: Exit, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines


def must_be_one_of(option: str, given: str | None, known: Collection[str]) -> None:
    """Nothing, or the command's end where an option has a value that is none of those it can have."""
    if given is not None and given not in known:
        raise CommandError(Exit.MISUSE, f"{option} {given}: choose {', '.join(known)}")
