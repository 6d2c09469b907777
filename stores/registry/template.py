"""A registry to start from: every file with its header, or what ships about a province."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Final

from schemas.registry_rows import FILES
from stores.registry.credentials import FILE_NAME
from stores.registry.write import csv_text

_CREDENTIALS: Final = """\
# SNMP communities and USM users by name; `credential` in stations.csv and links.csv refers to these names.
# This file holds secrets: keep its mode at 0600 and keep it out of version control.
#
# [community.access]
# version = "2c"
# community = "..."
#
# [usm.core]
# user = "btswatch"
# auth_protocol = "SHA-256"
# auth_key = "..."
# priv_protocol = "AES-128"
# priv_key = "..."
"""


def provinces() -> list[str]:
    """The provinces whose public data ships with the product."""
    return sorted(path.name for path in (files("schemas") / "provinces").iterdir() if path.is_dir())


def write_template(directory: Path, province: str | None = None) -> list[Path]:
    """Writes the files into the directory (made if absent); gives their paths.

    Raises:
        FileExistsError: one of them is there already; then none is written.
        KeyError: no such province ships.
    """
    content = {file.name: csv_text(file, ()) for file in FILES}
    if province is not None:
        if province not in provinces():
            raise KeyError(province)
        shipped = files("schemas") / "provinces" / province
        content.update(
            (path.name, path.read_text(encoding="utf-8")) for path in shipped.iterdir() if path.is_file()
        )
    content[".gitignore"] = f"{FILE_NAME}\n"
    content[FILE_NAME] = _CREDENTIALS
    present = [name for name in content if (directory / name).exists()]
    if present:
        raise FileExistsError(present[0])
    directory.mkdir(parents=True, exist_ok=True)
    return [_create(directory / name, text) for name, text in content.items()]


def _create(path: Path, text: str) -> Path:
    mode = 0o600 if path.name == FILE_NAME else 0o644
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return path
