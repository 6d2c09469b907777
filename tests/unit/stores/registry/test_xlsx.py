import zipfile
from datetime import date, datetime
from random import Random

import pytest
from openpyxl import Workbook, load_workbook

from stores.registry import load
from stores.registry.load import examine_sheets, sheets_in
from stores.registry.write import rows_of
from stores.registry.xlsx import read_xlsx, write_xlsx


def workbook(path, **sheets):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_registry_goes_through_a_workbook_unchanged(registry_dir, tmp_path):
    registry = load(registry_dir())
    path = tmp_path / "registry.xlsx"
    write_xlsx(path, rows_of(registry))
    sheets, problems = read_xlsx(path)
    assert problems == []
    assert examine_sheets(sheets).registry == registry


def test_codes_are_written_as_text_so_that_leading_zeros_stay(registry_dir, tmp_path):
    path = tmp_path / "registry.xlsx"
    write_xlsx(path, rows_of(load(registry_dir())))
    cells = {cell.value: cell.data_type for cell in load_workbook(path)["units"]["A"]}
    assert cells["05977"] == "s"


def test_a_cell_that_looks_like_a_formula_is_written_as_text(registry_dir, tmp_path):
    rows = rows_of(load(registry_dir()))
    stations = next(file for file in rows if file.stem == "stations")
    path = tmp_path / "registry.xlsx"
    write_xlsx(path, {stations: [("=1+1",) * len(stations.columns)]})
    assert {cell.data_type for cell in load_workbook(path)["stations"][2]} == {"s"}


def test_typed_cells_read_like_the_csv_text(registry_dir, tmp_path):
    sheets, _ = sheets_in(registry_dir(stations=None, links=None))
    path = workbook(
        tmp_path / "in.xlsx",
        stations=[
            ["id", "enterprise", "cells", "lat", "lon", "commissioned", "valid_from", "decommissioned"],
            [
                "S",
                "vnpt",
                3,
                21.8,
                106.7,
                date(2020, 1, 1),
                datetime.fromisoformat("2020-01-01"),
                "2026-11-01T00:00:05+07:00",
            ],
        ],
    )
    more, problems = read_xlsx(path)
    assert problems == []
    station = examine_sheets({**sheets, **more}).registry.elements["S"][0]
    assert (station.cells, station.lat, station.valid_from) == (3, 21.8, date(2020, 1, 1))


def test_a_time_without_zone_in_a_cell_is_refused(registry_dir, tmp_path):
    path = workbook(
        tmp_path / "in.xlsx",
        stations=[
            ["id", "enterprise", "commissioned"],
            ["S", "vnpt", datetime.fromisoformat("2020-01-01T08:30")],
        ],
    )
    sheets, _ = sheets_in(registry_dir(stations=None, links=None))
    problems = examine_sheets({**sheets, **read_xlsx(path)[0]}).errors
    assert [(p.file, p.row, p.field) for p in problems] == [("in.xlsx[stations]", 2, "commissioned")]


def test_problems_name_the_sheet_and_its_row(registry_dir, tmp_path):
    path = workbook(
        tmp_path / "in.xlsx", stations=[["id", "enterprise"], [], ["S", "vnpd"]], statoins=[["id"]]
    )
    more, problems = read_xlsx(path)
    assert [(p.file, p.nearest) for p in problems] == [("in.xlsx[statoins]", "stations")]
    sheets, _ = sheets_in(registry_dir(stations=None, links=None))
    problems = examine_sheets({**sheets, **more}).errors
    assert [(p.file, p.row, p.field, p.nearest) for p in problems] == [
        ("in.xlsx[stations]", 3, "enterprise", "vnpt")
    ]


def test_a_single_sheet_of_any_name_counts_by_its_file_name(tmp_path):
    path = workbook(tmp_path / "stations.xlsx", Sheet1=[["id", "enterprise"], ["S", "vnpt"]])
    sheets, problems = read_xlsx(path)
    assert (set(sheets), problems) == ({"stations"}, [])


def test_a_decompression_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 20_000_000)
    sheets, problems = read_xlsx(path)
    assert sheets == {}
    assert "bomb" in problems[0].message


def test_a_document_type_declaration_is_refused(tmp_path):
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    assert "document type" in read_xlsx(path)[1][0].message


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_one_readable_problem(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    sheets, problems = read_xlsx(path)
    assert sheets == {}
    assert len(problems) == 1
    assert problems[0].file == "x.xlsx"


def test_a_zip_that_is_no_workbook_is_one_readable_problem(tmp_path):
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert len(read_xlsx(path)[1]) == 1


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_workbook_gives_problems_and_never_an_exception(seed, registry_dir, tmp_path):
    path = tmp_path / "registry.xlsx"
    write_xlsx(path, rows_of(load(registry_dir())))
    content, random = bytearray(path.read_bytes()), Random(seed)
    for _ in range(random.choice([1, 5, 100])):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)
    read_xlsx(path)


def test_a_place_that_can_not_be_written_is_an_os_error_and_leaves_nothing_open(registry_dir, tmp_path):
    rows = rows_of(load(registry_dir()))
    with pytest.raises(FileNotFoundError):
        write_xlsx(tmp_path / "none" / "registry.xlsx", rows)
