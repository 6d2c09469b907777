"""The archive as some ids know it: the lines that name one of them."""

import json
import re
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Final

from stores.archive import ArchiveReader, Family

_ALL: Final = tuple(Family)


class NamedLines(ArchiveReader):
    """An archive's lines that name one of some ids, of the days from `since` on. Notices are of all days: they reach far."""

    def __init__(self, root: Path, names: Collection[str], since: date = date.min) -> None:
        super().__init__(root)
        self._naming = naming(names)
        self._since = since

    def days(self) -> list[date]:
        """See `ArchiveReader`."""
        return [day for day in super().days() if day >= self._since]

    def read(self, day: date, families: Collection[Family] = _ALL) -> Iterator[bytes]:
        """See `ArchiveReader`."""
        return (line for line in super().read(day, families) if self._naming.search(line))

    def notices(self, up_to: date) -> Iterator[bytes]:
        """See `ArchiveReader`."""
        whole = ArchiveReader(self.root)
        return (line for line in whole.notices(up_to) if self._naming.search(line))


class DeclaredLines(ArchiveReader):
    """Another archive's lines that are no measurements of the Department's; only those that name some ids, if any."""

    def __init__(self, archive: ArchiveReader, names: Collection[str]) -> None:
        super().__init__(archive.root)
        self._archive = archive
        self._naming = naming(names) if names else None

    def read(self, day: date, families: Collection[Family] = _ALL) -> Iterator[bytes]:
        """See `ArchiveReader`."""
        lines = (line for line in self._archive.read(day, families) if b'"declared"' in line)
        return lines if self._naming is None else (line for line in lines if self._naming.search(line))


def naming(names: Collection[str]) -> re.Pattern[bytes]:
    """What finds one of the ids in an archived line."""
    return re.compile(b"|".join(re.escape(json.dumps(name, ensure_ascii=False).encode()) for name in names))
