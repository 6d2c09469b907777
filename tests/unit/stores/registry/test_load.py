from datetime import date
from pathlib import Path

import pytest

from schemas.registry import Kind
from schemas.status import Feed, NoResponse, Policy
from schemas.time import LocalCalendar, parse_rfc3339, to_ms
from stores.registry import RegistryErrors, Severity, examine, load

LANG_SON = Path(__file__).parents[4] / "schemas" / "provinces" / "lang_son"


def found(directory):
    return [(p.file, p.row, p.field, p.nearest) for p in examine(directory).errors]


def only(directory):
    problems = examine(directory).errors
    assert len(problems) == 1, [str(p) for p in problems]
    return problems[0]


def test_a_valid_directory_becomes_a_registry(registry_dir):
    registry = load(registry_dir())
    station = registry.on("LSN-1", date(2026, 11, 2))
    assert station is not None
    assert (station.kind, station.enterprise, station.technologies) == (Kind.STATION, "viettel", ("4G", "5G"))
    assert station.depends_on == ("LK-1",)
    assert station.commissioned == LocalCalendar().start_of(date(2020, 1, 1))
    assert registry.enterprises["vnpt"].feed is Feed.TRANSITION
    assert registry.on("LK-1", date(2026, 11, 2)).kind is Kind.LINK


def test_what_is_not_given_takes_the_defaults_of_the_specification(registry_dir):
    station = load(registry_dir()).elements["LSN-2"][0]
    assert (station.policy, station.no_response) == (Policy.MEASURED_FIRST, NoResponse.DOWN)
    assert (station.measured_valid_for_s, station.declared_valid_for_s) == (180, 3600)
    assert load(registry_dir()).enterprises["viettel"].heartbeat_s == 300


def test_a_commissioned_date_is_the_start_of_that_day_in_the_configured_zone(registry_dir):
    local = load(registry_dir()).elements["LSN-1"][0].commissioned
    utc = load(registry_dir(), zone="UTC").elements["LSN-1"][0].commissioned
    assert utc - local == 7 * 3_600_000


def test_a_commissioned_instant_is_taken_exactly(registry_dir):
    stations = "id,enterprise,commissioned\nS,vnpt,2026-11-01T15:02:59.250+07:00\n"
    got = load(registry_dir(stations=stations, links=None)).elements["S"][0].commissioned
    assert got == to_ms(parse_rfc3339("2026-11-01T08:02:59.250Z"))


def test_several_rows_of_one_id_say_what_it_was_when(registry_dir):
    stations = "id,enterprise,valid_from,valid_to\nS,vnpt,2026-06-01,\nS,viettel,,2026-03-01\n"
    registry = load(registry_dir(stations=stations, links=None))
    assert registry.on("S", date(2026, 2, 28)).enterprise == "viettel"
    assert registry.on("S", date(2026, 3, 1)) is None
    assert registry.on("S", date(2026, 6, 1)).enterprise == "vnpt"


def test_the_shipped_province_has_65_units_and_six_enterprises_and_names_its_agency():
    registry = load(LANG_SON)
    today = date(2026, 11, 2)
    kinds = [row.kind for rows in registry.units.values() for row in rows if row.in_force_on(today)]
    assert (kinds.count("commune"), kinds.count("ward"), kinds.count("province")) == (61, 4, 1)
    assert registry.unit_on("178", date(2025, 6, 30)).name == "Thành phố Lạng Sơn"
    assert registry.unit_on("178", date(2025, 7, 1)) is None
    assert len(registry.enterprises) == 6
    assert registry.agency_on(today).name == "Sở Khoa học và Công nghệ tỉnh Lạng Sơn"
    mixed = {step.new for step in registry.successions if step.share is None}
    assert mixed == {"05977", "06187", "06286", "06316"}
    assert {step.new for step in registry.successions} == {
        code for code, rows in registry.units.items() if rows[0].kind in {"commune", "ward"}
    }


def test_all_problems_of_all_files_come_in_one_pass(registry_dir):
    directory = registry_dir(
        enterprises="id,name,feeed\nviettel,Viettel,\nviettel,Again,\n",
        units="code,name,kind,parent\n05977,Đông Kinh,wrad,2O\n20,Lạng Sơn,province,\n",
        stations=(
            "id,enterprise,unit,lat,lon,policy,depends_on,cells\n"
            "A,vietel,05977,21.8,106.7,worst,B,3\n"
            "B,viettel,05978,106.7,21.8,wurst,A,3\n"
            "C,viettel,05977,0,0,,D,many\n"
            "E,viettel,05977,121.8,106.7,,E,\n"
            "B,viettel,05977,,,,,\n"
        ),
        links="id,enterprise,a_end,b_end\nA,viettel,A,Z\n",
    )
    assert set(found(directory)) == {
        ("enterprises.csv", 1, "feeed", "feed"),
        ("enterprises.csv", 3, "id", None),
        ("units.csv", 2, "kind", "ward"),
        ("units.csv", 2, "parent", None),
        ("stations.csv", 2, "depends_on", None),
        ("stations.csv", 2, "enterprise", "viettel"),
        ("stations.csv", 3, "lat", None),
        ("stations.csv", 3, "policy", "worst"),
        ("stations.csv", 3, "unit", "05977"),
        ("stations.csv", 4, "cells", None),
        ("stations.csv", 4, "depends_on", None),
        ("stations.csv", 4, "lat", None),
        ("stations.csv", 5, "depends_on", None),
        ("stations.csv", 5, "lat", None),
        ("stations.csv", 6, "valid_from", None),
        ("links.csv", 2, "b_end", None),
        ("links.csv", 2, "id", None),
    }
    places = [(p.file, p.row) for p in examine(directory).errors]
    files = ["enterprises.csv", "units.csv", "stations.csv", "links.csv"]
    assert places == sorted(places, key=lambda place: (files.index(place[0]), place[1]))


@pytest.mark.parametrize(
    ("stations", "field", "near"),
    [
        ("id,enterprise,unit\nS,vnpt,05978\n", "unit", "05977"),
        ("id,enterprise\nS,vnpd\n", "enterprise", "vnpt"),
        ("id,enterprise,depends_on\nLSN-01,vnpt,\nS,vnpt,LSN-1\n", "depends_on", "LSN-01"),
        ("id,enterprise,no_response\nS,vnpt,unknwn\n", "no_response", "unknown"),
        ("id,enterprise,technologies\nS,vnpt,4G;6G\n", "technologies", None),
        ("id,enterprise,technologies\nS,vnpt,4G;4G\n", "technologies", None),
        ("id,enterprise,lat,lon\nS,vnpt,91,106\n", "lat", None),
        ("id,enterprise,lat,lon\nS,vnpt,nan,106\n", "lat", None),
        ("id,enterprise,lat,lon\nS,vnpt,48.8,2.3\n", "lat", None),
        ("id,enterprise,lat,lon\nS,vnpt,21.8,\n", "lon", None),
        ("id,enterprise,commissioned\nS,vnpt,2026-02-30\n", "commissioned", None),
        ("id,enterprise,commissioned\nS,vnpt,2026-02-01T00:00:00\n", "commissioned", None),
        ("id,enterprise,commissioned,decommissioned\nS,vnpt,2026-02-01,2026-02-01\n", "decommissioned", None),
        ("id,enterprise,valid_from,valid_to\nS,vnpt,2026-02-01,2026-02-01\n", "valid_to", None),
        ("id,enterprise,valid_from,valid_to\nS,vnpt,,2026-02-02\nS,vnpt,2026-02-01,\n", "valid_from", None),
        ("id,enterprise\nS,vnpt\nS,vnpt\n", "valid_from", None),
        ("id,enterprise,measured_valid_for_s\nS,vnpt,0\n", "measured_valid_for_s", None),
        ("id,enterprise,cells\nS,vnpt,1_000\n", "cells", None),
        ("id,enterprise,name\nS,vnpt,=1+1\n", "name", None),
        ("id,enterprise\nS 1,vnpt\n", "id", None),
        ("id,enterprise\n,vnpt\n", "id", None),
    ],
)
def test_a_bad_cell_is_named_with_its_place_and_the_nearest_valid_value(registry_dir, stations, field, near):
    problem = only(registry_dir(stations=stations, links=None))
    assert (problem.file, problem.field, problem.nearest) == ("stations.csv", field, near)
    assert problem.row >= 2


def test_one_bad_cell_does_not_make_every_reference_to_its_row_dangle(registry_dir):
    units = "code,name,kind\n05977,Đông Kinh,commmune\n20,Lạng Sơn,province\n"
    problem = only(registry_dir(units=units))
    assert (problem.field, problem.nearest) == ("kind", "commune")


def test_swapped_coordinates_are_called_swapped(registry_dir):
    problem = only(registry_dir(stations="id,enterprise,lat,lon\nS,vnpt,106.7,21.8\n", links=None))
    assert "swapped" in problem.message


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ("A,vnpt,B\nB,vnpt,C\nC,vnpt,A\n", "A -> B -> C -> A"),
        ("A,vnpt,A\n", "A -> A"),
        ("X,vnpt,B\nA,vnpt,B;C\nB,vnpt,A\nC,vnpt,\n", "A -> B -> A"),
    ],
)
def test_a_cycle_is_told_as_its_path(registry_dir, rows, path):
    problem = only(registry_dir(stations="id,enterprise,depends_on\n" + rows, links=None))
    assert path in problem.message


