"""Rows and headers of drive-test files: what is good, and why each other one is refused."""

import pytest

from processors.drive_test.columns import COLUMNS, WrongColumnsError, columns_of
from processors.drive_test.lines import LONGEST, CampaignFile
from processors.drive_test.sample import Refused, RowFault, Rows, Sample
from schemas.time import parse_rfc3339, to_ms

NOW = to_ms(parse_rfc3339("2026-11-01T00:00:00+07:00"))
GOOD = dict(
    zip(
        COLUMNS,
        ("2026-09-30T08:00:00+07:00", "21.85", "106.76", "a", "4G", "-98.5", "38.25", "9", "ok"),
        strict=True,
    )
)


def read(**cells):
    rows = Rows(columns_of(COLUMNS), {"a": 0, "b": 1}, NOW)
    return rows.read([{**GOOD, **cells}[name] for name in COLUMNS])


def test_a_good_row_is_whole_numbers():
    at = to_ms(parse_rfc3339("2026-09-30T08:00:00+07:00"))
    assert read() == Sample(at, 21_850_000, 106_760_000, 0, 2, -98_500, 38_250, 9_000, 0)
    assert read(download_mbps="", upload_mbps="", call_outcome="").download is None
    assert read(technology="4g", call_outcome=" OK ") == read()
    assert read(time="2026-09-30 01:00:00.000000Z") == read()


@pytest.mark.parametrize(
    ("cells", "fault", "said"),
    [
        ({"time": "30/09/2026 08:00"}, RowFault.TIME, "write such as 2026-09-30T08:00:00"),
        ({"time": "2026-02-30T08:00:00Z"}, RowFault.TIME, "2026-02-30"),
        ({"time": "2026-09-30T08:00:00"}, RowFault.TIME_WITHOUT_ZONE, "no time zone"),
        ({"time": "2026-11-01T00:00:01+07:00"}, RowFault.TIME_IN_FUTURE, "yet to come"),
        ({"time": ""}, RowFault.TIME, "''"),
        ({"lat": "106.76", "lon": "21.85"}, RowFault.PLACE, "swapped"),
        ({"lat": "48.2"}, RowFault.PLACE, "outside Viet Nam"),
        ({"lon": "1e2"}, RowFault.PLACE, "no number"),
        ({"lat": "nan"}, RowFault.PLACE, "no number"),
        ({"enterprise": "c"}, RowFault.ENTERPRISE, "known are a, b"),
        ({"technology": "LTE"}, RowFault.TECHNOLOGY, "known are 2G, 3G, 4G, 5G"),
        ({"signal_dbm": "98"}, RowFault.SIGNAL, "impossible"),
        ({"signal_dbm": "-161"}, RowFault.SIGNAL, "impossible"),
        ({"signal_dbm": "weak"}, RowFault.SIGNAL, "no number"),
        ({"signal_dbm": "٣"}, RowFault.SIGNAL, "no number"),
        ({"download_mbps": "-1"}, RowFault.SPEED, "impossible"),
        ({"upload_mbps": "20001"}, RowFault.SPEED, "upload_mbps: 20001 is impossible"),
        ({"download_mbps": "inf"}, RowFault.SPEED, "no number"),
        ({"call_outcome": "lost"}, RowFault.CALL_OUTCOME, "known are dropped, failed, ok"),
        (dict.fromkeys(COLUMNS[5:], ""), RowFault.EMPTY, "nothing was measured"),
        ({"enterprise": "x" * 500}, RowFault.ENTERPRISE, "…"),
    ],
)
def test_each_impossible_cell_has_its_code_and_a_short_line(cells, fault, said):
    found = read(**cells)
    assert isinstance(found, Refused)
    assert found.fault is fault
    assert said in found.detail
    assert len(found.detail) < 200


def test_too_few_and_too_many_cells():
    rows = Rows(columns_of(COLUMNS), {"a": 0}, NOW)
    assert [rows.read(["x"] * n).fault for n in (8, 10)] == [RowFault.CELLS] * 2


def test_columns_may_stand_in_any_order():
    order = tuple(reversed(COLUMNS))
    assert Rows(columns_of(order), {"a": 0}, NOW).read([GOOD[name] for name in order]) == read()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "time,lat,lon,enterprize,technology,signal_dbm,download_mbps,upload_mbps,call_outcome",
            "did you mean enterprise?",
        ),
        (
            "time,lat,lon,technology,signal_dbm,download_mbps,upload_mbps,call_outcome",
            "column enterprise is missing",
        ),
        (",".join([*COLUMNS, "time"]), "column time is there 2 times"),
        (";".join(COLUMNS), "separated by semicolons: save the file with commas"),
        ("\t".join(COLUMNS), "separated by tabs: save the file with commas"),
        ("2026-11-10T08:00:00+07:00,21.85,106.76,viettel,4G,-90,20,5,ok", "the first line names no column"),
    ],
)
def test_wrong_columns_are_told_with_the_nearest_known_one(header, said):
    with pytest.raises(WrongColumnsError, match=said.replace("?", r"\?")):
        columns_of(header.split(","))


def lines_of(path, content):
    path.write_bytes(content)
    file = CampaignFile(path)
    return list(file.rows()), file.digest


def test_lines_of_any_encoding_and_length_keep_their_numbers(tmp_path):
    long = b"x" * (3 * LONGEST)
    content = (
        b"\xef\xbb\xbftime,lat\r\n\r\n"
        + "Lạng,2\n".encode()
        + "Lạng,1\n".encode("utf-16-le")
        + b'\n"a,b",3\n"open,4\n'
        + long
        + b"\nlast,9"
    )
    (header, *rows), digest = lines_of(tmp_path / "a.csv", content)
    assert header == (1, ["time", "lat"])
    told = [(number, cells.fault if isinstance(cells, Refused) else cells) for number, cells in rows]
    assert told == [
        (3, ["Lạng", "2"]),
        (4, RowFault.ENCODING),
        (5, RowFault.ENCODING),
        (6, ["a,b", "3"]),
        (7, RowFault.CELLS),
        (8, RowFault.CELLS),
        (9, ["last", "9"]),
    ]
    assert len(digest) == 64


def test_a_file_in_utf_16_is_told_as_a_whole(tmp_path):
    with pytest.raises(WrongColumnsError, match="save it as UTF-8"):
        lines_of(tmp_path / "a.csv", "time,lat\n".encode("utf-16"))
