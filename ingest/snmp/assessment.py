"""From what a device answered to what it means: a pure reading of a profile's ordered rules.

A test of something that was not read is never true, so a rule speaks only from what the device said. Where no rule
speaks there is no status: nothing is known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from ingest.snmp.engine import Value
from ingest.snmp.profile_model import (
    COUNTERS,
    Comparison,
    Literalish,
    Object,
    Profile,
    Rule,
    Select,
    Subject,
    Summary,
    Test,
    When,
)
from ingest.snmp.requests import Evidence, TableRows
from ingest.snmp.values import Field, Unreadable, read
from schemas.status import CODE_OF, Cause, Status

Fields = Mapping[str, Field]
_COMBINE: dict[str, Callable[..., int]] = {"count": len, "sum": sum, "min": min, "max": max}


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a device's answers say of the element.

    `status` is evidence for the element, None where nothing can be said. `condition` is the state of the device itself:
    the same for stations and links, while equipment beside the radio (power, sensors, a router) is evidence only when
    it is down: that it is well doesn't say that radio serves. `problems` name what could not be read as the profile
    says; `rows` are the indexes that were judged.
    """

    status: Status | None
    cause: Cause | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    detail: str = ""
    condition: Status | None = None
    rows: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def evaluate(
    profile: Profile,
    scalars: Mapping[str, Value],
    tables: Mapping[str, TableRows] | None = None,
    row_selector: str | None = None,
    *,
    partial: frozenset[str] = frozenset(),
) -> Assessment:
    """Apply the profile's rules.

    Args:
        profile: What the device is.
        scalars: Values by instance OID.
        tables: Rows by table name, then index, then column OID. A table that was not read is absent, not empty.
        row_selector: The registry's `if_name`: the row that is the element.
        partial: Tables that were not read to their end: their rows are good, numbers over all rows are not.
    """
    return _Reader(profile, Evidence(scalars, tables or {}, partial)).assess(row_selector)


def worse(ends: Iterable[Assessment]) -> Assessment:
    """A link is the worse of its ends. An end of which nothing is known says nothing."""
    ordered = sorted(ends, key=_badness, reverse=True)
    if not ordered:
        return Assessment(None, detail="no end was read")
    metrics: dict[str, float] = {}
    for end in reversed(ordered):
        metrics.update(end.metrics)
    problems = tuple(problem for end in ordered for problem in end.problems)
    return replace(ordered[0], metrics=metrics, problems=problems)


def _badness(assessment: Assessment) -> int:
    return CODE_OF[assessment.condition] if assessment.condition else 0


