"""The port between polling and an SNMP library: what can be asked, and everything that can come of it.

Two adapters stand behind it: `engine_gufo` (fast, the default) and `engine_pysnmp` (the reference). One contract
suite, tests/contract/snmp, runs on both. Three things are never mixed: a value, the agent's word that there is none
(`VarbindKind`), and no answer at all (a `Failure`). A timeout is not a zero, an absent row is not a timeout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Protocol

from schemas.credentials import Credential

# What a varbind can carry. The SNMP type is not kept (not every engine knows it): the profile says what is a counter.
# bytes: OCTET STRING and Opaque; str: OBJECT IDENTIFIER (no leading dot) and IpAddress; float: gufo's Real;
# None: ASN.1 NULL, which some agents send for "not measured".
Value = int | float | bytes | str | None


class VarbindKind(StrEnum):
    """What the agent says of one object (RFC 3416 section 3)."""

    VALUE = "value"
    NO_SUCH_OBJECT = "noSuchObject"
    NO_SUCH_INSTANCE = "noSuchInstance"
    END_OF_MIB_VIEW = "endOfMibView"
    NO_SUCH = "noSuch"
    """noSuchObject or noSuchInstance: the engine or the protocol version can't tell which (SNMPv1; gufo, for which an
    ASN.1 NULL among other values is the same)."""
    FAILED = "failed"
    """The agent answers this object alone with an error-status, or (gufo) with an ASN.1 NULL."""


class Report(StrEnum):
    """Which USM counter an agent reported (RFC 3414 section 3.2)."""

    UNSUPPORTED_SECURITY_LEVEL = "usmStatsUnsupportedSecLevels"
    NOT_IN_TIME_WINDOW = "usmStatsNotInTimeWindows"
    UNKNOWN_USER = "usmStatsUnknownUserNames"
    UNKNOWN_ENGINE_ID = "usmStatsUnknownEngineIDs"
    WRONG_DIGEST = "usmStatsWrongDigests"
    DECRYPTION_ERROR = "usmStatsDecryptionErrors"
    UNSPECIFIED = "unspecified"
    """The engine knows that the agent refused, not why (gufo)."""


class Stop(StrEnum):
    """Why a walk ended before every column ran out. What was read until then is good, what is missing is unknown."""

    MAX_ROWS = "max_rows"
    DEADLINE = "deadline"
    NOT_INCREASING = "not_increasing"
    """The agent repeated itself or went backwards: on its word the walk would never end."""


@dataclass(frozen=True, slots=True)
class Target:
    """An agent to ask. `id` is the poller's name for it: sessions and what was learnt are kept under it.

    A request is sent at most `1 + retries` times, each try waiting `timeout_s` seconds.
    """

    id: str
    host: str
    port: int
    credential: Credential
    timeout_s: float = 1.0
    retries: int = 1


@dataclass(frozen=True, slots=True)
class Varbind:
    """One object and what the agent said of it. OIDs have no leading dot. `value` is None unless `kind` is VALUE."""

    oid: str
    kind: VarbindKind
    value: Value = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The agent answered: one varbind per requested OID, in the order of the request.

    `rtt_s` is from the first try to the reply, so it holds the waits of the tries that were lost. `requests` is how
    many PDUs the answer took; values of different PDUs are of different moments.
    """

    varbinds: tuple[Varbind, ...]
    rtt_s: float
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Rows:
    """What a walk read: index (the OID's part after the column) -> column OID -> value. Absent cells are absent keys.

    `stopped` is None when every column was read to its end.
    """

    rows: Mapping[str, Mapping[str, Value]]
    rtt_s: float
    stopped: Stop | None = None
    requests: int = 1


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Silence through all tries."""

    tries: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An ICMP error or the local network stack said so: the host or its port is not there."""

    detail: str


@dataclass(frozen=True, slots=True)
class AuthenticationFailed:
    """The agent answered that it doesn't accept our credential."""

    report: Report
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CredentialsSuspect:
    """SNMPv3 discovery is answered and requests are not: a wrong privacy key looks exactly like silence."""

    tries: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class AgentError:
    """An error-status that no smaller request cures. `index` counts from 1, 0 where it names no varbind or is lost."""

    status: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Malformed:
    """The reply or the request is no SNMP: what was wrong with it."""

    detail: str


Failure = NoAnswer | Unreachable | AuthenticationFailed | CredentialsSuspect | AgentError | Malformed
Outcome = Answer | Failure
WalkOutcome = Rows | Failure


class EngineName(Enum):
    """Which engine polls a group of devices."""

    GUFO = "gufo"
    PYSNMP = "pysnmp"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large requests are. Replies should stay under 1,400 bytes; per device less is learnt from its tooBig."""

    max_varbinds: int = 40
    max_repetitions: int = 30


@dataclass(frozen=True, slots=True)
class EngineState:
    """What an engine holds now, for metrics: open sessions and devices that were found to need smaller requests."""

    sessions: int
    reduced: Mapping[str, int] = field(default_factory=dict)


class SnmpEngine(Protocol):
    """Asks agents. Never raises for what an agent or the network does; one loop, any number of targets at once.

    At most one call per target is in flight; a second one for the same target waits.
    """

    async def start(self, targets: Sequence[Target] = ()) -> None:
        """Open what is needed. Targets that are known now are prepared together, which is much cheaper on pysnmp."""

    async def stop(self) -> None:
        """Close everything. Calls in flight are cancelled."""

    async def get(self, target: Target, oids: Sequence[str]) -> Outcome:
        """GET. More OIDs than fit into one PDU are asked in several, in order: put sysUpTime and counters first."""

    async def walk(
        self, target: Target, columns: Sequence[str], *, max_rows: int, deadline_s: float
    ) -> WalkOutcome:
        """The columns' rows, at most `max_rows` of them, for at most `deadline_s` seconds in all."""

    def forget(self, target_id: str) -> None:
        """Drop the target's session and all that was learnt of it: changed settings, a swapped device."""

    def state(self) -> EngineState:
        """What is held now."""
