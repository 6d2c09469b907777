"""Sockets and users of gufo-snmp from our credentials. Keys are hashed once per password, not once per agent."""

from functools import lru_cache

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    User,
)
from gufo.snmp._fast import SnmpV1ClientSocket, SnmpV2cClientSocket, SnmpV3ClientSocket
from gufo.snmp.user import BaseAuthKey, BasePrivKey, KeyType

from schemas.credentials import AuthProtocol, Credential, PrivProtocol, UsmUser

GufoSocket = SnmpV1ClientSocket | SnmpV2cClientSocket | SnmpV3ClientSocket
_AUTH: dict[AuthProtocol, type[BaseAuthKey]] = {
    AuthProtocol.SHA: Sha1Key,
    AuthProtocol.SHA_224: Sha224Key,
    AuthProtocol.SHA_256: Sha256Key,
    AuthProtocol.SHA_384: Sha384Key,
    AuthProtocol.SHA_512: Sha512Key,
}
_PRIV: dict[PrivProtocol, type[BasePrivKey]] = {
    PrivProtocol.AES_128: Aes128Key,
    PrivProtocol.AES_192: Aes192Key,
    PrivProtocol.AES_256: Aes256Key,
}


def open_socket(address: str, credential: Credential) -> GufoSocket:
    """A socket to `host:port`. On SNMPv3 it knows no user yet: the engine ID is discovered first.

    Raises:
        OSError: the address is none, or no descriptor is left.
    """
    if isinstance(credential, UsmUser):
        return SnmpV3ClientSocket(address, b"", "", 0, b"", 0, b"", 0, 0, 0, 0)
    kind = SnmpV1ClientSocket if credential.version == "1" else SnmpV2cClientSocket
    return kind(address, credential.community, 0, 0, 0, 0)


def usm_user(credential: UsmUser) -> User:
    """The user with master keys."""
    if credential.auth_protocol is None or credential.auth_key is None:
        return User(credential.user)
    hmac = credential.auth_protocol
    auth_key = _AUTH[hmac](_master_key(hmac, credential.auth_key), key_type=KeyType.Master)
    if credential.priv_protocol is None or credential.priv_key is None:
        return User(credential.user, auth_key=auth_key)
    priv_key = _PRIV[credential.priv_protocol](
        _master_key(hmac, credential.priv_key), key_type=KeyType.Master
    )
    return User(credential.user, auth_key=auth_key, priv_key=priv_key)


@lru_cache(maxsize=256)
def _master_key(hmac: AuthProtocol, password: str) -> bytes:
    """The hash over a megabyte of the repeated password (RFC 3414 A.2): once per password, not once per agent."""
    return _AUTH[hmac].get_master_key(password.encode())
