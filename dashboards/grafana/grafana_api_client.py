"""The port to Grafana over grafana-api 1.0.3, and plain requests of its session where that library can't.

grafana-api is archived. It changes data sources by numeric id only, which Grafana 13 has switched off; so those go
by uid. Neither redirects nor a proxy of the environment get the token: it goes to the configured address alone.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import (  # type: ignore[import-untyped] # it ships no types
    GrafanaClientError,
    GrafanaServerError,
)
from grafana_api.grafana_face import GrafanaFace  # type: ignore[import-untyped] # it ships no types

from dashboards.grafana.committed import Folder
from dashboards.grafana.port import GrafanaRefusedError, GrafanaUnreachableError, Stored
from schemas.settings.grafana import GrafanaSettings

_NOT_FOUND = 404


class GrafanaApiClient:
    """One server. Close it when done."""

    def __init__(self, settings: GrafanaSettings) -> None:
        parts = urlsplit(settings.url)
        path = parts.path.strip("/")
        self._where = settings.url
        self._face = GrafanaFace(
            auth=settings.token.get_secret_value(),
            host=f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname,
            port=parts.port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            verify=str(settings.tls_ca) if settings.tls_ca else True,
            timeout=settings.timeout_s,
        )
        self._face.api.s.trust_env = False
        # A redirect would turn a POST into a GET, and answer well.
        self._face.api.s.max_redirects = 0

    def close(self) -> None:
        """Drop the connections."""
        self._face.api.s.close()

    def folder(self, uid: str) -> Folder | None:
        """The folder."""
        found = self._found(f"folder {uid}", lambda: self._face.folder.get_folder(quote(uid, safe="")))
        return None if found is None else Folder(found["uid"], found["title"])

    def create_folder(self, folder: Folder) -> None:
        """Make it under its uid."""
        self._call(f"folder {folder.uid}", lambda: self._face.folder.create_folder(folder.title, folder.uid))

    def rename_folder(self, folder: Folder) -> None:
        """Give the folder of this uid this title."""
        self._call(
            f"folder {folder.uid}",
            lambda: self._face.folder.update_folder(quote(folder.uid, safe=""), folder.title, overwrite=True),
        )

    def dashboard(self, uid: str) -> Stored | None:
        """The dashboard."""
        found = self._found(uid, lambda: self._face.dashboard.get_dashboard(quote(uid, safe="")))
        if found is None:
            return None
        meta = found["meta"]
        return Stored(found["dashboard"], meta.get("folderUid", ""), bool(meta.get("provisioned", False)))

    def save_dashboard(self, model: dict[str, Any], folder_uid: str) -> None:
        """Put it into the folder, over one of the same uid."""
        body = {
            "dashboard": {**model, "id": None},
            "folderUid": folder_uid,
            "overwrite": True,
            "message": "btswatch dashboards push",
        }
        self._call(str(model["uid"]), lambda: self._face.dashboard.update_dashboard(body))

    def datasource(self, uid: str) -> dict[str, Any] | None:
        """The data source, without its secrets; by uid, which grafana-api doesn't know."""
        return self._found(
            f"data source {uid}", lambda: self._face.api.GET(f"/datasources/uid/{quote(uid, safe='')}")
        )

    def create_datasource(self, model: dict[str, Any]) -> None:
        """Make it under its uid."""
        self._call(f"data source {model['uid']}", lambda: self._face.datasource.create_datasource(model))

    def update_datasource(self, uid: str, model: dict[str, Any]) -> None:
        """Replace it; by uid, which grafana-api doesn't know."""
        path = f"/datasources/uid/{quote(uid, safe='')}"
        self._call(f"data source {uid}", lambda: self._face.api.PUT(path, json=model))

    def _found(self, what: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        try:
            return self._call(what, ask)
        except GrafanaRefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def _call(self, what: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            answer = ask()
        except GrafanaServerError as error:
            raise GrafanaUnreachableError(
                self._where, f"answers {error.status_code}: {_said(error)}"
            ) from error
        except GrafanaClientError as error:
            raise GrafanaRefusedError(what, error.status_code, _said(error), _kind(error)) from error
        except requests.TooManyRedirects as error:
            raise GrafanaRefusedError(
                what, 301, "the address redirects: set grafana.url to where it leads"
            ) from error
        except requests.JSONDecodeError as error:
            raise GrafanaRefusedError(
                what, 200, f"{self._where} answers no JSON: is that Grafana?"
            ) from error
        except requests.Timeout as error:
            raise GrafanaUnreachableError(self._where, "does not answer in time") from error
        except requests.exceptions.SSLError as error:
            raise GrafanaUnreachableError(
                self._where, "its certificate is not trusted: see grafana.tls_ca"
            ) from error
        except requests.RequestException as error:
            raise GrafanaUnreachableError(self._where, _reason(error)) from error
        except TypeError as error:
            # grafana-api looks for a message also in a text that is no JSON.
            raise GrafanaRefusedError(
                what, 400, f"{self._where} answers no JSON: is that Grafana?"
            ) from error
        if not isinstance(answer, dict):
            raise GrafanaRefusedError(what, 200, f"{self._where} answers in another form than Grafana's")
        return answer


def _said(error: GrafanaClientError | GrafanaServerError) -> str:
    response = error.response
    text = response.get("message", "") if isinstance(response, dict) else str(response)
    return " ".join(text.split())[:200] or "no reason given"


def _kind(error: GrafanaClientError) -> str:
    return str(error.response.get("status", "")) if isinstance(error.response, dict) else ""


def _reason(error: BaseException) -> str:
    """The innermost reason: requests wraps it several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
