"""A receiver that takes Alertmanager's webhook: one POST a message, version 4 of its payload."""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from processors.sinks.notify.alert import Alert
from processors.sinks.notify.grouping import Notification
from processors.sinks.notify.secret_file import secret
from processors.sinks.notify.texts import Texts, in_languages
from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.settings.notify import ReceiverSettings
from schemas.time import format_ms

_NO_END: Final = "0001-01-01T00:00:00Z"
_LONGEST_WAIT_S: Final = 3_600.0
_AWAY: Final = frozenset({408, 425, 429})


class Webhook:
    """See `Receiver`."""

    def __init__(self, settings: ReceiverSettings, texts: Texts) -> None:
        self.name = settings.name
        self._settings = settings
        self._texts = texts
        self._client: httpx.Client | None = None
        self._url = httpx.URL()

    def open(self) -> None:
        """See `Receiver`."""
        settings = self._settings
        headers = {"User-Agent": "btswatch"}
        if settings.bearer_file is not None:
            headers["Authorization"] = f"Bearer {secret(None, settings.bearer_file)}"
        try:
            self._url = httpx.URL(secret(settings.url, settings.url_file))
            verify = ssl.create_default_context(cafile=settings.tls_ca)
        except (httpx.InvalidURL, OSError) as error:
            # Not the URL itself: it may hold a key.
            raise TargetRefusedError(f"its URL or tls_ca can't be used: {type(error).__name__}") from error
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise TargetRefusedError("its URL is none of http or https")
        self._client = httpx.Client(timeout=settings.timeout_s, headers=headers, verify=verify)

    def send(self, notification: Notification) -> None:
        """See `Receiver`."""
        if self._client is None:
            raise TargetUnavailableError("is not open")
        try:
            answer = self._client.post(self._url, json=self.payload(notification))
        except httpx.HTTPError as error:
            raise TargetUnavailableError(f"{self._url.host}: {type(error).__name__}") from error
        status = answer.status_code
        if answer.is_success:
            return
        reason = f"{self._url.host}: answered {status}"
        if status in _AWAY or status >= 500:
            raise TargetUnavailableError(reason, _retry_after(answer.headers.get("retry-after", "")))
        raise TargetRefusedError(reason)

    def close(self) -> None:
        """See `Receiver`."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def payload(self, notification: Notification) -> dict[str, Any]:
        """The body of the POST."""
        alerts = [self._alert(one) for one in notification.alerts]
        firing = any(one.status == "firing" for one in notification.alerts)
        return {
            "version": "4",
            "groupKey": notification.key,
            "truncatedAlerts": 0,
            "status": "firing" if firing else "resolved",
            "receiver": self.name,
            "groupLabels": dict(notification.group),
            "commonLabels": _common([one["labels"] for one in alerts]),
            "commonAnnotations": _common([one["annotations"] for one in alerts]),
            "externalURL": self._texts.console_url,
            "alerts": alerts,
        }

    def _alert(self, alert: Alert) -> dict[str, Any]:
        texts = self._texts
        return {
            "status": alert.status,
            "labels": dict(alert.labels),
            "annotations": {
                "summary": in_languages(self._settings.language, lambda one: texts.line(alert, one)),
                **alert.facts,
            },
            "startsAt": format_ms(alert.starts_ms),
            "endsAt": _NO_END if alert.ends_ms is None else format_ms(alert.ends_ms),
            "generatorURL": texts.link(alert),
            "fingerprint": alert.fingerprint,
        }


def _common(each: list[dict[str, str]]) -> dict[str, str]:
    first, *others = each
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _retry_after(text: str) -> float | None:
    """Seconds, from a number or a date (RFC 9110 section 10.2.3); never more than an hour."""
    if text.strip().isdigit():
        return min(float(text), _LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT_S)
