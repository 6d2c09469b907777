"""What the decoder has to remember over a restart: the senders' clocks, as of a journal offset."""

import json
from pathlib import Path

import structlog

from ingest.snmp.traps.clocks import Clocks


def dump(offset: int, clocks: Clocks) -> bytes:
    """The file's content."""
    return json.dumps({"offset": offset, "clocks": clocks.dump()}).encode()


def load(path: Path, clocks: Clocks) -> int:
    """Fill `clocks`; the offset up to which they know the journal.

    A missing or damaged file is no loss: 0, and the journal's traps rebuild it.
    """
    try:
        found = json.loads(path.read_bytes())
        clocks.load(json.dumps(found["clocks"]))
        return int(found["offset"])
    except FileNotFoundError:
        return 0
    except (KeyError, TypeError, ValueError) as error:
        structlog.get_logger().warning("trap state is damaged, reading the journal instead", error=str(error))
        return 0
