"""Registries and rules by their digest: what a figure or verdict names can be looked up years later."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from schemas.canonical import canonical_json
from stores.ledger.tables import snapshots
from stores.ledger.upsert import upsert

Content = Mapping[str, Mapping[str, Any]]
"""Rows by their key, in sections such as `elements`."""


class SnapshotDamagedError(ValueError):
    """The content kept under a digest can't be read any more."""


def save(connection: Connection, digest: str, kind: str, content: Content) -> None:
    """Keep the content; doing it twice changes nothing."""
    packed = zlib.compress(canonical_json(content).encode(), 6)
    upsert(connection, snapshots, [{"digest": digest, "kind": kind, "content": packed}])


def load(connection: Connection, digest: str) -> Content | None:
    """The content of that digest, None where it was never kept.

    Raises:
        SnapshotDamagedError: its bytes are no packed rows any more.
    """
    found = connection.execute(select(snapshots.c.content).where(snapshots.c.digest == digest)).scalar()
    if found is None:
        return None
    try:
        loaded: Content = json.loads(zlib.decompress(found))
    except (zlib.error, ValueError) as error:
        raise SnapshotDamagedError(f"the rows kept of {digest} are damaged: {error}") from error
    return loaded
