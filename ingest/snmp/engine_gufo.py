"""The default engine: gufo-snmp. One socket per target; see `gufo_wire` for its faults and how they are mended."""

from ingest.snmp.conversations import Conversations
from ingest.snmp.engine import Target
from ingest.snmp.gufo_wire import GufoWire
from ingest.snmp.wire import GarbledError, Wire
from schemas.credentials import Credential, UsmUser


def unsupported(credential: Credential) -> str | None:
    """Why a device with this credential can't be polled by gufo, None where it can."""
    if isinstance(credential, UsmUser) and credential.context:
        return "gufo-snmp can't send a context name: poll this device with pysnmp"
    return None


class GufoEngine(Conversations):
    """`SnmpEngine` on gufo-snmp."""

    async def _open(self, target: Target, address: str) -> Wire:
        reason = unsupported(target.credential)
        if reason:
            raise GarbledError(reason)
        host = f"[{address}]" if ":" in address else address
        return GufoWire(f"{host}:{target.port}", target.credential)
