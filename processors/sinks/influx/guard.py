"""Which series may exist: tags come from the registry and from short lists, or the point is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from processors.sinks.influx.lines import UnwritableError, series, tag_value
from schemas.cluster_metrics import INFLUX_SERIES
from schemas.influx import MEASUREMENT
from schemas.refusal import Refusal
from schemas.registry import Element, Registry
from schemas.settings.influx import InfluxSettings
from schemas.status import Track

TOO_MANY_SERIES: Final = "too_many_series"
UNWRITABLE: Final = "unwritable"
PROVINCE: Final = "province"
_PERIODS: Final = frozenset({"hour", "day", "month", "quarter", "year"})


class RefusedSeriesError(Exception):
    """A point whose series may not exist; `code` is the dead letter's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Tags:
    """An element's tags under one registry row: what stands before the track, and behind it (by the tags' names)."""

    row: Element
    head: str
    tail: str


class SeriesGuard:
    """Makes the series part of lines and remembers which there are.

    An element's enterprise, kind and unit are the registry's own of that day: no message can make a series of its own.

    Args:
        registry: which elements, enterprises, units and technologies there are.
        settings: the limits.
    """

    def __init__(self, registry: Registry, settings: InfluxSettings) -> None:
        self._registry = registry
        self._max_series = settings.max_series
        self._max_values = settings.max_values
        self._rows: dict[str, tuple[_Tags, ...]] = {}
        self._admitted: dict[str, set[str]] = {name: set() for name in MEASUREMENT}
        self._values: dict[tuple[str, str], set[str]] = {}
        rows = [row for found in registry.elements.values() for row in found]
        self._scopes: dict[str, frozenset[str]] = {
            "enterprise": frozenset(registry.enterprises),
            "unit": frozenset(registry.units) | {row.unit for row in rows if row.unit},
            "technology": frozenset(name for row in rows for name in row.technologies),
            PROVINCE: frozenset({PROVINCE}),
        }

    def row(self, element: str, day: date) -> Element:
        """The registry's row of an element on a local day.

        Raises:
            RefusedSeriesError: there is none.
        """
        return self._tags(element, day).row

    def element(self, measurement: str, element: str, day: date) -> str:
        """The series of an element on a local day.

        Raises:
            RefusedSeriesError: not in the registry, not writable, or one too many.
        """
        tags = self._tags(element, day)
        return self._admit(measurement, f"{measurement}{tags.head}{tags.tail}")

    def track(self, measurement: str, element: str, day: date, track: Track) -> str:
        """The same for what comes from one track.

        Raises:
            RefusedSeriesError: see `element`.
        """
        tags = self._tags(element, day)
        return self._admit(measurement, f"{measurement}{tags.head},track={track.value}{tags.tail}")

    def decision(self, element: str, day: date, by: str) -> str:
        """The series of what was decided about an element, one for each kind of decision.

        Raises:
            RefusedSeriesError: see `element`.
        """
        tags = self._tags(element, day)
        return self._admit("decision", f"decision,by={by}{tags.head}{tags.tail}")

    def scope(self, scope: str, id_: str, kind: str, measurement: str = "scope", **more: str) -> str:
        """The series of a scope's sums; `more` are tags of bounded sets.

        Raises:
            RefusedSeriesError: no such enterprise, unit, technology.
        """
        if id_ not in self._scopes.get(scope, ()):
            raise RefusedSeriesError(Refusal.INVALID.value, f"no {scope} {id_} in the registry")
        return self._made(measurement, {"scope": scope, "id": id_, "kind": kind, **more})

    def unit(self, measurement: str, unit: str) -> str:
        """The series of a commune or ward.

        Raises:
            RefusedSeriesError: there is none of this code.
        """
        if unit not in self._scopes["unit"]:
            raise RefusedSeriesError(Refusal.INVALID.value, f"no unit {unit} in the registry")
        return self._made(measurement, {"unit": unit})

    def finding(self, measurement: str, tags: Mapping[str, str | None]) -> str:
        """The series of a verdict, or of its error budget, which is the enterprise's.

        Raises:
            RefusedSeriesError: enterprise or subject are not in the registry, or too many rules.
        """
        enterprise, subject = tags["enterprise"], tags["subject"]
        if enterprise not in self._registry.enterprises:
            raise RefusedSeriesError(Refusal.INVALID.value, f"no enterprise {enterprise} in the registry")
        if subject != enterprise and subject not in self._registry.elements:
            raise RefusedSeriesError(Refusal.UNKNOWN_ELEMENT.value, f"no element {subject} in the registry")
        if tags["period"] not in _PERIODS:
            raise RefusedSeriesError(Refusal.INVALID.value, f"no period {tags['period']}")
        if tags.get("rule"):
            self._value(measurement, "rule", str(tags["rule"]))
        known = {one.name for one in MEASUREMENT[measurement].tags}
        whole = {"per": "enterprise" if subject == enterprise else "element", **tags}
        return self._made(measurement, {name: value for name, value in whole.items() if name in known})

    def listed(self, measurement: str, tags: Mapping[str, str], known: frozenset[str] = frozenset()) -> str:
        """A series whose tags the registry does not list, but which are few; those in `known` are always taken.

        Raises:
            RefusedSeriesError: one value too many of a tag.
        """
        for name, value in tags.items():
            if value not in known:
                self._value(measurement, name, value)
        return self._made(measurement, tags)

    def metric(self, tags: Mapping[str, str]) -> str:
        """The series of one of our own metrics, whose labels come from bounded sets.

        Raises:
            RefusedSeriesError: one too many, or not writable.
        """
        return self._made("pipeline", tags)

    def reporter(self, reporter: str, part: int) -> str:
        """The series of a feed's share.

        Raises:
            RefusedSeriesError: too many reporters that are no enterprises.
        """
        known = self._scopes["enterprise"] | {str(part)}
        return self.listed("feed", {"reporter": reporter, "part": str(part)}, known)

    def _tags(self, element: str, day: date) -> _Tags:
        rows = self._rows.get(element)
        if rows is None:
            rows = self._rows[element] = self._made_rows(element)
        for one in rows:
            if one.row.in_force_on(day):
                return one
        raise RefusedSeriesError(Refusal.UNKNOWN_ELEMENT.value, f"{element} is not in the registry on {day}")

    def _made_rows(self, element: str) -> tuple[_Tags, ...]:
        rows = self._registry.elements.get(element)
        if rows is None:
            # Not remembered: names that anybody sends must not fill the memory.
            raise RefusedSeriesError(Refusal.UNKNOWN_ELEMENT.value, f"{element} is not in the registry")
        try:
            return tuple(
                _Tags(
                    row,
                    series("", {"element": row.id, "enterprise": row.enterprise, "kind": row.kind.value}),
                    f",unit={tag_value(row.unit)}" if row.unit else "",
                )
                for row in rows
            )
        except UnwritableError as error:
            raise RefusedSeriesError(UNWRITABLE, f"{element}: {error}") from error

    def _made(self, measurement: str, tags: Mapping[str, str | None]) -> str:
        try:
            return self._admit(measurement, series(measurement, tags))
        except UnwritableError as error:
            raise RefusedSeriesError(UNWRITABLE, str(error)) from error

    def _value(self, measurement: str, tag: str, value: str) -> None:
        found = self._values.setdefault((measurement, tag), set())
        if value not in found:
            if len(found) >= self._max_values:
                raise RefusedSeriesError(
                    TOO_MANY_SERIES,
                    f"{measurement}.{tag} has {len(found)} values: none more (influx.max_values)",
                )
            found.add(value)

    def _admit(self, measurement: str, text: str) -> str:
        admitted = self._admitted[measurement]
        if text not in admitted:
            if len(admitted) >= self._max_series:
                raise RefusedSeriesError(
                    TOO_MANY_SERIES,
                    f"{measurement} has {len(admitted)} series: none more (influx.max_series)",
                )
            admitted.add(text)
            INFLUX_SERIES.gauge().labels(measurement).set(len(admitted))
        return text
