"""Who we are to senders of SNMPv3 informs: a stable engine ID, and how often it was started."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# RFC 3411 SnmpEngineID: highest bit, 32473 (RFC 5612, the enterprise number for examples: we have none of our own),
# format 5 (octets).
_PREFIX = bytes.fromhex("80007ed905")
_RANDOM_OCTETS = 12
_BOOTS_KEPT = 1_000


class IdentityError(Exception):
    """The file can't be used. Going on with another engine ID would lock out every sender of informs."""


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the engine."""

    number: int
    started_ms: int


@dataclass(frozen=True, slots=True)
class Identity:
    """The engine ID and its starts, oldest first; the last one is the current."""

    engine_id: bytes
    boots: tuple[Boot, ...]

    def boot_at(self, at_ms: int) -> Boot:
        """The boot that ran when a datagram was received."""
        ran = [boot for boot in self.boots if boot.started_ms <= at_ms]
        return ran[-1] if ran else self.boots[0]


def boot(path: Path, now_ms: int, random_bytes: Callable[[int], bytes]) -> Identity:
    """Count a start: the boots are on disk when this returns, so that no boot is used twice.

    Raises:
        IdentityError: the file can't be read or written.
    """
    try:
        known = _read(path)
        number = known.boots[-1].number + 1 if known else 1
        engine_id = known.engine_id if known else _PREFIX + random_bytes(_RANDOM_OCTETS)
        earlier = known.boots[1 - _BOOTS_KEPT :] if known else ()
        identity = Identity(engine_id, (*earlier, Boot(number, now_ms)))
        write_durably(path, _dump(identity))
    except OSError as error:
        raise IdentityError(f"{path}: {error}") from error
    return identity


def _read(path: Path) -> Identity | None:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise IdentityError(f"{path} is damaged: restore it, or delete it to get a new engine ID") from error
    try:
        boots = tuple(Boot(int(number), int(started)) for number, started in found["boots"])
        identity = Identity(bytes.fromhex(found["engine_id"]), boots)
    except (KeyError, TypeError, ValueError) as error:
        raise IdentityError(f"{path} is no engine identity") from error
    if not boots:
        raise IdentityError(f"{path} is no engine identity: it has no boots")
    return identity


def _dump(identity: Identity) -> bytes:
    boots = [[each.number, each.started_ms] for each in identity.boots]
    return json.dumps({"engine_id": identity.engine_id.hex(), "boots": boots}).encode()


def write_durably(path: Path, content: bytes) -> None:
    """Replace the file as a whole: after a crash it is the old one or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
