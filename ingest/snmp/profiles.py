"""The profiles: read once from YAML, chosen by the registry or by sysObjectID."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingest.snmp.profile_model import Profile, Subject
from schemas.yaml_text import load_yaml

SHIPPED = Path(__file__).parent / "profiles"
FALLBACK_LINK = "interface"
FALLBACK_STATION = "system"
# What has one of these is described anew as a whole.
_OBJECT_KEYS = frozenset({"oid", "table", "sys_object_id"})


class ProfileError(ValueError):
    """Profiles that can't be used: every problem found, each with its file."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Profiles:
    """All profiles by name."""

    by_name: Mapping[str, Profile]

    def choose(
        self, sys_object_id: str | None, *, link: bool = False, registry: str | None = None
    ) -> Profile:
        """The profile for an element.

        The registry's word comes first, then the longest sysObjectID prefix (cut at dots) among the profiles that fit
        the kind of element, then `interface` for a link and `system` for a station.

        Raises:
            KeyError: the registry names a profile that doesn't exist.
        """
        if registry:
            return self.by_name[registry]
        fitting = [p for p in self.by_name.values() if (p.subject is Subject.LINK) == link]
        oid = (sys_object_id or "").lstrip(".")
        matches = [
            (len(prefix.split(".")), profile.name)
            for profile in fitting
            for prefix in profile.match.sys_object_id
            if f"{oid}.".startswith(f"{prefix}.")
        ]
        if matches:
            return self.by_name[max(matches)[1]]
        return self.by_name[FALLBACK_LINK if link else FALLBACK_STATION]


def load_profiles(*directories: Path) -> Profiles:
    """Read the shipped profiles and those of the directories; a later one of the same name replaces an earlier.

    Raises:
        ProfileError: with the problems of all files at once.
    """
    problems: list[str] = []
    found: dict[str, Profile] = {}
    sources = _read(directories, problems)
    for name, source in sources.items():
        try:
            profile = Profile.model_validate(_resolved(name, sources))
        except ProfileError as error:
            problems += error.problems
        except ValidationError as error:
            problems += [_located(name, part["loc"], part["msg"]) for part in error.errors()]
        else:
            if profile.name != name:
                problems.append(f"{name}.yaml: name is {source.get('name')!r}, it must be the file's name")
            found[name] = profile
    problems += _claimed_twice(found)
    if problems:
        raise ProfileError(problems)
    return Profiles(found)


def _read(directories: Sequence[Path], problems: list[str]) -> dict[str, dict[str, Any]]:
    found = {}
    # An absent directory would silently bring none.
    problems += [f"{directory}: no such directory" for directory in directories if not directory.is_dir()]
    for path in (p for directory in (SHIPPED, *directories) for p in sorted(directory.glob("*.yaml"))):
        try:
            source = load_yaml(path.read_text(encoding="utf-8"))
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            problems.append(f"{path.name}: no YAML: {' '.join(str(error).split())}")
            continue
        if isinstance(source, dict):
            found[path.stem] = source
        else:
            problems.append(f"{path.name}: a profile is a mapping")
    return found


def _resolved(
    name: str, sources: Mapping[str, dict[str, Any]], heirs: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The profile with what it extends under it: its own words win, its status rules come first."""
    source = dict(sources[name])
    parent = source.pop("extends", None)
    if parent is None:
        return source
    if parent not in sources or parent in (name, *heirs):
        raise ProfileError([f"{name}.yaml: it extends {parent!r}, which is no other profile"])
    inherited = _resolved(parent, sources, (*heirs, name))
    inherited.pop("match", None)
    merged = _merged(inherited, source)
    merged["status"] = [*(source.get("status") or ()), *(inherited.get("status") or ())]
    return merged


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        both = (
            isinstance(value, dict) and isinstance(under.get(key), dict) and not _OBJECT_KEYS & value.keys()
        )
        merged[key] = _merged(under[key], value) if both else value
    return merged


def _located(name: str, loc: tuple[int | str, ...], message: str) -> str:
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in loc)
    return f"{name}.yaml: {place + ': ' if place else ''}{message.removeprefix('Value error, ')}"


def _claimed_twice(profiles: Mapping[str, Profile]) -> list[str]:
    owner: dict[tuple[bool, str], str] = {}
    problems = []
    for profile in profiles.values():
        for prefix in profile.match.sys_object_id:
            key = (profile.subject is Subject.LINK, prefix)
            if key in owner:
                problems.append(f"{profile.name}.yaml: {prefix} is claimed by {owner[key]} too")
            owner[key] = profile.name
    return problems
