"""Every word on the Grafana dashboards, in English and Vietnamese, beside those of the console."""

from typing import Final

from dashboards.console.texts import TEXTS, Language, Text

GRAFANA: Final[dict[str, Text]] = {
    # dashboards
    "province_title": Text("Province wall", "Toàn tỉnh"),
    "enterprise_title": Text("Enterprise", "Doanh nghiệp"),
    "station_title": Text("Station", "Trạm BTS"),
    "links_title": Text("Links and utilisation", "Tuyến truyền dẫn và hiệu suất sử dụng"),
    "feeds_title": Text("Feeds", "Luồng dữ liệu"),
    "pipeline_title": Text("Pipeline health", "Tình trạng hệ thống"),
    "compliance_title": Text("Compliance", "Tuân thủ chất lượng"),
    "declared_title": Text("Declared vs measured", "Khai báo so với đo"),
    "other_language": Text("Tiếng Việt", "English"),
    "open_console": Text("Open the console", "Mở bảng giám sát"),
    "open_in_console": Text("This station in the console", "Xem trạm này trên bảng giám sát"),
    "open_station": Text("Open the station", "Xem trạm"),
    "open_enterprise": Text("Open the enterprise", "Xem doanh nghiệp"),
    "open_declared": Text("Its word against the measurement", "Xem khai báo so với đo"),
    # variables
    "datasource": Text("Data source", "Nguồn dữ liệu"),
    "all": Text("All", "Tất cả"),
    # panels
    "stations_by_state": Text("Stations by state", "Trạm theo trạng thái"),
    "links_by_state": Text("Links by state", "Tuyến theo trạng thái"),
    "availability_of_range": Text("Availability over the days shown", "Độ khả dụng trong các ngày đang xem"),
    "availability_by_day": Text("Availability by day", "Độ khả dụng theo ngày"),
    "time_by_state_and_day": Text("Time by state and day", "Thời gian theo trạng thái từng ngày"),
    "time_by_state_and_hour": Text("Time by state and hour", "Thời gian theo trạng thái từng giờ"),
    "worst_stations": Text(
        "Most down time over the days shown", "Gián đoạn nhiều nhất trong các ngày đang xem"
    ),
    "units_panel": Text("Communes and wards", "Xã, phường"),
    "enterprises_panel": Text("Enterprises over the days shown", "Các doanh nghiệp trong các ngày đang xem"),
    "timeline_of_worst": Text(
        "States of the 30 with most down time", "Trạng thái của 30 trạm, tuyến gián đoạn nhiều nhất"
    ),
    "timeline": Text("State", "Trạng thái"),
    "all_elements": Text("All over the days shown", "Toàn bộ trong các ngày đang xem"),
    "outages_by_day": Text("Outages by day", "Số lần gián đoạn theo ngày"),
    "undeclared_by_day": Text(
        "Down by measurement, up by declaration", "Đo được mất liên lạc, doanh nghiệp khai hoạt động"
    ),
    "state_now": Text("Now", "Hiện tại"),
    "state_of_the_three": Text(
        "State now: effective, measured, declared", "Trạng thái hiện tại: kết luận, đo kiểm, khai báo"
    ),
    "changes": Text("Changes of state", "Các lần chuyển trạng thái"),
    "figures_of_range": Text("Figures over the days shown", "Số liệu trong các ngày đang xem"),
    "power": Text("Battery", "Ắc quy"),
    "time_left": Text("Time left on battery", "Thời gian còn chạy bằng ắc quy"),
    "temperature": Text("Temperature", "Nhiệt độ"),
    "cells_and_subscribers": Text("Cells and subscribers", "Cell và thuê bao"),
    "mean_use": Text("Mean use over the time shown", "Hiệu suất sử dụng trung bình trong thời gian đang xem"),
    "use_by_time": Text("Use of the ten busiest", "Hiệu suất sử dụng của mười tuyến bận nhất"),
    "above_limit": Text("Links above a limit", "Số tuyến vượt ngưỡng"),
    "errors_by_time": Text("Packets with errors, the ten worst", "Gói lỗi, mười tuyến kém nhất"),
    "accepted_by_time": Text("Events accepted", "Bản tin được nhận"),
    "refused_by_time": Text("Events refused", "Bản tin bị từ chối"),
    "silence_by_time": Text("Silence", "Thời gian im lặng"),
    "feeds_now": Text("Feeds at the end of the time shown", "Các nguồn tin vào cuối thời gian đang xem"),
    "dead_by_time": Text("Not taken or handled, by reason", "Không tiếp nhận hoặc xử lý được, theo lý do"),
    "dead_latest": Text("The latest of them", "Những bản tin mới nhất trong số đó"),
    "journal": Text("Journal", "Nhật ký tiếp nhận"),
    "journal_size": Text("Size of the journal", "Dung lượng nhật ký"),
    "commit_time": Text("Time until an entry is on disk", "Thời gian ghi xuống đĩa"),
    "polls": Text("Polls by outcome", "Kết quả thăm dò"),
    "poll_lag": Text("Standstill of the poller", "Độ trễ của bộ thăm dò"),
    "gateway": Text("Gateway: answers by status", "Cổng nhận tin: trả lời theo mã"),
    "engine_lag": Text("Entries not yet read by the engine", "Bản ghi bộ xử lý chưa đọc"),
    "blind": Text("Poller blind, by path", "Bộ thăm dò không nhìn thấy, theo đường"),
    "differences": Text("Closed figures that differ", "Số liệu khóa sổ khác tạm tính"),
    "failures": Text("Failures", "Lỗi"),
    "sink_lag": Text("Messages that sinks have yet to write", "Bản tin chưa được ghi vào nơi lưu"),
    "forwarder_lag": Text("Entries not yet on the brokers", "Bản ghi chưa chuyển tới Kafka"),
    "sent": Text("Events on the brokers", "Bản tin đã chuyển tới Kafka"),
    "sink_outage": Text("Sinks: 1 target away, 2 refuses us", "Nơi lưu: 1 mất kết nối, 2 bị từ chối"),
    "sink_time": Text("Time of a write", "Thời gian một lần ghi"),
    "sink_dead": Text(
        "Messages sinks could not take, by reason", "Bản tin nơi lưu không nhận được, theo lý do"
    ),
    "verdicts": Text(
        "Availability over time against the thresholds: provincial estimate",
        "Độ khả dụng theo thời gian so với ngưỡng: ước tính trong tỉnh",
    ),
    "budgets": Text(
        "Error budgets of the month and the quarter: provincial estimate",
        "Hạn mức gián đoạn của tháng và quý: ước tính trong tỉnh",
    ),
    "failing_indicators": Text("Failing indicators of the quarter", "Số chỉ tiêu không đạt trong quý"),
    "indicators": Text(
        "Quality indicators, counted or sampled: no share of time",
        "Chỉ tiêu chất lượng đếm hoặc lấy mẫu: không phải tỷ lệ thời gian",
    ),
    "spread": Text("Stations with long outages", "Trạm gián đoạn kéo dài"),
    "dark_units": Text(
        "Communes without any working station", "Xã, phường có lúc không còn trạm nào hoạt động"
    ),
    "stations_by_result": Text(
        "Stations of the month by result (operational)", "Trạm theo kết quả trong tháng (quy tắc vận hành)"
    ),
    "scores": Text(
        "Score = (1 - (undeclared + over-declared) / known to both) x (1 - late / declared)",
        "Điểm = (1 - (không khai báo + khai báo thừa) / cả hai cùng biết) x (1 - khai báo muộn / khai báo)",
    ),
    "tracks_table": Text(
        "Measured (rows) against declared (columns)", "Đo kiểm (hàng) so với khai báo (cột)"
    ),
    "score_by_day": Text("Score by day", "Điểm theo ngày"),
    "over_declared_by_day": Text(
        "In service by measurement, down by declaration", "Đo được hoạt động, doanh nghiệp khai mất liên lạc"
    ),
    "most_apart": Text("Most time apart over the days shown", "Sai khác nhiều nhất trong các ngày đang xem"),
    "decisions": Text(
        "Decided after the closing: upheld objections and restatements",
        "Quyết định sau khóa sổ: khiếu nại được chấp nhận và điều chỉnh số liệu",
    ),
    "notes": Text("How to read this", "Cách đọc"),
    # columns
    "measured": Text("Measured", "Đo kiểm"),
    "declared": Text("Declared", "Khai báo"),
    "track": Text("Source", "Nguồn"),
    "effective": Text("Effective", "Kết luận"),
    "A": Text("Availability", "Độ khả dụng"),
    "A_min": Text("at least", "ít nhất"),
    "A_max": Text("at most", "nhiều nhất"),
    "elements": Text("Elements", "Số phần tử"),
    "undeclared": Text("Undeclared down time", "Gián đoạn không khai báo"),
    "mean_in": Text("Mean in", "TB chiều về"),
    "mean_out": Text("Mean out", "TB chiều đi"),
    "busier": Text("Mean, busier direction", "TB chiều bận hơn"),
    "peak": Text("Peak", "Đỉnh"),
    "above_80": Text("above 80 %", "trên 80 %"),
    "above_90": Text("above 90 %", "trên 90 %"),
    "silent": Text("Silent for", "Im lặng"),
    "reporter": Text("Reporter", "Bên báo cáo"),
    "entrance": Text("Entrance", "Cổng vào"),
    "code": Text("Reason", "Lý do"),
    "time": Text("Time", "Thời điểm"),
    "part": Text("Part", "Thành phần"),
    "value": Text("Value", "Giá trị"),
    "rule": Text("Rule", "Quy định"),
    "period": Text("Period", "Kỳ"),
    "period_month": Text("Month", "Tháng"),
    "period_quarter": Text("Quarter", "Quý"),
    "period_start": Text("From", "Từ ngày"),
    "service": Text("Service", "Dịch vụ"),
    "result": Text("Result", "Kết quả"),
    "result_pass": Text("✓ pass", "✓ đạt"),
    "result_fail": Text("✗ fail", "✗ không đạt"),
    "result_not_decidable": Text("? not decidable", "? chưa đủ căn cứ"),
    "result_not_applicable": Text("- not applicable", "- không áp dụng"),
    "force": Text("Force", "Giá trị"),
    "force_legal": Text("legal threshold", "ngưỡng pháp lý"),
    "force_declared": Text("declared level", "mức công bố"),
    "force_operational": Text("operational only", "chỉ để vận hành"),
    "d_net": Text("D without planned work", "D không tính bảo trì"),
    "d_gross": Text("D gross", "D gộp cả bảo trì"),
    "threshold": Text("Threshold", "Ngưỡng"),
    "indicator": Text("Indicator", "Chỉ tiêu"),
    "method": Text("Kind", "Cách tính"),
    "method_samples": Text("share of samples", "tỷ lệ mẫu đo"),
    "method_ratio": Text("ratio of counts", "tỷ lệ số đếm"),
    "method_mean": Text("mean", "trung bình"),
    "method_percentile": Text("percentile", "phân vị"),
    "unit_of_value": Text("Unit", "Đơn vị"),
    "counted": Text("Out of", "Trên tổng số"),
    "campaigns": Text("Campaigns", "Số đợt đo"),
    "open_days": Text("Element-days still open", "Ngày-phần tử chưa khóa sổ"),
    "failing": Text("Failing", "Không đạt"),
    "budget": Text("Budget so far", "Hạn mức đến nay"),
    "spent": Text("Spent", "Đã dùng"),
    "left": Text("Left", "Còn lại"),
    "used": Text("Part spent", "Tỷ lệ đã dùng"),
    "over_1h": Text("1 h or more", "từ 1 giờ"),
    "over_4h": Text("4 h or more", "từ 4 giờ"),
    "over_24h": Text("24 h or more", "từ 24 giờ"),
    "worst_share": Text("Worst tenth's part of down time", "Phần gián đoạn của 10 % trạm kém nhất"),
    "dark": Text("Without any station", "Không còn trạm nào"),
    "passed": Text("Pass", "Đạt"),
    "failed": Text("Fail", "Không đạt"),
    "not_decidable": Text("Not decidable", "Chưa đủ căn cứ"),
    "score": Text("Score", "Điểm"),
    "agreement": Text("Agreement", "Mức khớp"),
    "late_share": Text("Declared late (closed days)", "Khai báo muộn (ngày đã khóa sổ)"),
    "over_declared": Text("Over-declared down time", "Khai báo thừa"),
    "known_to_both": Text("Known to both", "Cả hai cùng biết"),
    "silent_word": Text("Measured, nothing declared", "Đo được, không khai báo gì"),
    "word_only": Text("Only declared", "Chỉ có khai báo"),
    "measured_as": Text("Measured", "Đo kiểm là"),
    "declared_up": Text("declared up", "khai hoạt động"),
    "declared_degraded": Text("declared degraded", "khai suy giảm"),
    "declared_down": Text("declared down", "khai mất liên lạc"),
    "declared_unknown": Text("nothing declared", "không khai báo"),
    "A_closed": Text("as first closed", "khi khóa sổ lần đầu"),
    "unchanged": Text("unchanged", "không đổi"),
    "adjusted_days": Text("Days after objections", "Số ngày theo khiếu nại"),
    "restated_days": Text("Days restated", "Số ngày đã điều chỉnh"),
    "local_day": Text("Day", "Ngày"),
    "decided_by": Text("Decision", "Quyết định"),
    "by_objection": Text("objection", "khiếu nại"),
    "by_restatement": Text("restatement", "điều chỉnh số liệu"),
    "numbers": Text("Number", "Số"),
    "claim": Text("Counts as", "Tính là"),
    "down_before": Text("Down before", "Gián đoạn trước"),
    "down_after": Text("Down after", "Gián đoạn sau"),
    "A_before": Text("Availability before", "Độ khả dụng trước"),
    "A_after": Text("Availability after", "Độ khả dụng sau"),
    "decided": Text("Decided", "Thời điểm quyết định"),
    "standing": Text("Period", "Trạng thái kỳ"),
    "standing_open": Text("open", "đang mở"),
    "standing_provisional": Text("provisional", "tạm thời"),
    "standing_final": Text("final", "chính thức"),
    "standing_restated": Text("restated", "đã điều chỉnh"),
    # annotations
    "decisions_mark": Text("Objections and restatements", "Khiếu nại và điều chỉnh"),
    "planned_work": Text("Planned work", "Bảo trì theo kế hoạch"),
    "closed_days": Text("Closed days", "Ngày đã khóa sổ"),
    "closed_text": Text("day closed", "đã khóa sổ"),
    "dead_letters": Text("Dead letters", "Bản tin bị từ chối"),
    # no data
    "no_states": Text("No states in this time", "Không có trạng thái trong thời gian này"),
    "no_days": Text("No figures for these days", "Chưa có số liệu cho các ngày này"),
    "no_numbers": Text("No numbers came in this time", "Không có số đo trong thời gian này"),
    "no_outages": Text("Nothing is down", "Không có gián đoạn"),
    "no_measurements": Text(
        "No measurements of quality indicators for this quarter",
        "Chưa có số đo chỉ tiêu chất lượng trong quý này",
    ),
    "no_verdicts": Text("Nothing was judged for this time", "Chưa có kết quả đánh giá cho thời gian này"),
    "none_dark": Text("Every commune kept a working station", "Xã, phường nào cũng luôn còn trạm hoạt động"),
    "none_apart": Text("Word and measurement agree", "Khai báo và đo kiểm khớp nhau"),
    "none_decided": Text("Figures are as they were closed", "Số liệu giữ nguyên như khi khóa sổ"),
    "none_dead": Text("Nothing was refused", "Không có bản tin bị từ chối"),
    "no_metrics": Text("This part shows no such metric", "Thành phần này không có chỉ số này"),
    # notes
    "province_note": Text(
        "Figures count whole local days that begin in the time shown. *Provisional* ones may change until their day is closed. "
        "Time that nobody knows anything about is **unknown**: never up, never down; *at least* and *at most* say what it "
        "could change. Restatements and upheld objections are in the seconds and ratios; *as first closed* says what was before "
        "them. Announced work is **planned** and is not counted as down. The line at 99.5 % is the level at which "
        "a person looks; the availability of single stations has no legal threshold. Coordinates in communes at the border "
        "are those of the commune's centre.",
        "Số liệu tính theo ngày địa phương trọn vẹn bắt đầu trong thời gian đang xem. Số *tạm tính* còn có thể đổi đến khi khóa sổ. "
        "Thời gian không ai biết là **không rõ**: không tính là hoạt động, cũng không tính là gián đoạn; *ít nhất* và *nhiều nhất* "
        "cho biết nó có thể thay đổi bao nhiêu. Thời gian và tỷ lệ đã gồm điều chỉnh số liệu và khiếu nại được chấp nhận; *khi khóa sổ "
        "lần đầu* là trị số trước đó. Bảo trì đã thông báo là **theo kế hoạch** và không tính là gián đoạn. Đường 99,5 % "
        "là mức để người trực xem xét; độ khả dụng của từng trạm không có ngưỡng pháp lý. Tọa độ trạm ở xã biên giới là tâm xã.",
    ),
    "links_note": Text(
        "QCVN 34:2019 asks of fixed broadband uplinks a mean use of **at most 80 %**, and of **at most 90 %** for international "
        "ones, over a quarter (values as operators published them; those of QCVN 34:2022, in force since 2023-07-01, are not "
        "verified). The registry does not say which link is international, so both lines are drawn. What counts is the mean "
        "of the busier direction over the quarter, not a peak. This is a finding for a person, not a verdict.",
        "QCVN 34:2019 yêu cầu hiệu suất sử dụng trung bình của tuyến truy nhập băng rộng cố định **không quá 80 %**, với tuyến "
        "quốc tế **không quá 90 %**, tính theo quý (trị số theo công bố của doanh nghiệp; trị số của QCVN 34:2022, hiệu lực từ "
        "01/7/2023, chưa kiểm chứng). Danh mục không cho biết tuyến nào là quốc tế nên vẽ cả hai ngưỡng. Tính theo trung bình "
        "của chiều bận hơn trong quý, không theo đỉnh. Đây là kết quả để người xem xét, không phải kết luận.",
    ),
    "compliance_note": Text(
        "Periods are the quarter and the month that hold the end of the time shown; worst stations, communes and the lines count "
        "the days shown. **Availability D is over time** (seconds in service of counted seconds) and, since it sums stations of "
        "this province alone, a **provincial estimate**; the legal figure is the enterprise's for its network. Of fixed "
        "broadband and fixed telephone, which no station shows, it is from seconds that were sent: an enterprise's own may fail it, never pass it. **Radio "
        "availability is another indicator**: a share of a drive test's samples, at least 95 %; it stands among the counted and "
        "sampled ones and in no other figure here. "
        "*D gross* counts planned work as not available, *D without planned work* leaves it out up to the rule's cap. The budget "
        "is the down time that the threshold leaves for the time counted so far; a month's budget of a quarterly rule is a "
        "warning, no verdict. Restatements and upheld objections are in D, budgets and down time; outages and communes are as they were "
        "read. *Restated* is a period that changed after it was signed. An *operational* result rests on a threshold that is not sure or has no legal force, and does not "
        "count as a failing indicator. Verdicts are findings: **a person decides**. `btswatch verdicts`, `btswatch worst` and "
        "`btswatch explain` give the official ones.",
        "Kỳ là quý và tháng chứa thời điểm cuối của thời gian đang xem; trạm kém nhất, xã phường và các đường tính theo các ngày đang "
        "xem. **Độ khả dụng D tính theo thời gian** (số giây hoạt động trên số giây được tính) và chỉ gồm các trạm trong tỉnh nên là "
        "**ước tính trong tỉnh**; trị số pháp lý là của doanh nghiệp trên toàn mạng. Với băng rộng cố định và "
        "điện thoại cố định, không trạm nào cho thấy, D lấy từ số giây được gửi: số của doanh nghiệp có thể cho kết quả không đạt, không bao giờ đạt. **Độ sẵn sàng của mạng vô tuyến là chỉ tiêu "
        "khác**: tỷ lệ mẫu đo kiểm di động, ít nhất 95 %; chỉ có trong bảng chỉ tiêu đếm hoặc lấy mẫu. *D gộp cả bảo trì* coi bảo trì là không sẵn "
        "sàng, *D không tính bảo trì* bỏ bảo trì trong giới hạn của quy định. Hạn mức là thời gian gián đoạn mà ngưỡng cho phép với "
        "thời gian đã tính; hạn mức tháng của quy định theo quý chỉ để cảnh báo, không phải kết quả đánh giá. D, hạn mức và thời gian gián đoạn đã gồm "
        "điều chỉnh số liệu và khiếu nại được chấp nhận; số lần gián đoạn và xã phường giữ nguyên như đã đo. Kỳ *đã điều chỉnh* là kỳ có "
        "thay đổi sau khi ký. Kết quả *vận hành* dựa "
        "trên ngưỡng chưa chắc chắn hoặc không có giá trị pháp lý và không tính là chỉ tiêu không đạt. Đây là kết quả để **người có "
        "thẩm quyền quyết định**. Số chính thức: `btswatch verdicts`, `btswatch worst`, `btswatch explain`.",
    ),
    "score_note": Text(
        "**Score = (1 - (undeclared + over-declared) / known to both) x (1 - late / declared)**, over the local days shown. "
        "*Undeclared* (không khai báo): measured down while declared in service. *Over-declared* (khai báo thừa): measured in "
        "service while declared down. *Known to both*: seconds of which both sides say something. *Late* (khai báo muộn): declared "
        "seconds that were sent more than 15 minutes after the fact; it is known once a day is closed, and its factor is 1 before. "
        "Time that either side does not know decides nothing. The first factor alone is the *agreement*. Cut, never rounded up. "
        "What was read is compared: upheld objections change nothing here, *days after objections* says that there are rulings; "
        "restatements are in it. "
        "`btswatch reconcile` gives the official ones, and with `--findings` each day with its evidence.",
        "**Điểm = (1 - (không khai báo + khai báo thừa) / cả hai cùng biết) x (1 - khai báo muộn / khai báo)**, tính trên các ngày "
        "địa phương đang xem. *Không khai báo*: đo được mất liên lạc trong khi khai hoạt động. *Khai báo thừa*: đo được hoạt động "
        "trong khi khai mất liên lạc. *Cả hai cùng biết*: số giây mà cả hai bên đều có thông tin. *Khai báo muộn*: thời gian được khai "
        "quá 15 phút sau khi xảy ra; chỉ biết khi đã khóa sổ ngày, trước đó thừa số này bằng 1. Thời gian mà một bên không biết thì "
        "không kết luận gì. Riêng thừa số đầu là *mức khớp*. Bảng so sánh những gì đã đo và đã khai: khiếu nại được chấp nhận không làm thay đổi, *số ngày "
        "theo khiếu nại* cho biết có quyết định; điều chỉnh số liệu thì đã gồm trong đó. Số được cắt, không làm tròn lên. Số chính thức: `btswatch reconcile`, "
        "thêm `--findings` để xem từng ngày với bằng chứng.",
    ),
    "feeds_note": Text(
        "A reporter is silent since its last event was received. Lines that end mean that the engine told nothing.",
        "Bên báo cáo được coi là im lặng từ lúc nhận bản tin cuối cùng. Đường bị đứt nghĩa là bộ xử lý không báo gì.",
    ),
}


def text(key: str, language: Language) -> str:
    """The words of that name; those of Grafana's dashboards go before the console's."""
    return (GRAFANA.get(key) or TEXTS[key]).in_(language)
