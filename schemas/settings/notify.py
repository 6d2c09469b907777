"""Settings of the notifier: what it tells, to whom, and how soon."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from schemas.base import Contract

Language = Literal["vi", "en", "both"]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class ReceiverSettings(Contract):
    """Somebody who is told. The URL is a secret where it holds a key: then give it as a file."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = Field(
        description="for logs and metrics; another name is another receiver, who is told everything that is firing"
    )
    kind: Literal["webhook", "apprise"] = Field(
        default="webhook",
        description="webhook: a POST in the form of Alertmanager's webhook; apprise: any URL that Apprise knows, such as mailto:// or tgram://",
    )
    url: SecretStr | None = Field(default=None, description="where to, unless `url_file` says it")
    url_file: Path | None = Field(
        default=None, description="file that holds the URL, mode 0600; goes before `url`"
    )
    bearer_file: Path | None = Field(
        default=None, description="webhook: file with the token of an Authorization: Bearer header"
    )
    tls_ca: Path | None = Field(
        default=None, description="webhook: file of the authorities that are trusted; absent: the system's"
    )
    language: Language = Field(default="both", description="of the texts")
    send_resolved: bool = Field(default=True, description="also tell when an alert is over")
    timeout_s: Annotated[float, Field(gt=0, le=120)] = Field(
        default=10.0, description="longest wait for an answer"
    )

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        if self.url is None and self.url_file is None:
            raise ValueError("give url or url_file")
        return self

    def beneath(self, base: Path) -> Self:
        """With relative paths taken from `base`."""
        names = ("url_file", "bearer_file", "tls_ca")
        found = {name: base / path for name in names if (path := getattr(self, name)) is not None}
        return self.model_copy(update=found)


class NotifySettings(Contract):
    """Alerts to people outside. Vietnamese: cảnh báo. They name findings and never a violation, and no coordinates."""

    console_url: Annotated[str, Field(pattern=r"^https?://\S+[^/\s]$")] = Field(
        default="http://127.0.0.1:8088", description="the console as its readers reach it, for links"
    )
    for_s: Seconds = Field(default=120.0, description="a state has to last so long before it is an alert")
    findings: bool = Field(default=True, description="also tell of findings against a threshold")
    group_wait_s: Seconds = Field(
        default=10.0, description="how long more alerts of one enterprise and unit are waited for"
    )
    group_interval_s: Seconds = Field(
        default=60.0, description="shortest pause between two messages about the same enterprise and unit"
    )
    most_alerts: Annotated[int, Field(ge=1, le=1_000)] = Field(
        default=50, description="alerts in one message; more make more messages"
    )
    recent_s: Annotated[float, Field(ge=60, le=7 * 86_400)] = Field(
        default=6 * 3_600.0,
        description="what was over before anybody could be told is still told when it ended so recently",
    )
    receivers: tuple[ReceiverSettings, ...] = Field(default=(), description="who is told")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [one.name for one in self.receivers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two receivers are called {twice[0]}")
        return self

    def beneath(self, base: Path) -> Self:
        """With relative paths taken from `base`."""
        return self.model_copy(update={"receivers": tuple(one.beneath(base) for one in self.receivers)})
