"""A journal and entries to put into it."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from stores.journal import Journal, NewEntry


@pytest.fixture
def entry() -> Callable[..., NewEntry]:
    def make(
        id_: object,
        content: str = "a",
        *,
        kind="event",
        reporter="viettel",
        at_ms=1_000,
        body=None,
        origin=None,
    ) -> NewEntry:
        digest = sha256(content.encode()).digest()
        line = body if body is not None else f'{{"id":"{id_}","content":"{content}"}}'.encode()
        return NewEntry(kind, reporter, f"{reporter}/noc", str(id_), digest, at_ms, line, origin)

    return make


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened
