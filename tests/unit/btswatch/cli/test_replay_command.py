"""The edges of `btswatch replay`: what it reads, what it refuses, and with which code."""

import csv
import gzip
import io
import json
from functools import partial

import pytest

from btswatch.cli import replay as command
from btswatch.cli.app import run
from btswatch.event_lines import event_lines

PERIOD = {
    "--from": "2026-11-02T00:00:00+07:00",
    "--to": "2026-11-03T00:00:00+07:00",
    "--now": "2026-11-09T00:00:00+07:00",
    "--period": "day",
}


def line(time="2026-11-02T08:00:00+07:00", received=None, status="down", **more):
    event = {
        "specversion": "1.0",
        "id": "e1",
        "source": "poller-1/a",
        "type": "btswatch.status.v1",
        "subject": "A",
        "time": time,
        "receivedtime": received or time,
        "track": "measured",
        "reporter": "poller-1",
        "data": {"status": status},
    }
    return json.dumps({**event, **more}).encode()


@pytest.fixture
def registry(tmp_path):
    directory = tmp_path / "registry"
    directory.mkdir()
    (directory / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (directory / "enterprises.csv").write_text("id,name\nvnpt,VNPT\n")
    (directory / "stations.csv").write_text("id,enterprise,commissioned\nA,vnpt,2026-11-02\n")
    return directory


@pytest.fixture
def replay(registry, tmp_path, capsys):
    def call(events, *more, **changed):
        if isinstance(events, bytes):
            path = tmp_path / "events.ndjson"
            path.write_bytes(events)
            events = path
        options = {**PERIOD, "--registry": registry, "--events": events, "--format": "json"}
        options |= {f"--{name.strip('_')}": value for name, value in changed.items()}
        code = run(["replay", *(str(part) for pair in options.items() for part in pair), *map(str, more)])
        out = capsys.readouterr()
        return code, out.out, out.err.splitlines()

    return call


def down_s(out):
    return json.loads(out)[0]["seconds"]["down"]


@pytest.mark.parametrize(
    "content",
    [
        line() + b"\n" + line(status="up", time="2026-11-02T08:01:00+07:00"),
        b"\xef\xbb\xbf" + line() + b"\n" + line(status="up", time="2026-11-02T08:01:00+07:00") + b"\n",
        line() + b"\r\n\r\n  \r\n" + line(status="up", time="2026-11-02T08:01:00+07:00") + b"\r\n",
        line(traceparent="00-1", partitionkey=5, known={"a": [1]}) + b"\n"
        + line(status="up", time="2026-11-02T08:01:00+07:00"),
    ],
    ids=["plain", "byte order mark", "CRLF and blank lines", "unknown attributes"],
)  # fmt: skip
def test_lines_are_read_however_they_were_written(content, replay):
    code, out, errors = replay(content)
    assert (code, errors) == (0, [])
    assert down_s(out) == 60


def test_compressed_files_are_known_by_their_content_too(replay, tmp_path):
    for name in ("a.ndjson.gz", "b.ndjson"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(line()))
        code, out, errors = replay(path)
        assert (code, errors, down_s(out)) == (0, [], 180)


def test_several_files_may_follow_one_option_or_each_have_their_own(replay, tmp_path):
    first, second = tmp_path / "1.ndjson", tmp_path / "2.ndjson"
    first.write_bytes(line())
    second.write_bytes(line(time="2026-11-02T10:00:00+07:00"))
    for more in ((second,), ("--events", second)):
        code, out, _ = replay(first, *more)
        assert (code, down_s(out)) == (0, 360)


def test_a_directory_gives_its_plain_and_its_compressed_files(replay, tmp_path):
    files = tmp_path / "files"
    (files / "more").mkdir(parents=True)
    (files / "1.ndjson").write_bytes(line())
    (files / "more" / "2.ndjson.gz").write_bytes(gzip.compress(line(time="2026-11-02T10:00:00+07:00")))
    code, out, _ = replay(files)
    assert (code, down_s(out)) == (0, 360)


def garbled(content):
    packed = bytearray(gzip.compress(content * 500))
    packed[40:] = bytes(byte ^ 0x5A for byte in packed[40:])
    return bytes(packed)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(line())[:-12], gzip.compress(line())[:-8] + b"\0" * 8, garbled(line()), b"no gzip"],
    ids=["cut", "checksum", "garbled", "other"],
)
def test_a_broken_compressed_file_is_one_line_with_its_name(content, replay, tmp_path):
    path = tmp_path / "broken.ndjson.gz"
    path.write_bytes(content)
    code, out, errors = replay(path)
    assert (code, out) == (2, "")
    assert len(errors) == 1
    assert errors[0].startswith(f"btswatch: {path}: ")


def test_a_missing_file_is_named_once(replay, tmp_path):
    code, _, errors = replay(tmp_path / "none")
    assert (code, errors) == (2, [f"btswatch: {tmp_path / 'none'}: No such file or directory"])


def test_an_endless_line_is_refused_alone_and_never_held_in_memory(replay, monkeypatch):
    monkeypatch.setattr(command, "event_lines", partial(event_lines, longest=1000))
    monster = line()[:-1] + b" " * 2000 + b"}"
    assert len(line()) < 1000
    code, out, errors = replay(monster + b"\n" + line() + b"\n" + line() + b" " * 5000)
    assert (code, down_s(out)) == (0, 180)
    assert len(errors) == 1
    assert "refused 2 as too_large" in errors[0]


def test_what_is_shown_of_a_refused_line_moves_no_terminal(replay):
    code, _, errors = replay(b"\x1b[2J\x07\xff\n" + line())
    assert code == 0
    assert len(errors) == 1
    assert all(one.isprintable() for one in errors[0])


