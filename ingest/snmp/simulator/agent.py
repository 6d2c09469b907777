"""One simulated agent: its state, its counters, and its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from ingest.snmp.authoritative import Accepted, AuthoritativeEngine
from ingest.snmp.ber import Binding, DecodeError, Tag
from ingest.snmp.message import (
    V1,
    CommunityMessage,
    Pdu,
    PduType,
    V3Message,
    decode_message,
    encode_community,
)
from ingest.snmp.simulator.model import AgentModel, AgentState
from ingest.snmp.simulator.view import View, view_of
from ingest.snmp.usm import UserKeys

# 32473 is the enterprise number of examples (RFC 5612).
_ENGINE_PREFIX = bytes.fromhex("80007ed905")
# A reply of so many stays below 4 KiB, also with long names.
_MAX_BINDINGS = 100
# A plain number: comparing with a member of an enum costs more.
_END = int(Tag.END_OF_MIB_VIEW)
_NO_SUCH_NAME, _READ_ONLY, _NOT_WRITABLE = 2, 4, 17


@dataclass(slots=True)
class _Counted:
    """Octets in, out and errors of an interface, up to `at_ms`; from then on they grow with its load."""

    at_ms: int
    octets_in: float = 0.0
    octets_out: float = 0.0
    errors: float = 0.0


class SimulatedAgent:
    """Answers datagrams as `shown` says; `state` is what really is."""

    def __init__(
        self,
        model: AgentModel,
        state: AgentState,
        keys: UserKeys | None,
        now_ms: Callable[[], int],
        salt: int,
        starts: int = 0,
    ) -> None:
        self.model = model
        self.engine_id = _ENGINE_PREFIX + sha256(model.name.encode()).digest()[:12]
        self.keys = keys
        self._now_ms = now_ms
        self._booted_ms = now_ms()
        users = {keys.user.user.encode(): (keys,)} if keys else {}
        self._engine = AuthoritativeEngine(self.engine_id, starts + 1, self._booted_ms, users, now_ms, salt)
        self._community = model.community.encode() if model.community else None
        self._counted: list[_Counted] = []
        self.state = state
        self.shown = state.shown()
        self._view = self._shape()
        self._reset_counters()

    @property
    def boots(self) -> int:
        """Starts since it exists."""
        return self._engine.boots

    def uptime_s(self) -> float:
        """Seconds since its start."""
        return (self._now_ms() - self._booted_ms) / 1000

    def counted(self, interface: int) -> tuple[int, int, int]:
        """Octets in, octets out, errors in, now."""
        found = self._grown(interface)
        return int(found.octets_in), int(found.octets_out), int(found.errors)

    def become(self, state: AgentState) -> AgentState:
        """Take a new state; what was shown before."""
        before = self.shown
        self._counted = [self._grown(at) for at in range(len(self._counted))]
        self.state = state
        self.shown = state.shown()
        self._view = self._shape()
        if len(self._counted) != len(state.interfaces):
            self._reset_counters()
        return before

    def restart(self) -> None:
        """Start again: uptime and counters from zero, one boot more."""
        self._booted_ms = self._engine.started_ms = self._now_ms()
        self._engine.boots += 1
        self._reset_counters()

    def answer(self, data: bytes) -> bytes | None:
        """The reply to a datagram, None where an agent keeps silent."""
        try:
            message = decode_message(data)
        except DecodeError:
            return None
        if isinstance(message, V3Message):
            return self._answer_v3(data, message)
        if message.community != self._community or not isinstance(message.pdu, Pdu):
            return None
        response = self._respond(message.pdu, v1=message.version == V1)
        return response and encode_community(CommunityMessage(message.version, message.community, response))

    def notification(self, bindings: tuple[Binding, ...], number: int) -> bytes | None:
        """A trap as its credential sends it; None where it has none."""
        pdu = Pdu(PduType.TRAP, number, 0, 0, bindings)
        if self.keys is not None:
            return self._engine.notify(self.keys, pdu, number)
        return self._community and encode_community(CommunityMessage(1, self._community, pdu))

    def read(self, *oids: str) -> tuple[Binding, ...]:
        """Objects as a GET would show them."""
        return tuple(self._view.get(self, oid) for oid in oids)

    def _answer_v3(self, data: bytes, message: V3Message) -> bytes | None:
        checked = self._engine.accept(data, message)
        if not isinstance(checked, Accepted):
            return checked.report
        response = self._respond(checked.scoped.pdu, v1=False)
        return response and self._engine.respond(checked, response)

    def _respond(self, pdu: Pdu, *, v1: bool) -> Pdu | None:
        match pdu.type:
            case PduType.GET:
                found = tuple(self._view.get(self, each.oid) for each in pdu.bindings)
            case PduType.GETNEXT:
                found = tuple(self._view.next(self, each.oid, counter64=not v1) for each in pdu.bindings)
            case PduType.GETBULK if not v1:
                found = self._bulk(pdu)
            case PduType.SET:
                return Pdu(
                    PduType.RESPONSE, pdu.request_id, _READ_ONLY if v1 else _NOT_WRITABLE, 1, pdu.bindings
                )
            case _:
                return None
        if v1:
            for index, each in enumerate(found, start=1):
                # SNMPv1 has neither exceptions nor Counter64 (RFC 3584 section 4.2.2).
                if each.tag >= Tag.NO_SUCH_OBJECT or each.tag == Tag.COUNTER64:
                    return Pdu(PduType.RESPONSE, pdu.request_id, _NO_SUCH_NAME, index, pdu.bindings)
        return Pdu(PduType.RESPONSE, pdu.request_id, 0, 0, found)

    def _bulk(self, pdu: Pdu) -> tuple[Binding, ...]:
        """RFC 3416 section 4.2.3, which allows to cut a reply: where it grows too long, and behind the columns' ends.

        The rest of what a walk asks for is other columns; with thousands of agents that is most of the work.
        """
        asked = [each.oid for each in pdu.bindings]
        non_repeaters = min(max(pdu.error_status, 0), len(asked))
        found = [self._view.next(self, oid) for oid in asked[:non_repeaters]]
        row = asked[non_repeaters:]
        columns: list[str] = []
        for _ in range(max(pdu.error_index, 0) if row else 0):
            answers = [self._view.next(self, oid) for oid in row]
            found += answers
            row = [each.oid for each in answers]
            parents = [oid.rpartition(".")[0] for oid in row]
            columns = columns or parents
            ended = all(
                parent != column or each.tag == _END
                for parent, column, each in zip(parents, columns, answers, strict=True)
            )
            if ended or len(found) >= _MAX_BINDINGS:
                break
        return tuple(found[:_MAX_BINDINGS])

    def _shape(self) -> View:
        station = self.shown.station
        return view_of(len(station.cells) if station else None, len(self.shown.interfaces))

    def _reset_counters(self) -> None:
        self._counted = [_Counted(self._now_ms()) for _ in self.state.interfaces]

    def _grown(self, at: int) -> _Counted:
        interface, counted, now_ms = self.shown.interfaces[at], self._counted[at], self._now_ms()
        up = interface.admin_up and interface.oper_up
        seconds = max(0, now_ms - counted.at_ms) / 1000 if up else 0.0
        return _Counted(
            now_ms,
            counted.octets_in + interface.in_bps / 8 * seconds,
            counted.octets_out + interface.out_bps / 8 * seconds,
            counted.errors + interface.errors_per_s * seconds,
        )
