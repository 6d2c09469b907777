"""Numbers, spans and instants as people read them, in the language of the page.

A ratio is cut, never rounded up: 99.9996 % must not become 100 %, nor 99.4996 % pass for 99.50 %.
"""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.console.texts import Language
from schemas.time import DEFAULT_ZONE, from_ms

MARK = {Language.EN: ".", Language.VI: ","}
_THOUSANDS = {Language.EN: ",", Language.VI: "."}
UNITS = {Language.EN: ("d", "h", "min", "s"), Language.VI: ("ngày", "giờ", "phút", "giây")}
NOTHING = "–"


def percent(ratio: float | None, language: Language, digits: int = 2) -> str:
    """A ratio as a percentage, cut to `digits` decimals; a dash for None."""
    if ratio is None:
        return NOTHING
    return f"{cut(ratio, digits):.{digits}f}".replace(".", MARK[language]) + " %"


def cut(ratio: float, digits: int) -> float:
    """The percentage of a ratio, rounded down to `digits` decimals."""
    scale = 10.0**digits
    # Ten digits more than shown: 0.29 * 100 is 28.999999999999996.
    return float(math.floor(round(ratio * 100 * scale, 6)) / scale)


def count(number: int | None, language: Language) -> str:
    """A whole number with separators of thousands."""
    return NOTHING if number is None else f"{number:,}".replace(",", _THOUSANDS[language])


def span(seconds: int | None, language: Language) -> str:
    """A span in its two greatest units: `3 h 05 min`, `40 s`, `2 d 4 h`."""
    if seconds is None:
        return NOTHING
    day, hour, minute, second = UNITS[language]
    minutes, s = divmod(max(0, seconds), 60)
    hours, m = divmod(minutes, 60)
    d, h = divmod(hours, 24)
    if d:
        return f"{d} {day} {h} {hour}"
    if h:
        return f"{h} {hour} {m:02d} {minute}"
    if m:
        return f"{m} {minute} {s:02d} {second}"
    return f"{s} {second}"


def clock(ms: int | None, zone: str = DEFAULT_ZONE, *, seconds: bool = True) -> str:
    """The local time of day."""
    return NOTHING if ms is None else _local(ms, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(ms: int | None, language: Language, zone: str = DEFAULT_ZONE) -> str:
    """The local date and time to the second."""
    if ms is None:
        return NOTHING
    pattern = "%Y-%m-%d %H:%M:%S" if language is Language.EN else "%d/%m/%Y %H:%M:%S"
    return _local(ms, zone).strftime(pattern)


def exact(ms: int, zone: str = DEFAULT_ZONE) -> str:
    """RFC 3339 with the zone's offset, to the millisecond: for tooltips and copying."""
    return _local(ms, zone).isoformat(timespec="milliseconds")


def short_moment(ms: int | None, now_ms: int, zone: str = DEFAULT_ZONE) -> str:
    """The time of day, with the date before it when it was another day than now."""
    if ms is None:
        return NOTHING
    there, here = _local(ms, zone), _local(now_ms, zone)
    return there.strftime("%H:%M" if there.date() == here.date() else "%d/%m %H:%M")


def day_month(ms: int, zone: str = DEFAULT_ZONE) -> str:
    """The local day and month."""
    return _local(ms, zone).strftime("%d/%m")


def _local(ms: int, zone: str) -> datetime:
    return from_ms(ms).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
