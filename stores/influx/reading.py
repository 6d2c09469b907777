"""Reading points, deleting them, and having the server compute: over the same kept connection as writing."""

import csv
import io
import json
from collections.abc import Iterator

from schemas.settings.influx import InfluxSettings
from schemas.time import format_ms
from stores.influx.connection import InfluxConnection


class PointReader:
    """Asks and deletes over one connection, used by nobody else meanwhile."""

    def __init__(self, connection: InfluxConnection, settings: InfluxSettings) -> None:
        self._connection = connection
        self._settings = settings

    def rows(self, flux: str) -> Iterator[dict[str, str]]:
        """A query's rows, all values as text, whatever tables they stand in.

        Raises:
            InfluxError: as the server answers.
        """
        headers = {"Content-Type": "application/vnd.flux", "Accept": "application/csv"}
        answer = self._connection.post(
            "/api/v2/query", {"org": self._settings.org}, flux.encode(), headers
        ).decode()
        # Tables of other columns come as further CSV after an empty line.
        for table in answer.replace("\r\n", "\n").split("\n\n"):
            if table.strip():
                yield from csv.DictReader(io.StringIO(table))

    def run(self, flux: str) -> None:
        """A query for what it does (`to`), whatever it gives.

        Raises:
            InfluxError: as the server answers.
        """
        for _ in self.rows(flux):
            pass

    def delete(self, bucket: str, from_ms: int, to_ms: int, predicate: str) -> None:
        """Delete the points of `[from_ms, to_ms)` that meet the predicate (only AND and =).

        Raises:
            InfluxError: as the server answers.
        """
        # The server's own range has both ends in it.
        body = {"start": format_ms(from_ms), "stop": format_ms(to_ms - 1), "predicate": predicate}
        self._connection.post(
            "/api/v2/delete",
            {"org": self._settings.org, "bucket": bucket},
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )


def quoted(text: str) -> str:
    """A text as Flux and delete predicates write it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
