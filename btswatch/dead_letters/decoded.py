"""A dead letter's body in a form that a person reads."""

import json
from typing import Any

from btswatch.dead_letters.letter import Letter
from ingest.snmp.ber import DecodeError
from ingest.snmp.message import TrapV1, V3Message, decode_message


def decoded(letter: Letter) -> Any:
    """JSON where it is JSON; of a trap what can be told without its keys; else the text or the bytes."""
    body = letter.body or b""
    if letter.entrance == "traps":
        return _trap(body)
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"hex": body.hex(" ")}
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else {"hex": body.hex(" ")}


def _trap(datagram: bytes) -> dict[str, Any]:
    try:
        message = decode_message(datagram)
    except DecodeError as error:
        return {"problem": str(error), "hex": datagram.hex(" ")}
    if isinstance(message, V3Message):
        user = message.usm.user.decode("utf-8", "replace")
        return {
            "version": 3,
            "user": user,
            "engine_id": message.usm.engine_id.hex(),
            "boots": message.usm.boots,
        }
    # Neither its community nor its bytes, which hold it: it is a password.
    told: dict[str, Any] = {"version": "1" if isinstance(message.pdu, TrapV1) else "2c"}
    if isinstance(message.pdu, TrapV1):
        told |= {
            "enterprise": message.pdu.enterprise,
            "generic": message.pdu.generic,
            "specific": message.pdu.specific,
        }
    return {**told, "bindings": {one.oid: _text(one.value) for one in message.pdu.bindings}}


def _text(value: object) -> object:
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        return text if text.isprintable() else value.hex(" ")
    return value if isinstance(value, int | str | None) else str(value)
