"""What is wanted of a Grafana server, whatever client library speaks to it."""

from dataclasses import dataclass
from typing import Any, Protocol

from dashboards.grafana.committed import Folder


class GrafanaUnreachableError(Exception):
    """No answer, or one that says to come back later (5xx); nothing was changed by the request that failed."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class GrafanaRefusedError(Exception):
    """Grafana answered no. `status` is HTTP's; `kind` its own word (such as version-mismatch) where it gave one."""

    def __init__(self, what: str, status: int, message: str, kind: str = "") -> None:
        super().__init__(f"{what}: {message} ({status}{f', {kind}' if kind else ''})")
        self.what = what
        self.status = status
        self.message = message
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Stored:
    """A dashboard as the server keeps it; `provisioned` ones come from files and can't be saved over."""

    model: dict[str, Any]
    folder_uid: str
    provisioned: bool


class Grafana(Protocol):
    """Every method raises GrafanaUnreachableError and GrafanaRefusedError; None says that there is no such thing."""

    def folder(self, uid: str) -> Folder | None:
        """The folder."""

    def create_folder(self, folder: Folder) -> None:
        """Make it under its uid."""

    def rename_folder(self, folder: Folder) -> None:
        """Give the folder of this uid this title."""

    def dashboard(self, uid: str) -> Stored | None:
        """The dashboard."""

    def save_dashboard(self, model: dict[str, Any], folder_uid: str) -> None:
        """Put it into the folder, over one of the same uid."""

    def datasource(self, uid: str) -> dict[str, Any] | None:
        """The data source, without its secrets."""

    def create_datasource(self, model: dict[str, Any]) -> None:
        """Make it under its uid."""

    def update_datasource(self, uid: str, model: dict[str, Any]) -> None:
        """Replace it."""
