"""Secrets of receivers, from files that an orchestrator or an operator puts there."""

from pathlib import Path

from pydantic import SecretStr

from processors.sinks.port import TargetRefusedError


def secret(value: SecretStr | None, path: Path | None) -> str:
    """The file's content without blanks around it, or the value where there is no file.

    Raises:
        TargetRefusedError: the file can't be read, or holds nothing.
    """
    if path is None:
        return "" if value is None else value.get_secret_value()
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TargetRefusedError(f"{path}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from error
    if not text:
        raise TargetRefusedError(f"{path}: is empty")
    return text
