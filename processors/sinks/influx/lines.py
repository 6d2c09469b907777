"""Line protocol from plain values: pure. What the protocol has no way to write is refused here, never sent bent."""

import math
import re
from collections.abc import Mapping
from typing import Final

from schemas.influx import Measurement, Type

Value = int | float | str | bool
_INT64: Final = 1 << 63
# A backslash is itself in a tag, but what follows it may then be read as escaped: there is no way to write both.
_BENT: Final = re.compile(r"\\(?=[,= ]|$)|[\x00-\x1f\x7f]")
_SPECIAL: Final = re.compile(r"([,= ])")


class UnwritableError(ValueError):
    """A value that line protocol can't carry."""


def tag_value(text: str) -> str:
    """A tag's value as it stands in a line.

    Raises:
        UnwritableError: it is empty, has control characters, or a backslash before a blank, comma, = or the end.
    """
    if text.isalnum():
        return text
    if not text or _BENT.search(text):
        raise UnwritableError(f"no tag can be {text[:60]!r}")
    return _SPECIAL.sub(r"\\\1", text)


def series(measurement: str, tags: Mapping[str, str | None]) -> str:
    """The part of a line before its fields: tags by name, which the server would else have to sort; None is left out.

    Raises:
        UnwritableError: see `tag_value`.
    """
    named = (f",{name}={tag_value(value)}" for name, value in sorted(tags.items()) if value is not None)
    return measurement + "".join(named)


def line(series_text: str, fields: str, at_us: int) -> str:
    """One point; `fields` is not empty, `at_us` its time in microseconds since the epoch."""
    return f"{series_text} {fields} {at_us}"


def fields(measurement: Measurement, values: Mapping[str, Value | None]) -> str:
    """The fields of a line, each in the type that the schema gives it; None is left out. Empty when nothing is left.

    Raises:
        UnwritableError: a number that is none, or an integer beyond 64 bits.
        KeyError: the schema has no such field, which is a mistake of the program.
    """
    types = _TYPES[measurement.name] if measurement.name in _TYPES else _remember(measurement)
    return ",".join(
        f"{name}={_WRITE[types[name]](value)}" for name, value in values.items() if value is not None
    )


def text_value(text: Value) -> str:
    """A text field's value."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def float_value(number: Value) -> str:
    """A float field's value; whole numbers too are floats there.

    Raises:
        UnwritableError: not a finite number.
    """
    value = float(number)
    if not math.isfinite(value):
        raise UnwritableError(f"{value} is no number")
    return repr(value)


def _integer(number: Value) -> str:
    value = int(number)
    if not -_INT64 <= value < _INT64:
        raise UnwritableError(f"{value} is beyond 64 bits")
    return f"{value}i"


def _boolean(value: Value) -> str:
    return "true" if value else "false"


_WRITE: Final = {
    Type.INTEGER: _integer,
    Type.FLOAT: float_value,
    Type.TEXT: text_value,
    Type.BOOLEAN: _boolean,
}
_TYPES: Final[dict[str, dict[str, Type]]] = {}


def _remember(measurement: Measurement) -> dict[str, Type]:
    return _TYPES.setdefault(measurement.name, {one.name: one.type for one in measurement.fields})
