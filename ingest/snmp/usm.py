"""The User-based Security Model (RFC 3414, RFC 3826, RFC 7860): keys, MACs, encryption.

AES-192 and AES-256 are no standard: where a localized key is too short it is extended as in
draft-blumenthal-aes-usm-04, as net-snmp does.
"""

import hashlib
import hmac
from collections import OrderedDict

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ingest.snmp.ber import DecodeError
from ingest.snmp.message import Flags, ScopedPdu, V3Message, decode_scoped, encode_scoped, encode_v3
from schemas.credentials import AuthProtocol, PrivProtocol, UsmUser

# RFC 3414 A.2: a password is repeated to this length before it is hashed.
_EXPANDED = 1 << 20
MAX_LOCALIZED = 65_536

_HASHES = {
    AuthProtocol.SHA: "sha1",
    AuthProtocol.SHA_224: "sha224",
    AuthProtocol.SHA_256: "sha256",
    AuthProtocol.SHA_384: "sha384",
    AuthProtocol.SHA_512: "sha512",
}
# RFC 3414 6.3.1 and RFC 7860 section 4: octets of the MAC in a message.
MAC_OCTETS = {
    AuthProtocol.SHA: 12,
    AuthProtocol.SHA_224: 16,
    AuthProtocol.SHA_256: 24,
    AuthProtocol.SHA_384: 32,
    AuthProtocol.SHA_512: 48,
}
_KEY_OCTETS = {PrivProtocol.AES_128: 16, PrivProtocol.AES_192: 24, PrivProtocol.AES_256: 32}


class DecryptionError(ValueError):
    """The plain text is no scoped PDU: another key, or a broken sender."""


class UserKeys:
    """A user's keys, localized to engines as they are met; the least recently used engine is forgotten first.

    The constructor expands the passwords (a megabyte hashed each), which takes some milliseconds.
    """

    def __init__(self, user: UsmUser, *, max_engines: int = MAX_LOCALIZED) -> None:
        self.user = user
        self.level = (Flags.AUTH if user.auth_protocol else 0) | (Flags.PRIV if user.priv_protocol else 0)
        self.mac_octets = MAC_OCTETS[user.auth_protocol] if user.auth_protocol else 0
        self._max_engines = max_engines
        self._hash_name = _HASHES[user.auth_protocol or AuthProtocol.SHA]
        self._auth_master = self._master(user.auth_key)
        self._priv_master = self._master(user.priv_key)
        self._localized: OrderedDict[bytes, tuple[bytes, bytes]] = OrderedDict()

    def mac(self, engine_id: bytes, data: bytes) -> bytes:
        """The MAC of a message whose own MAC is zeroed."""
        return hmac.digest(self._of(engine_id)[0], data, self._hash_name)[: self.mac_octets]

    def encrypt(self, engine_id: bytes, boots: int, engine_time: int, salt: bytes, plain: bytes) -> bytes:
        """RFC 3826: CFB-128 with an IV of boots, time and the 8 octets of salt, which never come twice."""
        cipher = self._cipher(engine_id, boots, engine_time, salt).encryptor()
        return cipher.update(plain) + cipher.finalize()

    def decrypt(self, engine_id: bytes, boots: int, engine_time: int, salt: bytes, data: bytes) -> bytes:
        """The plain text; whether it is any is for the caller to see."""
        cipher = self._cipher(engine_id, boots, engine_time, salt).decryptor()
        return cipher.update(data) + cipher.finalize()

    def _cipher(self, engine_id: bytes, boots: int, engine_time: int, salt: bytes) -> Cipher[CFB]:
        vector = boots.to_bytes(4, "big") + engine_time.to_bytes(4, "big") + salt
        return Cipher(AES(self._of(engine_id)[1]), CFB(vector))

    def _of(self, engine_id: bytes) -> tuple[bytes, bytes]:
        found = self._localized.get(engine_id)
        if found is None:
            found = self._localized[engine_id] = self._localize(engine_id)
            if len(self._localized) > self._max_engines:
                self._localized.popitem(last=False)
        else:
            self._localized.move_to_end(engine_id)
        return found

    def _localize(self, engine_id: bytes) -> tuple[bytes, bytes]:
        auth = self._digest(self._auth_master + engine_id + self._auth_master)
        priv = self._digest(self._priv_master + engine_id + self._priv_master)
        wanted = _KEY_OCTETS[self.user.priv_protocol] if self.user.priv_protocol else 0
        while len(priv) < wanted:
            priv += self._digest(priv)
        return auth, priv[:wanted]

    def _digest(self, data: bytes) -> bytes:
        return hashlib.new(self._hash_name, data).digest()

    def _master(self, password: str | None) -> bytes:
        if password is None:
            return b""
        raw = password.encode()
        return self._digest((raw * (_EXPANDED // len(raw) + 1))[:_EXPANDED])


def verify(keys: UserKeys, data: bytes, message: V3Message) -> bool:
    """Whether the datagram carries the user's MAC. It says nothing of the message's age."""
    mac = message.usm.mac
    if len(mac) != keys.mac_octets or not mac:
        return False
    stop = message.mac_at + len(mac)
    zeroed = data[: message.mac_at] + bytes(len(mac)) + data[stop:]
    return hmac.compare_digest(mac, keys.mac(message.usm.engine_id, zeroed))


def opened(keys: UserKeys, message: V3Message) -> ScopedPdu:
    """The scoped PDU, decrypted where it is encrypted. The MAC must have been verified.

    Raises:
        DecryptionError: what comes out is no scoped PDU.
    """
    if not isinstance(message.scoped, bytes):
        return message.scoped
    usm = message.usm
    if len(usm.salt) != 8 or keys.user.priv_protocol is None:
        raise DecryptionError("no salt of 8 octets, or a user without a privacy key")
    plain = keys.decrypt(usm.engine_id, usm.boots, usm.engine_time, usm.salt, message.scoped)
    try:
        return decode_scoped(plain, padded=True)
    except DecodeError as error:
        raise DecryptionError(f"decrypted to no scoped PDU: {error}") from error


def sealed(keys: UserKeys | None, message: V3Message, salt: int) -> bytes:
    """The message as a datagram: encrypted and signed as its flags say, with the user's keys.

    Args:
        keys: None only for a message with neither flag.
        message: its scoped PDU plain, its MAC and salt ignored.
        salt: never the same twice under one key and boot.
    """
    usm = message.usm._replace(mac=b"", salt=b"")
    scoped = message.scoped
    if keys is not None and message.flags & Flags.PRIV and not isinstance(scoped, bytes):
        usm = usm._replace(salt=(salt & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big"))
        scoped = keys.encrypt(usm.engine_id, usm.boots, usm.engine_time, usm.salt, encode_scoped(scoped))
    if keys is None or not message.flags & Flags.AUTH:
        return encode_v3(message._replace(usm=usm, scoped=scoped))[0]
    size = keys.mac_octets
    data, mac_at = encode_v3(message._replace(usm=usm._replace(mac=bytes(size)), scoped=scoped))
    return data[:mac_at] + keys.mac(usm.engine_id, data) + data[mac_at + size :]
