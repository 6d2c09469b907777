"""What a notification means for the elements that its sender shows: pure.

v1 and v2c can be forged, so they never say more than "look at this device". An authenticated v3 one is evidence where
it says by itself what the profile's rules need; where it does not, it is a reason to look as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from ingest.snmp.assessment import Assessment, evaluate
from ingest.snmp.devices import Device, View
from ingest.snmp.engine import Value
from ingest.snmp.profile_model import Comparison, Profile
from ingest.snmp.profile_model import Notification as Described
from ingest.snmp.profiles import Profiles
from ingest.snmp.requests import TableRows
from ingest.snmp.traps.notification import Notification
from ingest.snmp.traps.senders import Sender
from schemas.credentials import UsmUser
from schemas.registry import Kind
from schemas.status import Status

COLD_START = "1.3.6.1.6.3.1.1.5.1"
WARM_START = "1.3.6.1.6.3.1.1.5.2"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"
AUTHENTICATION_FAILURE = "1.3.6.1.6.3.1.1.5.5"


class Meaning(Enum):
    """What a notification asks for, whatever the device."""

    LOOK = auto()
    """The device's state changed: poll it."""
    NOTE = auto()
    """Somebody asked it with a wrong credential: for the operator, not for the elements."""


_GENERIC: Mapping[str, tuple[str, Meaning]] = {
    COLD_START: ("coldStart", Meaning.LOOK),
    WARM_START: ("warmStart", Meaning.LOOK),
    LINK_DOWN: ("linkDown", Meaning.LOOK),
    LINK_UP: ("linkUp", Meaning.LOOK),
    AUTHENTICATION_FAILURE: ("authenticationFailure", Meaning.NOTE),
}
# A trap and its varbinds can contradict one another (agents that fill them in late): then neither is believed.
_ANNOUNCED = {LINK_DOWN: Status.DOWN, LINK_UP: Status.UP}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an authenticated notification says of an element."""

    element: str
    device: str
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done. `name` is the notification's name, None for one that nobody described."""

    name: str | None
    evidence: tuple[Evidence, ...] = ()
    poll: frozenset[str] = field(default_factory=frozenset)


class TrapRules:
    """The generic notifications and those of the profiles."""

    def __init__(self, profiles: Profiles, ends: Mapping[str, int]) -> None:
        self._profiles = profiles
        self._ends = ends
        self._needed = {profile.name: frozenset(_needed(profile)) for profile in profiles.by_name.values()}
        self._columns = {profile.name: _columns(profile) for profile in profiles.by_name.values()}
        self._described: dict[str, list[tuple[Profile, str, Described]]] = {}
        for _, profile in sorted(profiles.by_name.items()):
            for name, described in profile.notifications.items():
                self._described.setdefault(described.oid, []).append((profile, name, described))

    def judge(self, sender: Sender, said: Notification) -> Verdict:
        """What the notification asks for."""
        described = self._described.get(said.oid, [])
        name, meaning = _GENERIC.get(said.oid, (described[0][1] if described else None, Meaning.LOOK))
        if name is None or meaning is Meaning.NOTE:
            return Verdict(name)
        evidence: tuple[Evidence, ...] = ()
        if said.user is not None and not sender.ambiguous:
            values = said.values()
            evidence = tuple(
                found
                for device in sender.devices
                if _signed_by(device, said.user)
                for view in device.views
                for found in self._evidence(device, view, said, values)
            )
        return Verdict(name, evidence, frozenset(device.id for device in sender.devices))

    def _evidence(
        self, device: Device, view: View, said: Notification, values: Mapping[str, Value]
    ) -> Iterator[Evidence]:
        for profile, _, described in self._described.get(said.oid, []):
            if not self._shows(view, profile):
                continue
            found = (
                Assessment(described.status, described.cause, detail=described.detail)
                if described.status
                else self._assess(profile, view, values)
            )
            if found.status is not None and self._believable(view, said.oid, found.status):
                yield Evidence(view.element, device.id, found)
            return

    def _shows(self, view: View, profile: Profile) -> bool:
        if view.profile is not None:
            return view.profile == profile.name
        # Chosen by sysObjectID when it is polled, which a trap does not carry: the notification's OID tells.
        return self._profiles.choose(None, link=view.kind is Kind.LINK) is profile or bool(
            profile.match.sys_object_id and (profile.subject.value == view.kind.value)
        )

    def _assess(self, profile: Profile, view: View, values: Mapping[str, Value]) -> Assessment:
        tables = _tables(self._columns[profile.name], values)
        if not self._complete(profile, values, tables):
            return Assessment(None, detail="the trap doesn't carry all that the rules read")
        return evaluate(profile, values, tables, view.row)

    def _complete(
        self, profile: Profile, values: Mapping[str, Value], tables: Mapping[str, TableRows]
    ) -> bool:
        """Rules are read in order: without a value that an earlier one tests, a later one would speak too soon."""
        columns = {name: each for table in profile.tables.values() for name, each in table.columns.items()}
        seen = {column for rows in tables.values() for cells in rows.values() for column in cells}
        for name in self._needed[profile.name]:
            if name in profile.scalars:
                if profile.scalars[name].oid not in values:
                    return False
            elif name not in columns or columns[name].oid not in seen:
                return False
        return True

    def _believable(self, view: View, oid: str, status: Status) -> bool:
        if oid in _ANNOUNCED and status is not _ANNOUNCED[oid]:
            return False
        # One end that comes up doesn't say that the other end is up; one that is down is enough.
        return status is Status.DOWN or self._ends.get(view.element, 1) == 1


def _signed_by(device: Device, user: str) -> bool:
    """Only the user by which the registry knows the device: another enterprise's signature says nothing of it."""
    credential = device.target.credential
    return isinstance(credential, UsmUser) and credential.name == user


def _needed(profile: Profile) -> Iterator[str]:
    for rule in profile.status:
        for name, test in rule.when.items():
            yield name
            if isinstance(test, Comparison):
                yield from test.references()


def _columns(profile: Profile) -> dict[str, str]:
    """The table of each column OID."""
    return {column.oid: name for name, table in profile.tables.items() for column in table.columns.values()}


def _tables(columns: Mapping[str, str], values: Mapping[str, Value]) -> dict[str, TableRows]:
    """The rows that the varbinds are of: `column OID.index`."""
    found: dict[str, dict[str, dict[str, Value]]] = {}
    for oid, value in values.items():
        column = oid
        while column:
            column = column.rpartition(".")[0]
            if column in columns:
                row = found.setdefault(columns[column], {}).setdefault(oid[len(column) + 1 :], {})
                row[column] = value
                break
    return {name: dict(rows) for name, rows in found.items()}