def test_every_separate_cycle_is_told(registry_dir):
    rows = "A,vnpt,B\nB,vnpt,A\nC,vnpt,D\nD,vnpt,C\nE,vnpt,A\n"
    directory = registry_dir(stations="id,enterprise,depends_on\n" + rows, links=None)
    assert found(directory) == [
        ("stations.csv", 2, "depends_on", None),
        ("stations.csv", 4, "depends_on", None),
    ]


def test_rows_that_never_hold_together_make_no_cycle(registry_dir):
    stations = (
        "id,enterprise,depends_on,valid_from,valid_to\n"
        "A,vnpt,B,,2026-01-01\nA,vnpt,,2026-01-01,\nB,vnpt,,,2026-01-01\nB,vnpt,A,2026-01-01,\n"
    )
    assert found(registry_dir(stations=stations, links=None)) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "header"),
        (b"\n\n", "header"),
        ("id,enterprise,name\nS,vnpt,Tr\u1ea1m\n".encode("utf-16"), "UTF-8"),
        (b"id,enterprise,name\nS,vnpt,Tr\xe1m\n", "UTF-8"),
        (b'id,enterprise,name\nS,vnpt,"open\n', "CSV"),
        (b"name\nTram\n", "required column"),
        (b"id,enterprise,id\nS,vnpt,S\n", "twice"),
        (b"id,enterprise\nS,vnpt,a,b\n", "4 cells"),
    ],
)
def test_a_file_that_is_no_table_is_refused_readably(registry_dir, content, message):
    problems = examine(registry_dir(stations=content, links=None)).errors
    assert problems
    assert all(problem.file == "stations.csv" for problem in problems)
    assert message in str(problems[0])


def test_the_line_of_a_bad_byte_is_told(registry_dir):
    stations = b"id,enterprise,name\nS,vnpt,ok\nT,vnpt,Tr\xe1m\n"
    assert only(registry_dir(stations=stations, links=None)).row == 3


def test_rows_are_numbered_as_an_editor_shows_them(registry_dir):
    stations = 'id,enterprise,certificate_no\n\nS,vnpt,""\nT,vnpd,\n'
    assert only(registry_dir(stations=stations, links=None)).row == 4


def test_a_byte_order_mark_and_windows_line_ends_are_fine(registry_dir):
    plain = load(registry_dir())
    stations = registry_dir().joinpath("stations.csv").read_text()
    marked = load(registry_dir(stations="\ufeff" + stations.replace("\n", "\r\n")))
    assert marked.digest == plain.digest


def test_a_missing_required_file_and_a_misnamed_one_are_errors(registry_dir):
    directory = registry_dir()
    (directory / "units.csv").unlink()
    (directory / "stations.csv").rename(directory / "station.csv")
    problems = {(p.file, p.nearest) for p in examine(directory).errors}
    assert ("units.csv", None) in problems
    assert ("station.csv", "stations.csv") in problems


def test_another_csv_file_is_only_a_warning(registry_dir):
    directory = registry_dir()
    (directory / "notes.csv").write_text("a,b\n")
    examined = examine(directory)
    assert examined.registry is not None
    assert [(p.file, p.severity) for p in examined.problems] == [("notes.csv", Severity.WARNING)]


def test_a_station_left_in_an_ended_unit_is_a_warning(registry_dir):
    examined = examine(registry_dir(stations="id,enterprise,unit\nS,vnpt,178\n", links=None))
    assert examined.registry is not None
    assert [(p.field, p.severity) for p in examined.problems] == [("unit", Severity.WARNING)]


def test_a_directory_in_place_of_a_file_is_a_problem_of_that_file(registry_dir):
    directory = registry_dir(units=None)
    (directory / "units.csv").mkdir()
    assert (
        "units.csv",
        "can't be read: Is a directory",
    ) in [(problem.file, problem.message) for problem in examine(directory).errors]


def test_a_directory_that_is_not_there_says_so(tmp_path):
    with pytest.raises(RegistryErrors, match="no such directory"):
        load(tmp_path / "nowhere")


def test_the_error_carries_every_problem(registry_dir):
    with pytest.raises(RegistryErrors) as caught:
        load(registry_dir(stations="id,enterprise\nS,a\nT,b\n", links=None))
    assert [problem.row for problem in caught.value.problems] == [2, 3]


def test_the_digest_depends_on_the_content_and_not_on_how_it_is_written(registry_dir):
    before = load(registry_dir()).digest
    reordered = (
        "enterprise,id,name,unit,lat,lon,technologies,depends_on,commissioned,policy\n"
        'vnpt,"LSN-2",Trạm 2,05977,21.80,106.7,4G,,,\n\n'
        "viettel, LSN-1 ,Trạm 1,05977,21.8,106.7,4G; 5G,LK-1,2020-01-01T00:00:00+07:00,measured_first\n"
    )
    assert load(registry_dir(stations=reordered)).digest == before
    assert load(registry_dir(stations=reordered.replace("Trạm 2", "Trạm 3"))).digest != before