@dataclass
class _Reader:
    """One evaluation: the profile, what was read, and the problems found on the way."""

    profile: Profile
    evidence: Evidence
    problems: list[str] = field(default_factory=list)

    def assess(self, row_selector: str | None) -> Assessment:
        scalars = dict(self._scalars())
        metrics = dict(_metrics(self.profile.scalars, scalars))
        rows = {name: self._rows(name) for name in self.profile.tables if name in self.evidence.tables}
        for name, summary in self.profile.summaries.items():
            value = self._summary(summary, rows)
            if value is not None:
                scalars[name] = value
                if summary.metric:
                    metrics[summary.metric] = float(value)
        select = self.profile.select
        if select is None:
            found = self._judge(scalars, metrics, ())
        else:
            found = self._judge_rows(select, row_selector, rows.get(select.table), scalars, metrics)
        return replace(found, problems=tuple(self.problems))

    def _judge_rows(
        self,
        select: Select,
        row_selector: str | None,
        rows: Mapping[str, Fields] | None,
        scalars: Fields,
        metrics: Mapping[str, float],
    ) -> Assessment:
        if rows is None:
            return Assessment(None, metrics=metrics, detail=f"the table {select.table} was not read")
        keys = self.profile.tables[select.table].key
        if row_selector is None and select.otherwise is None:
            return Assessment(
                None, metrics=metrics, detail=f"nothing says which row of {select.table} is meant"
            )
        chosen = _chosen(rows, keys, row_selector) if row_selector else _meeting(rows, select.otherwise or {})
        if not chosen:
            wanted = f"named {row_selector!r}" if row_selector else "of the kind that the profile judges"
            return Assessment(None, metrics=metrics, detail=f"{select.table} has no row {wanted}")
        columns = self.profile.tables[select.table].columns
        judged = [
            self._judge(
                {**scalars, **rows[index]}, {**metrics, **dict(_metrics(columns, rows[index]))}, (index,)
            )
            for index in chosen
        ]
        pick = max if select.combine == "worst" else _best
        return replace(pick(judged, key=_badness), rows=tuple(chosen))

    def _judge(self, fields: Fields, metrics: Mapping[str, float], rows: tuple[str, ...]) -> Assessment:
        rule = next((rule for rule in self.profile.status if holds(rule.when, fields)), None)
        if rule is None or rule.status == "unknown":
            detail = rule.detail if rule else "no rule of the profile applies"
            return Assessment(None, metrics=metrics, detail=detail, rows=rows)
        return Assessment(
            self._as_evidence(rule), rule.cause, metrics, rule.detail, Status(rule.status), rows
        )

    def _as_evidence(self, rule: Rule) -> Status | None:
        condition = Status(rule.status)
        beside_the_radio = self.profile.subject is Subject.EQUIPMENT and condition is not Status.DOWN
        return None if beside_the_radio else condition

    def _scalars(self) -> Iterator[tuple[str, Field]]:
        for name, described in self.profile.scalars.items():
            yield from self._read(name, described, self.evidence.scalars, described.oid)

    def _rows(self, table: str) -> dict[str, Fields]:
        columns = self.profile.tables[table].columns
        return {
            index: {
                name: value
                for column, described in columns.items()
                for name, value in self._read(column, described, cells, described.oid, index)
            }
            for index, cells in self.evidence.tables[table].items()
        }

    def _read(
        self, name: str, described: Object, values: Mapping[str, Value], oid: str, index: str = ""
    ) -> Iterator[tuple[str, Field]]:
        got = read(described, values.get(oid))
        if isinstance(got, Unreadable):
            self.problems.append(f"{name}{'.' * bool(index)}{index}: {got.why}")
        elif got is not None:
            yield name, got

    def _summary(self, summary: Summary, rows: Mapping[str, Mapping[str, Fields]]) -> int | float | None:
        if summary.table not in rows or summary.table in self.evidence.partial:
            return None
        table = rows[summary.table]
        meeting = [table[index] for index in _meeting(table, summary.where)]
        if summary.column is None:
            return len(meeting)
        values = [value for row in meeting if _is_number(value := row.get(summary.column))]
        return _COMBINE[summary.of](values) if values else None


def _best(judged: Sequence[Assessment], key: Callable[[Assessment], int]) -> Assessment:
    """The best of what is known: a row of which nothing is known protects nobody."""
    return min(judged, key=lambda assessment: key(assessment) or len(CODE_OF) + 1)


def _metrics(objects: Mapping[str, Object], fields: Fields) -> Iterator[tuple[str, float]]:
    """Counters are no metrics by themselves: their rates are the poller's business."""
    for name, described in objects.items():
        if described.metric and described.kind not in COUNTERS and name in fields:
            yield described.metric, float(fields[name])


def _chosen(rows: Mapping[str, Fields], keys: Sequence[str], wanted: str) -> list[str]:
    for key in keys:
        found = [index for index, row in rows.items() if row.get(key) == wanted]
        if found:
            return found
    return []


def _meeting(rows: Mapping[str, Fields], when: When) -> list[str]:
    return [index for index, row in rows.items() if holds(when, row)]


def holds(when: When, fields: Fields) -> bool:
    """Whether all tests hold; a test of an absent field is false, except `absent: true`."""
    return all(_passes(test, fields.get(name), fields) for name, test in when.items())


def _passes(test: Test, value: Field | None, fields: Fields) -> bool:
    if isinstance(test, Comparison):
        return _compares(test, value, fields)
    if value is None:
        return False
    return _equal(value, test) if not isinstance(test, tuple) else any(_equal(value, one) for one in test)


def _compares(test: Comparison, value: Field | None, fields: Fields) -> bool:
    if value is None:
        return bool(test.absent)
    if test.absent:
        return False
    if test.ne is not None:
        unwanted = test.ne if isinstance(test.ne, tuple) else (test.ne,)
        if any(_equal(value, one) for one in unwanted):
            return False
    return all(
        bound is None or _ordered(value, fields.get(bound) if isinstance(bound, str) else bound, order)
        for bound, order in (
            (test.lt, lambda a, b: a < b),
            (test.le, lambda a, b: a <= b),
            (test.gt, lambda a, b: a > b),
            (test.ge, lambda a, b: a >= b),
        )
    )


def _ordered(value: Field, bound: Field | None, order: Callable[[float, float], bool]) -> bool:
    return _is_number(value) and _is_number(bound) and order(float(value), float(bound))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(value: Field, wanted: Literalish) -> bool:
    """True is not 1 here: a profile that writes `true` means a TruthValue."""
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted
