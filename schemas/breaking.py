"""Tells whether a JSON Schema takes everything that its former version took.

Breaking: a field removed, a type or set of values narrowed, a limit tightened, a field newly required. Messages that
are archived or on their way would not be read any more. Whoever needs such a change makes the next version.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT: Final = ("pattern", "format", "multipleOf", "contentEncoding")
# A whole number is a number.
_WIDER: Final = {"integer": {"integer", "number"}}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What a message valid under `old` would meet under `new`, each with its place; empty when nothing breaks."""
    return list(_compare(old, new, "$", _Roots(old, new)))


class _Roots:
    """Both documents, for their `$ref`s, and the pairs being compared, for schemas that refer to themselves."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self.open: set[tuple[str, str]] = set()

    def old(self, schema: Schema) -> Schema:
        return _resolved(schema, self._old)

    def new(self, schema: Schema) -> Schema:
        return _resolved(schema, self._new)


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _compare(old: Schema, new: Schema, path: str, roots: _Roots) -> Iterator[str]:
    pair = (str(old.get("$ref")), str(new.get("$ref")))
    if pair != ("None", "None"):
        if pair in roots.open:
            return
        roots.open.add(pair)
    try:
        yield from _compare_resolved(roots.old(old), roots.new(new), path, roots)
    finally:
        roots.open.discard(pair)


def _compare_resolved(old: Schema, new: Schema, path: str, roots: _Roots) -> Iterator[str]:
    alternatives, choices = _branches(old), _branches(new)
    if alternatives is None and choices is None:
        yield from _types(old, new, path)
        yield from _values(old, new, path)
        yield from _limits(old, new, path)
        yield from _objects(old, new, path, roots)
        yield from _arrays(old, new, path, roots)
        return
    for one in alternatives if alternatives is not None else [old]:
        tried = [
            list(_compare(one, choice, path, roots)) for choice in (choices if choices is not None else [new])
        ]
        if tried and all(tried):
            # The nearest of the new branches tells best what changed.
            yield from min(tried, key=len)


def _branches(schema: Schema) -> Sequence[Schema] | None:
    found: Sequence[Schema] | None = schema.get("anyOf", schema.get("oneOf"))
    return found


def _types(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _type_set(old), _type_set(new)
    if after is None:
        return
    if before is None:
        yield f"{path}: any type before, now only {_list(after)}"
        return
    lost = {one for one in before if not _WIDER.get(one, {one}) & after}
    if lost:
        yield f"{path}: {_list(lost)} is no longer taken"


def _type_set(schema: Schema) -> set[str] | None:
    found = schema.get("type")
    if found is None:
        return None
    return {found} if isinstance(found, str) else set(found)


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _value_set(old), _value_set(new)
    if after is None:
        return
    if before is None:
        yield f"{path}: now only {_list(after)}"
    elif before - after:
        yield f"{path}: {_list(before - after)} is no longer taken"


def _value_set(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None


def _limits(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for name in _LOWER:
        if name in new and (name not in old or new[name] > old[name]):
            yield f"{path}: {name} raised from {old.get(name, 'none')} to {new[name]}"
    for name in _UPPER:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{path}: {name} lowered from {old.get(name, 'none')} to {new[name]}"
    for name in _EXACT:
        if name in new and new[name] != old.get(name):
            yield f"{path}: {name} changed from {old.get(name, 'none')} to {new[name]}"
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{path}: items must now be unique"


def _objects(old: Schema, new: Schema, path: str, roots: _Roots) -> Iterator[str]:
    before: Mapping[str, Schema] = old.get("properties", {})
    after: Mapping[str, Schema] = new.get("properties", {})
    for name in before:
        if name in after:
            yield from _compare(before[name], after[name], f"{path}.{name}", roots)
        else:
            yield f"{path}.{name}: removed"
    for name in new.get("required", ()):
        if name not in old.get("required", ()):
            yield f"{path}.{name}: newly required"
    others, others_now = old.get("additionalProperties", True), new.get("additionalProperties", True)
    yield from _rest(others, others_now, f"{path}.*", roots)
    names, names_now = old.get("propertyNames", True), new.get("propertyNames", True)
    yield from _rest(names, names_now, f"{path} (names)", roots)
    patterns: Mapping[str, Schema] = old.get("patternProperties", {})
    patterns_now: Mapping[str, Schema] = new.get("patternProperties", {})
    for name in patterns:
        if name in patterns_now:
            yield from _compare(patterns[name], patterns_now[name], f"{path}./{name}/", roots)
        else:
            yield f"{path}./{name}/: removed"


def _arrays(old: Schema, new: Schema, path: str, roots: _Roots) -> Iterator[str]:
    yield from _rest(old.get("items", True), new.get("items", True), f"{path}[]", roots)


def _rest(old: Schema | bool, new: Schema | bool, path: str, roots: _Roots) -> Iterator[str]:
    """Schemas that may also be `true` (anything) or `false` (nothing)."""
    if new is True or old is False:
        return
    if new is False:
        yield f"{path}: no longer taken"
    else:
        yield from _compare({} if old is True else old, new, path, roots)


def _list(values: set[str]) -> str:
    return ", ".join(sorted(values))
