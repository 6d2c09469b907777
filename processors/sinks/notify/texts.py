"""What people read: short, neutral, without coordinates, in Vietnamese and English. Pure.

The product states findings; whether anything is a violation is decided by a person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from urllib.parse import quote

from processors.sinks.notify.alert import Alert
from schemas.time import LocalCalendar

One = Literal["vi", "en"]
_LISTED: Final = 20
_KIND: Final[dict[One, dict[str, str]]] = {
    "vi": {"station": "Trạm", "link": "Tuyến"},
    "en": {"station": "Station", "link": "Link"},
}
_CAUSE: Final = {
    "power": "nguồn điện",
    "transport": "truyền dẫn",
    "fault": "sự cố thiết bị",
    "manual": "do người vận hành",
    "energy_saving": "tiết kiệm điện",
    "unknown": "chưa rõ",
}
_PERIOD: Final = {"hour": "giờ", "day": "ngày", "month": "tháng", "quarter": "quý", "year": "năm"}


class Names(Protocol):
    """How people call what has an id; an id that is not known is its own name."""

    def element(self, element: str) -> str:
        """Of a station or link."""

    def unit(self, code: str) -> str:
        """Of a commune or ward."""

    def enterprise(self, enterprise: str) -> str:
        """Its brand."""


@dataclass(frozen=True)
class Texts:
    """The texts of one installation.

    Attributes:
        console_url: without a slash at its end.
        calendar: whose clock is told.
    """

    console_url: str
    calendar: LocalCalendar
    names: Names

    def link(self, alert: Alert) -> str:
        """Where the console shows more."""
        labels = alert.labels
        subject = labels.get("element") or (
            labels["subject"] if labels.get("subject") != labels["enterprise"] else None
        )
        kind = labels.get("kind")
        if subject is None or kind not in ("station", "link"):
            return f"{self.console_url}/"
        return f"{self.console_url}/{kind}s/{quote(subject, safe='')}"

    def group(self, alerts: Sequence[Alert], language: One) -> str:
        """Enterprise and place that the alerts share, and how many there are."""
        labels = alerts[0].labels
        place = f" · {self.names.unit(labels['unit'])}" if "unit" in labels else ""
        firing = sum(alert.status == "firing" for alert in alerts)
        over = len(alerts) - firing
        words = {"vi": ("cảnh báo mới", "đã kết thúc"), "en": ("new", "over")}[language]
        counts = [f"{n} {word}" for n, word in zip((firing, over), words, strict=True) if n]
        return f"{self.names.enterprise(labels['enterprise'])}{place}: {', '.join(counts)}"

    def line(self, alert: Alert, language: One) -> str:
        """One alert in a sentence."""
        if alert.labels["alertname"] == "Finding":
            return self._finding(alert, language)
        return self._down(alert, language)

    def body(self, alerts: Sequence[Alert], language: One) -> str:
        """The alerts line by line, each with its link; of many the first ones."""
        lines = [f"{self.line(alert, language)}\n{self.link(alert)}" for alert in alerts[:_LISTED]]
        more = len(alerts) - _LISTED
        if more > 0:
            end = {"vi": f"và {more} cảnh báo nữa", "en": f"and {more} more"}[language]
            lines.append(f"{end}: {self.console_url}/")
        return "\n".join(lines)

    def _down(self, alert: Alert, language: One) -> str:
        labels = alert.labels
        element = labels["element"]
        name = self.names.element(element)
        called = element if name == element else f"{element} ({name})"
        subject = f"{_KIND[language].get(labels['kind'], '')} {called}".strip()
        cause = alert.facts.get("cause")
        begin = self._clock(alert.starts_ms)
        if alert.ends_ms is None:
            if language == "vi":
                return f"{subject} mất liên lạc từ {begin}" + (
                    f", nguyên nhân: {_CAUSE.get(cause, cause)}" if cause else ""
                )
            return f"{subject} down since {begin}" + (f", cause: {cause}" if cause else "")
        end, minutes = self._clock(alert.ends_ms), max(1, round((alert.ends_ms - alert.starts_ms) / 60_000))
        if language == "vi":
            return f"{subject} hết mất liên lạc lúc {end}, sau {minutes} phút (từ {begin})"
        return f"{subject} no longer down at {end}, after {minutes} min (since {begin})"

    def _finding(self, alert: Alert, language: One) -> str:
        labels, facts = alert.labels, alert.facts
        own = labels["subject"] == labels["enterprise"]
        name = self.names.enterprise(labels["subject"]) if own else self.names.element(labels["subject"])
        rule = labels.get("rule", "")
        share = facts.get("threshold")
        threshold = "" if share is None else f" {float(share) * 100:g} %"
        over = alert.ends_ms is not None
        if language == "vi":
            said = "không còn dưới" if over else "đang dưới"
            return f"Kết quả theo dõi: {name} {said} ngưỡng{threshold} ({rule}), {_PERIOD[labels['period']]} từ {labels['from']}; người có thẩm quyền xem xét"
        said = "no longer below" if over else "below"
        return f"Finding: {name} {said} the threshold{threshold} ({rule}), {labels['period']} from {labels['from']}; for a person to look at"

    def _clock(self, at_ms: int) -> str:
        """Such as 14:05 02/11."""
        text = self.calendar.format(at_ms)
        return f"{text[11:16]} {text[8:10]}/{text[5:7]}"


def in_languages(language: str, text: Callable[[One], str]) -> str:
    """The text in one language, or in both, Vietnamese first."""
    wanted: tuple[One, ...] = {"vi": ("vi",), "en": ("en",)}.get(language, ("vi", "en"))  # type: ignore[assignment] # literals
    return "\n\n".join(text(one) for one in wanted)
