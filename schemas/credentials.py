"""What the poller and the trap receiver authenticate with, by name. A secret never appears in a repr or a log.

The file is credentials.toml beside the registry, never in git, mode 0600:

    [community.access]
    version = "2c"
    community = "..."

    [usm.core]
    user = "btswatch"
    auth_protocol = "SHA-256"
    auth_key = "at least eight characters"
    priv_protocol = "AES-128"
    priv_key = "at least eight characters"
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from schemas.base import Contract

SnmpVersion = Literal["1", "2c"]


class AuthProtocol(StrEnum):
    """HMAC of USM: RFC 3414 (SHA, that is SHA-1) and RFC 7860 (the others). MD5 is refused."""

    SHA = "SHA"
    SHA_224 = "SHA-224"
    SHA_256 = "SHA-256"
    SHA_384 = "SHA-384"
    SHA_512 = "SHA-512"


class PrivProtocol(StrEnum):
    """Ciphers of USM: RFC 3826 (AES-128) and the vendors' longer keys. DES is refused."""

    AES_128 = "AES-128"
    AES_192 = "AES-192"
    AES_256 = "AES-256"


@dataclass(frozen=True, slots=True)
class Community:
    """An SNMP v1 or v2c community."""

    name: str
    version: SnmpVersion
    community: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UsmUser:
    """An SNMPv3 user of the User-based Security Model; `None` keys mean noAuth or noPriv."""

    name: str
    user: str
    auth_protocol: AuthProtocol | None = None
    auth_key: str | None = field(default=None, repr=False)
    priv_protocol: PrivProtocol | None = None
    priv_key: str | None = field(default=None, repr=False)
    context: str = ""


Credential = Community | UsmUser

# RFC 3414 11.2: passwords of eight characters or more.
_Key = Annotated[SecretStr, Field(min_length=8, max_length=1024)]


class CommunityEntry(Contract):
    """One `[community.NAME]` table."""

    version: SnmpVersion = "2c"
    community: Annotated[SecretStr, Field(min_length=1, max_length=255)]

    def credential(self, name: str) -> Community:
        """The value the SNMP engines use."""
        return Community(name, self.version, self.community.get_secret_value())


class UsmEntry(Contract):
    """One `[usm.NAME]` table."""

    # RFC 3411: SnmpAdminString of 1 to 32 octets.
    user: Annotated[str, Field(min_length=1, max_length=32)]
    auth_protocol: AuthProtocol | None = None
    auth_key: _Key | None = None
    priv_protocol: PrivProtocol | None = None
    priv_key: _Key | None = None
    context: Annotated[str, Field(max_length=32)] = ""

    @model_validator(mode="after")
    def _keys_fit_the_protocols(self) -> Self:
        if (self.auth_protocol is None) != (self.auth_key is None):
            raise ValueError("auth_protocol and auth_key belong together")
        if (self.priv_protocol is None) != (self.priv_key is None):
            raise ValueError("priv_protocol and priv_key belong together")
        if self.priv_protocol is not None and self.auth_protocol is None:
            raise ValueError("privacy needs authentication (RFC 3414): give auth_protocol and auth_key")
        return self

    def credential(self, name: str) -> UsmUser:
        """The value the SNMP engines use."""
        return UsmUser(
            name,
            self.user,
            self.auth_protocol,
            self.auth_key.get_secret_value() if self.auth_key else None,
            self.priv_protocol,
            self.priv_key.get_secret_value() if self.priv_key else None,
            self.context,
        )


class CredentialsFile(Contract):
    """The whole credentials.toml; a name stands for one credential, whatever its kind."""

    community: Mapping[str, CommunityEntry] = {}
    usm: Mapping[str, UsmEntry] = {}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        twice = sorted(set(self.community) & set(self.usm))
        if twice:
            raise ValueError(f"name used by a community and a USM user: {', '.join(twice)}")
        return self

    def credentials(self) -> dict[str, Credential]:
        """All of them by name."""
        found: dict[str, Credential] = {
            name: entry.credential(name) for name, entry in self.community.items()
        }
        found.update((name, entry.credential(name)) for name, entry in self.usm.items())
        return found