@pytest.mark.parametrize(
    ("time", "received"),
    [
        ("0001-01-01T00:00:00+07:00", "2026-11-02T00:00:00Z"),
        ("0001-01-01T00:00:00+07:00", "0001-01-01T00:00:00+07:00"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("2026-11-02T00:00:00Z", "0001-01-01T00:00:00+07:00"),
        ("9999-12-31T23:59:59-07:00", "9999-12-31T23:59:59-07:00"),
    ],
)
def test_an_impossible_time_keeps_only_its_own_event_out(time, received, replay):
    code, out, _ = replay(line(time=time, received=received) + b"\n" + line())
    assert (code, down_s(out)) == (0, 180)


@pytest.mark.parametrize("option", ["from", "to", "now"])
@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00", "2026-11-02", "2026-11-02T00:00:00", "", "x"],
)
def test_an_impossible_moment_is_misuse_and_named(option, moment, replay):
    code, _, errors = replay(line(), **{option: moment})
    assert code == 2
    assert len(errors) == 1
    assert f"--{option}" in errors[0]


@pytest.mark.parametrize("option", ["from", "to"])
@pytest.mark.parametrize("period", ["hour", "day", "month", "quarter", "year"])
def test_off_a_periods_boundary_is_misuse_before_anything_is_read(option, period, replay, tmp_path):
    limits = {"from": "2026-01-01T00:00:00+07:00", "to": "2027-01-01T00:00:00+07:00"}
    assert replay(line(), period=period, **limits)[0] == 0
    off = limits[option].replace("00:00+07", "00:01+07")
    code, _, errors = replay(tmp_path / "none", period=period, **{**limits, option: off})
    assert code == 2
    assert f"is not the start of a {period}" in errors[0]


def test_a_moment_before_the_period_prints_rows_without_time(replay):
    code, out, _ = replay(line(), now="2026-11-01T00:00:00+07:00")
    assert code == 0
    assert json.loads(out)[0]["seconds"]["total"] == 0


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "/etc/passwd"])
def test_a_zone_that_is_none_is_misuse(zone, replay):
    code, _, errors = replay(line(), zone=zone)
    assert code == 2
    assert len(errors) == 1
    assert errors[0].startswith("btswatch: --zone")


def test_the_registrys_dates_begin_in_the_asked_zone(replay):
    berlin = {"from": "2026-11-02T00:00:00+01:00", "to": "2026-11-03T00:00:00+01:00", "zone": "Europe/Berlin"}
    code, out, _ = replay(line(), **berlin)
    assert code == 0
    # Commissioned on 2026-11-02: a whole day in Berlin, and not from Hanoi's midnight on.
    assert json.loads(out)[0]["seconds"]["total"] == 86_400
    assert json.loads(out)[0]["from"] == "2026-11-02T00:00:00+01:00"
    code, out, _ = replay(line(), **berlin | {"from": "2026-11-01T00:00:00+01:00"})
    assert [row["seconds"]["total"] for row in json.loads(out)] == [0, 86_400]


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-28T00:00:00+01:00 2027-03-29T00:00:00+02:00", 23), ("2026-10-25T00:00:00+02:00 2026-10-26T00:00:00+01:00", 25)]
)  # fmt: skip
def test_days_of_a_clock_change_are_as_long_as_they_are(day, hours, registry, replay):
    (registry / "stations.csv").write_text("id,enterprise\nA,vnpt\n")
    limits = dict(zip(("from", "to"), day.split(), strict=True))
    far = "2027-05-01T00:00:00Z"
    _, out, _ = replay(line(), zone="Europe/Berlin", now=far, **limits)
    assert [row["seconds"]["total"] for row in json.loads(out)] == [hours * 3600]
    _, out, _ = replay(line(), zone="Europe/Berlin", now=far, period="hour", **limits)
    rows = json.loads(out)
    assert [row["seconds"]["total"] for row in rows] == [3600] * hours
    assert [row["to"] for row in rows[:-1]] == [row["from"] for row in rows[1:]]


@pytest.mark.parametrize("grid", [0, -10, 7, 7200, 3601])
def test_a_grid_that_hours_cannot_be_cut_from_is_misuse(grid, replay):
    code, _, errors = replay(line(), **{"grid-seconds": grid})
    assert code == 2
    assert len(errors) == 1
    assert "must divide 3600" in errors[0]


@pytest.mark.parametrize("grid", [1, 60, 300, 3600])
def test_other_grids_hold_for_as_many_of_their_slots(grid, replay):
    code, out, _ = replay(line(), **{"grid-seconds": grid})
    assert code == 0
    assert json.loads(out)[0]["seconds"]["total"] == 86_400
    assert down_s(out) == max(grid, 180)


def test_csv_has_its_header_also_without_rows(replay):
    _, some, _ = replay(line(), format="csv")
    code, none, _ = replay(line(), format="csv", kind="link")
    assert code == 0
    assert none.splitlines() == some.splitlines()[:1]
    (row,) = csv.DictReader(io.StringIO(some))
    assert (row["id"], row["down_s"], row["count"]) == ("A", "180", "1")


def test_json_without_rows_is_an_empty_array(replay):
    assert replay(line(), kind="link")[:2] == (0, "[]\n")


def test_a_table_has_a_line_for_each_row(replay):
    code, out, _ = replay(line(), format="table")
    assert code == 0
    head, row = out.splitlines()
    assert head.split()[:3] == ["id", "from", "A"]
    assert row.split()[0] == "A"
