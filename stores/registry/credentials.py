"""Reads credentials.toml; refuses a file that others on the machine could read."""

import os
import stat
import tomllib
from pathlib import Path

from pydantic import ValidationError

from schemas.credentials import Credential, CredentialsFile
from stores.registry.problems import Problem, RegistryErrors

FILE_NAME = "credentials.toml"


def load_credentials(path: Path) -> dict[str, Credential]:
    """All credentials by name; none when the file is absent.

    Raises:
        RegistryErrors: the file's mode is not 0600, it is no TOML, or an entry is wrong.
            No message holds a secret.
    """
    try:
        # Opened once and judged by its descriptor: it can't be exchanged in between.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _error(path, "", f"can't be read: {error.strerror}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _error(path, "", "is not a regular file")
    with os.fdopen(descriptor, "rb") as stream:
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~0o600:
            raise _error(path, "", f"has mode {mode:04o}: it holds secrets, run chmod 0600 {path}")
        content = stream.read()
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _error(path, "", "is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _error(path, "", f"is not TOML: {error}") from None
    try:
        return CredentialsFile.model_validate(tables).credentials()
    except ValidationError as error:
        # Without `from`: the validation error's text shows the input, that is the secrets.
        raise RegistryErrors(
            Problem(path.name, 0, ".".join(str(part) for part in details["loc"]), details["msg"])
            for details in error.errors(include_url=False, include_input=False)
        ) from None


def _error(path: Path, field: str, message: str) -> RegistryErrors:
    return RegistryErrors([Problem(path.name, 0, field, message)])
