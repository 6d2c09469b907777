"""Secrets that are sent in an HTTP header."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr


def _fits_a_header(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not (value.isascii() and value.isprintable()) or " " in value:
        # Clients refuse such a header with a text that quotes all of it, and texts end in logs.
        raise ValueError("is one line of ASCII without spaces; this has other characters")
    return secret


HeaderSecret = Annotated[SecretStr, AfterValidator(_fits_a_header)]
