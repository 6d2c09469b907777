"""Cycles in `depends_on`: what feeds an element can't be fed by it on the same day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from graphlib import CycleError, TopologicalSorter

from schemas.registry_rows import LinkRow, StationRow
from stores.registry.parsing import Located
from stores.registry.problems import Problem

Row = Located[StationRow] | Located[LinkRow]


def cycles(rows: Sequence[Row]) -> Iterator[Problem]:
    """One problem for each cycle, at its row that stands first in the files."""
    dependent = [row for row in rows if row.value.depends_on]
    if not any(_cycles_in(_graph(dependent))):
        return
    seen: set[frozenset[str]] = set()
    for day in sorted({row.value.valid_from or date.min for row in dependent}):
        in_force = [row for row in dependent if _in_force(row, day)]
        for cycle in _cycles_in(_graph(in_force)):
            if frozenset(cycle) in seen:
                continue
            seen.add(frozenset(cycle))
            row = next(row for row in in_force if row.value.id in cycle)
            start = cycle.index(row.value.id)
            path = [*cycle[start:], *cycle[:start], row.value.id]
            yield row.problem("depends_on", f"goes round in a circle: {' -> '.join(path)}")


def _in_force(row: Row, day: date) -> bool:
    return (row.value.valid_from or date.min) <= day < (row.value.valid_to or date.max)


def _graph(rows: Iterable[Row]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        graph[row.value.id].update(row.value.depends_on)
    return graph


def _cycles_in(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Cycles, each in the order of dependence; after each one an edge of it is taken out, so that others show."""
    left = {name: set(feeds) for name, feeds in graph.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # Each is a predecessor of the next, that is: the next depends on it; first and last are the same.
            cycle: list[str] = list(reversed(error.args[1][:-1]))
            yield cycle
            left[cycle[0]].discard(cycle[1 % len(cycle)])
        else:
            return
