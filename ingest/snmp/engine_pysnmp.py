"""The reference engine: pysnmp, in shards. For devices and platforms that gufo can't serve, and to check gufo against.

It costs about 1.7 ms of CPU a GET and 24 ms a table of 24 rows and 8 columns: some 500 GETs/s or 40 such walks/s a core.
"""

from collections.abc import Callable, Sequence

from pyasn1.type.univ import Integer, Null, ObjectIdentifier, OctetString
from pysnmp.proto.rfc1902 import IpAddress
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from ingest.snmp.conversations import Conversations, resolve
from ingest.snmp.engine import Limits, Target, Value, Varbind, VarbindKind
from ingest.snmp.pysnmp_shard import Pair, Shard
from ingest.snmp.wire import AgentRefusedError, RefusedError, TooLargeError, Wire

# RFC 3416: these say that a smaller request may be answered; every other error-status stands.
_SIZE = frozenset({"tooBig", "genErr"})
_KINDS = {
    NoSuchObject: VarbindKind.NO_SUCH_OBJECT,
    NoSuchInstance: VarbindKind.NO_SUCH_INSTANCE,
    EndOfMibView: VarbindKind.END_OF_MIB_VIEW,
}


class PysnmpEngine(Conversations):
    """`SnmpEngine` on pysnmp."""

    def __init__(self, message_id: Callable[[], int], limits: Limits | None = None) -> None:
        super().__init__(message_id, limits)
        self._shards: list[Shard] = []
        self._known: dict[str, tuple[Target, Shard]] = {}

    async def start(self, targets: Sequence[Target] = ()) -> None:
        """Register all targets before the first request: later each costs a rebuild of its shard's map."""
        for target in targets:
            try:
                address = await resolve(target)
            except OSError:
                # Its first request will say so.
                continue
            self.place(target, address)

    async def stop(self) -> None:
        """Cancel the calls in flight and close every shard."""
        await super().stop()
        for shard in self._shards:
            shard.close()
        self._shards.clear()
        self._known.clear()

    def forget(self, target_id: str) -> None:
        """See `SnmpEngine.forget`."""
        super().forget(target_id)
        self.displace(target_id)

    def place(self, target: Target, address: str, *, afresh: bool = False) -> Shard:
        """The target's shard; with `afresh` another one than before, which knows nothing of the agent."""
        known = self._known.get(target.id)
        if known is not None and known[0] == target and not afresh:
            return known[1]
        self.displace(target.id)
        barred = known[1] if known is not None and afresh else None
        shard = next(
            (s for s in reversed(self._shards) if s is not barred and s.accepts(target.credential)), None
        )
        if shard is None:
            shard = Shard()
            self._shards.append(shard)
        shard.add(target, address)
        self._known[target.id] = (target, shard)
        return shard

    def displace(self, target_id: str) -> None:
        """Take the target out of its shard; close the shard with the last one."""
        known = self._known.pop(target_id, None)
        if known is None:
            return
        shard = known[1]
        shard.remove(target_id)
        if not len(shard):
            shard.close()
            self._shards.remove(shard)

    async def _open(self, target: Target, address: str) -> Wire:
        self.place(target, address)
        return PysnmpWire(self, target, address)


class PysnmpWire:
    """One target of one shard."""

    sees_icmp = False

    def __init__(self, engine: PysnmpEngine, target: Target, address: str) -> None:
        self._engine = engine
        self._target = target
        self._address = address
        self._closed = False

    @property
    def shard(self) -> Shard:
        """Where the target is registered now.

        Raises:
            RefusedError: the target was forgotten.
        """
        if self._closed:
            raise RefusedError("forgotten while it was asked")
        return self._engine.place(self._target, self._address)

    async def get(self, oids: Sequence[str], timeout_s: float) -> tuple[Varbind, ...]:
        """One GET. SNMPv1 refuses the whole request for one absent object: it is asked again without it."""
        del timeout_s  # registered with the target
        absent: set[str] = set()
        while True:
            wanted = [oid for oid in oids if oid not in absent]
            if not wanted:
                return tuple(Varbind(oid, VarbindKind.NO_SUCH) for oid in oids)
            status, index, pairs = await self.shard.get(self._target, wanted)
            if status == "noSuchName" and 0 < index <= len(wanted):
                absent.add(wanted[index - 1])
                continue
            _check(status, index)
            found = {str(name): _varbind(name, value) for name, value in pairs}
            return tuple(found.get(oid) or Varbind(oid, VarbindKind.NO_SUCH) for oid in oids)

    def column(self, column: str, repetitions: int) -> "PysnmpColumn":
        """Walk a column."""
        return PysnmpColumn(self, self._target, column, repetitions)

    def renew(self) -> None:
        """Pysnmp keeps engine IDs for 300 s and has no way to drop one: another engine starts without."""
        if not self._closed:
            self._engine.place(self._target, self._address, afresh=True)

    def close(self) -> None:
        """Nothing is asked any more; the shard is the engine's."""
        self._closed = True


class PysnmpColumn:
    """A walk down one column."""

    def __init__(self, wire: PysnmpWire, target: Target, column: str, repetitions: int) -> None:
        self._wire = wire
        self._target = target
        self._prefix = f"{column}."
        self._repetitions = repetitions
        self._last = column

    async def read(self, timeout_s: float) -> tuple[list[tuple[str, Value]], bool]:
        """The next rows."""
        del timeout_s  # registered with the target
        status, index, pairs = await self._wire.shard.get_bulk(self._target, self._last, self._repetitions)
        if status == "noSuchName":
            return [], True
        _check(status, index)
        found: list[tuple[str, Value]] = []
        for name, value in pairs:
            varbind = _varbind(name, value)
            if not varbind.oid.startswith(self._prefix) or varbind.kind is not VarbindKind.VALUE:
                return found, True
            found.append((varbind.oid, varbind.value))
            self._last = varbind.oid
        return found, not found


def _check(status: str, index: int) -> None:
    if status in _SIZE:
        raise TooLargeError(status, index)
    if status:
        raise AgentRefusedError(status, index)


def _varbind(name: Pair, value: object) -> Varbind:
    oid = str(name)
    kind = _KINDS.get(type(value), VarbindKind.VALUE)
    return Varbind(oid, kind, _value(value) if kind is VarbindKind.VALUE else None)


def _value(value: object) -> Value:
    if isinstance(value, Null):
        return None
    if isinstance(value, IpAddress):
        return ".".join(str(octet) for octet in value.asOctets())
    if isinstance(value, OctetString):
        return bytes(value.asOctets())
    if isinstance(value, ObjectIdentifier):
        return str(value)
    # Counters, Gauge32 and TimeTicks are subclasses of Integer.
    return int(value) if isinstance(value, Integer) else None
