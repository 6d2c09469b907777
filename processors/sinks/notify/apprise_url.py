"""A receiver behind an Apprise URL: e-mail, messengers, and whatever else Apprise knows."""

import logging
from typing import Any

import apprise

from processors.sinks.notify.grouping import Notification
from processors.sinks.notify.secret_file import secret
from processors.sinks.notify.texts import Texts, in_languages
from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.settings.notify import ReceiverSettings


class AppriseUrl:
    """See `Receiver`. Apprise says only whether it went well, so that whatever fails is tried again."""

    def __init__(self, settings: ReceiverSettings, texts: Texts) -> None:
        self.name = settings.name
        self._settings = settings
        self._texts = texts
        self._target: Any = None

    def open(self) -> None:
        """See `Receiver`."""
        # Its own log lines may hold URLs with keys.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        url = secret(self._settings.url, self._settings.url_file)
        timeout_s = self._settings.timeout_s
        target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if target is None:
            raise TargetRefusedError(
                "Apprise does not know its URL: see the list of services in Apprise's documentation"
            )
        target.socket_connect_timeout = target.socket_read_timeout = timeout_s
        self._target = target

    def send(self, notification: Notification) -> None:
        """See `Receiver`."""
        if self._target is None:
            raise TargetUnavailableError("is not open")
        texts, language = self._texts, self._settings.language
        alerts = notification.alerts
        firing = any(one.status == "firing" for one in alerts)
        done = self._target.notify(
            title=texts.group(alerts, "en" if language == "en" else "vi"),
            body=in_languages(language, lambda one: texts.body(alerts, one)),
            notify_type=apprise.NotifyType.WARNING if firing else apprise.NotifyType.SUCCESS,
            body_format=apprise.NotifyFormat.TEXT,
        )
        if not done:
            raise TargetUnavailableError("Apprise could not deliver")

    def close(self) -> None:
        """See `Receiver`."""
        self._target = None
