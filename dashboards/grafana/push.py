"""Bringing the committed dashboards to a Grafana server, and telling what differs there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from dashboards.console.texts import Language
from dashboards.grafana.committed import DATASOURCE_TYPE, DATASOURCE_UID, Committed, folder_of
from dashboards.grafana.port import Grafana, GrafanaRefusedError
from schemas.settings.grafana import GrafanaSettings

# What the server adds to a dashboard that it keeps.
_SERVERS_OWN: Final = frozenset({"id", "version"})
_CONFLICT: Final = 412
_EXISTS: Final = 409


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing that was pushed."""

    what: str
    result: Literal["created", "updated", "unchanged"]


def push(grafana: Grafana, dashboards: Iterable[Committed]) -> Iterator[Outcome]:
    """Bring each to the server, one after the other; what is there already as it should be is left alone.

    Raises:
        GrafanaUnreachableError, GrafanaRefusedError: at the first that can't be brought; the earlier ones are there.
    """
    seen: set[Language] = set()
    for one in dashboards:
        if one.language not in seen:
            seen.add(one.language)
            yield _folder(grafana, one.language)
        yield _dashboard(grafana, one)


def _folder(grafana: Grafana, language: Language) -> Outcome:
    wanted = folder_of(language)
    there = grafana.folder(wanted.uid)
    if there is None:
        try:
            grafana.create_folder(wanted)
        except GrafanaRefusedError as error:
            # Somebody else made it just now: then it is as we want it, or it is renamed at the next push.
            if error.status not in {_EXISTS, _CONFLICT} or grafana.folder(wanted.uid) is None:
                raise
        return Outcome(f"folder {wanted.uid}", "created")
    if there.title != wanted.title:
        grafana.rename_folder(wanted)
        return Outcome(f"folder {wanted.uid}", "updated")
    return Outcome(f"folder {wanted.uid}", "unchanged")


def _dashboard(grafana: Grafana, one: Committed) -> Outcome:
    folder = folder_of(one.language).uid
    there = grafana.dashboard(one.uid)
    if there is not None:
        if not any(_differences(one.model, there.model)) and there.folder_uid == folder:
            return Outcome(one.uid, "unchanged")
        if there.provisioned:
            raise GrafanaRefusedError(
                one.uid, 400, "Grafana provisions it from files: change the files, or take them away"
            )
    grafana.save_dashboard(one.model, folder)
    return Outcome(one.uid, "created" if there is None else "updated")


def differences(grafana: Grafana, dashboards: Iterable[Committed]) -> Iterator[str]:
    """What the server has otherwise than it is committed, one readable line each; nothing is changed."""
    for one in dashboards:
        there = grafana.dashboard(one.uid)
        if there is None:
            yield f"{one.uid}: is not there"
            continue
        folder = folder_of(one.language).uid
        if there.folder_uid != folder:
            yield f"{one.uid}: is in folder {there.folder_uid or 'General'}, not in {folder}"
        yield from (f"{one.uid}: {line}" for line in _differences(one.model, there.model))


def push_datasource(grafana: Grafana, settings: GrafanaSettings) -> Outcome:
    """Make or replace the data source that the dashboards read; its token is sent each time, since it can't be read back."""
    wanted = {
        "uid": DATASOURCE_UID,
        "name": "btswatch",
        "type": DATASOURCE_TYPE,
        "access": "proxy",
        "url": settings.influx_url,
        "isDefault": False,
        "jsonData": {
            "version": "Flux",
            "organization": settings.influx_organization,
            "defaultBucket": "btswatch",
            "httpMode": "POST",
        },
        "secureJsonData": {"token": settings.influx_token.get_secret_value()},
    }
    if grafana.datasource(DATASOURCE_UID) is None:
        grafana.create_datasource(wanted)
        return Outcome(f"data source {DATASOURCE_UID}", "created")
    grafana.update_datasource(DATASOURCE_UID, wanted)
    return Outcome(f"data source {DATASOURCE_UID}", "updated")


def _differences(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    kept = {key: value for key, value in theirs.items() if key not in _SERVERS_OWN}
    yield from _compare("", ours, kept)


def _compare(where: str, ours: Any, theirs: Any) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            at = f"{where}.{key}" if where else key
            if key not in theirs:
                yield f"{at} is missing there"
            elif key not in ours:
                yield f"{at} is only there"
            else:
                yield from _compare(at, ours[key], theirs[key])
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{where} has {len(theirs)} entries there, {len(ours)} here"
            return
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _compare(f"{where}[{index}]", mine, other)
    elif ours != theirs:
        yield f"{where} is {_short(theirs)} there, {_short(ours)} here"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
