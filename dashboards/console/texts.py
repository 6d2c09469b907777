"""Every word on the screens, in English and Vietnamese, from one place.

Terms follow the Law on Telecommunications 24/2023/QH15 and the QCVN on service quality: `độ khả dụng` is
availability in time; `độ sẵn sàng của mạng vô tuyến` is another thing (a drive test's share) and not used here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """A language of the console."""

    EN = "en"
    VI = "vi"

    @property
    def other(self) -> "Language":
        """The one that stands beside it."""
        return Language.VI if self is Language.EN else Language.EN


@dataclass(frozen=True, slots=True)
class Text:
    """One meaning in both languages."""

    en: str
    vi: str

    def in_(self, language: Language) -> str:
        """The text in the language."""
        return self.en if language is Language.EN else self.vi


TEXTS: Final[dict[str, Text]] = {
    # states and causes
    "up": Text("Up", "Hoạt động"),
    "degraded": Text("Degraded", "Suy giảm"),
    "down": Text("Down", "Mất liên lạc"),
    "planned": Text("Planned work", "Theo kế hoạch"),
    "unknown": Text("Unknown", "Không rõ"),
    "no_response": Text("No response", "Không trả lời"),
    "cause_power": Text("Power", "Nguồn điện"),
    "cause_transport": Text("Transport", "Truyền dẫn"),
    "cause_fault": Text("Fault", "Hỏng thiết bị"),
    "cause_manual": Text("Switched off", "Tắt chủ động"),
    "cause_energy_saving": Text("Energy saving", "Tiết kiệm năng lượng"),
    "cause_unknown": Text("Cause not known", "Chưa rõ nguyên nhân"),
    # places and things
    "wall": Text("Province", "Toàn tỉnh"),
    "stations": Text("Stations", "Trạm BTS"),
    "links": Text("Links", "Tuyến truyền dẫn"),
    "station": Text("Station", "Trạm BTS"),
    "link": Text("Link", "Tuyến truyền dẫn"),
    "feeds": Text("Feeds", "Luồng dữ liệu"),
    "health": Text("System health", "Tình trạng hệ thống"),
    "enterprise": Text("Enterprise", "Doanh nghiệp"),
    "enterprises": Text("Enterprises", "Doanh nghiệp viễn thông"),
    "unit": Text("Commune, ward", "Xã, phường"),
    "technology": Text("Technology", "Công nghệ"),
    "medium": Text("Medium", "Môi trường truyền"),
    "ends": Text("Ends", "Hai đầu tuyến"),
    "name": Text("Name", "Tên"),
    "id": Text("Code", "Mã"),
    "state": Text("State", "Trạng thái"),
    "since": Text("Since", "Từ lúc"),
    "duration": Text("Duration", "Thời gian"),
    "cause": Text("Cause", "Nguyên nhân"),
    "map": Text("Map of stations and links", "Bản đồ trạm và tuyến"),
    "certificate": Text("Inspection certificate", "Giấy chứng nhận kiểm định"),
    # figures
    "today": Text("Today", "Hôm nay"),
    "month": Text("This month", "Tháng này"),
    "availability": Text("Availability", "Độ khả dụng"),
    "availability_today": Text("Availability today", "Độ khả dụng hôm nay"),
    "availability_month": Text("Availability this month", "Độ khả dụng tháng này"),
    "coverage": Text("Data coverage", "Độ phủ dữ liệu"),
    "coverage_short": Text("cov.", "phủ"),
    "low_coverage": Text("LOW COVERAGE", "ÍT DỮ LIỆU"),
    "range": Text("Between", "Trong khoảng"),
    "range_help": Text(
        "A_min: all unknown time was down. A_max: all unknown time was up.",
        "A_min: mọi thời gian không rõ đều mất liên lạc. A_max: mọi thời gian không rõ đều hoạt động.",
    ),
    "no_figure": Text("no data", "chưa có số liệu"),
    "outages": Text("Outages", "Số lần gián đoạn"),
    "longest": Text("Longest", "Dài nhất"),
    "mttr": Text("Mean time to repair", "Thời gian khắc phục TB"),
    "provisional": Text("Provisional", "Tạm tính"),
    "final": Text("Final", "Chính thức"),
    "adjusted": Text("After objections", "Sau khiếu nại"),
    "adjusted_help": Text(
        "Upheld objections moved time of so many days; outages and comparison are as they were read",
        "Khiếu nại được chấp nhận đã điều chỉnh thời gian của số ngày này; số lần gián đoạn và đối chiếu giữ nguyên",
    ),
    "down_time": Text("Down time", "Thời gian gián đoạn"),
    "seconds_by_state": Text("Time by state", "Thời gian theo trạng thái"),
    # wall
    "open_outages": Text("Open outages", "Gián đoạn chưa khắc phục"),
    "no_open_outages": Text("No open outage", "Không có gián đoạn nào"),
    "worst_today": Text("Worst today", "Kém nhất hôm nay"),
    "nothing_down_today": Text("Nothing was down today", "Hôm nay chưa có gián đoạn"),
    "more": Text("more", "nữa"),
    "history_progress": Text("Simulated history filling in", "Đang nạp dữ liệu lịch sử mô phỏng"),
    "date": Text("Day", "Ngày"),
    "days": Text("days", "ngày"),
    "simulated": Text("SIMULATED DATA", "DỮ LIỆU MÔ PHỎNG"),
    "data_as_of": Text("Data as of", "Số liệu lúc"),
    "stale": Text(
        "These figures are old: the engine has written nothing since",
        "Số liệu cũ: bộ xử lý không ghi gì từ lúc",
    ),
    "unreadable": Text("The ledger can't be read", "Không đọc được sổ dữ liệu"),
    "vantage_blind": Text(
        "Our own poller is blind: silence is shown as unknown, not as down",
        "Điểm đo của Sở không nhìn thấy mạng: im lặng được ghi là không rõ, không phải mất liên lạc",
    ),
    # element page
    "timeline": Text("State over time", "Diễn biến trạng thái"),
    "night": Text("Last night", "Đêm qua"),
    "day": Text("Last 24 hours", "24 giờ qua"),
    "week": Text("Last 7 days", "7 ngày qua"),
    "transitions": Text("Changes of state", "Các lần chuyển trạng thái"),
    "no_transitions": Text("No change of state in this time", "Không chuyển trạng thái trong thời gian này"),
    "time": Text("Local time", "Giờ địa phương"),
    "from_state": Text("From", "Từ"),
    "to_state": Text("To", "Sang"),
    "lasted": Text("Lasted", "Kéo dài"),
    "ongoing": Text("ongoing", "đang diễn ra"),
    "tracks": Text("Who says so", "Nguồn xác nhận"),
    "measured": Text("Measured by the Department", "Sở đo"),
    "declared": Text("Declared by the enterprise", "Doanh nghiệp khai báo"),
    "measured_short": Text("Measured", "Sở đo"),
    "declared_short": Text("Declared", "DN khai báo"),
    "last_evidence": Text("Last evidence", "Bằng chứng gần nhất"),
    "never": Text("never", "chưa từng"),
    "policy": Text("Rule", "Quy tắc"),
    "policy_measured_first": Text("measured first", "ưu tiên số đo"),
    "policy_declared_first": Text("declared first", "ưu tiên khai báo"),
    "policy_worst": Text("the worse of the two", "lấy xấu hơn"),
    "policy_measured_only": Text("measured only", "chỉ số đo"),
    "policy_declared_only": Text("declared only", "chỉ khai báo"),
    "reconciliation": Text("Measured against declared, this month", "Đối chiếu đo và khai báo, tháng này"),
    "undeclared": Text("Down but declared up", "Mất liên lạc nhưng khai báo hoạt động"),
    "not_found": Text("No such station or link", "Không có trạm hay tuyến này"),
    # lists
    "all": Text("all", "tất cả"),
    "search": Text("Search code or name", "Tìm mã hoặc tên"),
    "shown": Text("shown", "hiển thị"),
    # feeds and health
    "feed_kind": Text("Reports", "Cách báo cáo"),
    "periodic": Text("periodically", "định kỳ"),
    "transition": Text("changes only", "khi thay đổi"),
    "last_life": Text("Last sign of life", "Tín hiệu gần nhất"),
    "last_received": Text("Last received", "Nhận lần cuối"),
    "accepted": Text("Accepted", "Đã nhận"),
    "refused": Text("Refused", "Từ chối"),
    "alive": Text("Alive", "Đang gửi"),
    "silent": Text("Silent", "Im lặng"),
    "waiting": Text("Not heard yet", "Chưa nhận được"),
    "journal": Text("Journal", "Nhật ký sự kiện"),
    "journal_offset": Text("Last entry", "Mục cuối"),
    "engine_offset": Text("Engine is at", "Bộ xử lý đã đến"),
    "lag": Text("Waiting entries", "Mục đang chờ"),
    "engine_updated": Text("Engine last wrote", "Bộ xử lý ghi lần cuối"),
    "poller": Text("Poller: devices by outcome", "Thăm dò: thiết bị theo kết quả"),
    "device_answered": Text("answering", "có trả lời"),
    "device_partial": Text("answering in part", "trả lời một phần"),
    "device_silent": Text("no answer", "không trả lời"),
    "device_refused": Text("answering, but refusing us", "có trả lời nhưng từ chối"),
    "device_malformed": Text("answering what is no SNMP", "trả lời sai giao thức SNMP"),
    "blind_peers": Text(
        "other devices on the path are silent too", "các thiết bị khác cùng đường cũng im lặng"
    ),
    "blind_canaries": Text("the canaries are silent", "các điểm kiểm chứng im lặng"),
    "all_paths": Text("all paths", "mọi đường"),
    "vantage": Text("Vantage incidents", "Sự cố điểm đo"),
    "no_incidents": Text("None", "Không có"),
    "path": Text("Path", "Đường"),
    "reason": Text("Reason", "Lý do"),
    "devices": Text("Devices", "Thiết bị"),
    "opened": Text("Opened", "Bắt đầu"),
    "closed": Text("Closed", "Kết thúc"),
    "closing": Text("Closed days", "Ngày đã chốt số liệu"),
    "no_closed_days": Text("No day is closed yet", "Chưa chốt ngày nào"),
    "differences": Text("Differences from provisional", "Chênh lệch so với tạm tính"),
    "complete": Text("Complete", "Đầy đủ"),
    "yes": Text("yes", "có"),
    "no": Text("no", "không"),
    "alarm_figure_differs": Text(
        "Closed figure differs from the provisional one", "Số liệu chốt khác số liệu tạm tính"
    ),
    "alarm_day_not_followed": Text(
        "The live engine did not run until the day's end", "Bộ xử lý trực tiếp không chạy đến hết ngày"
    ),
    "alarm_forwarder_silent": Text(
        "A forwarder is silent: its days can't be closed",
        "Bộ chuyển tiếp im lặng: chưa thể chốt số liệu ngày",
    ),
    "alarms": Text("Alarms", "Cảnh báo"),
    "no_alarms": Text("No alarm", "Không có cảnh báo"),
    # around
    "theme": Text("Dark or light", "Tối hoặc sáng"),
    "language": Text("Tiếng Việt", "English"),
    "too_many": Text(
        "Too many open pages; close one and reload", "Quá nhiều trang đang mở; hãy đóng bớt và tải lại"
    ),
}
