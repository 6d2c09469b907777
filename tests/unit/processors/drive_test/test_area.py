from datetime import date

import pytest

from processors.drive_test.area import area_of
from processors.drive_test.columns import COLUMNS, columns_of
from processors.drive_test.sample import Refused, RowFault, Rows
from schemas.registry import Registry, Unit
from stores.registry.load import load

TODAY = date(2026, 11, 23)


def registry(*units) -> Registry:
    return Registry({}, {unit.code: (unit,) for unit in units}, {})


@pytest.fixture(scope="module")
def shipped():
    from btswatch.demo.province import shipped as directory

    return load(directory())


def test_every_commune_of_the_province_lies_in_it_and_other_provinces_do_not(shipped):
    area = area_of(shipped, "20", TODAY)
    centres = [one for code in shipped.units if (one := shipped.unit_on(code, TODAY)) and one.lat]
    assert len(centres) > 60
    assert all(area.holds(one.lat, one.lon) for one in centres)
    # Ha Noi, Cao Bang, Mong Cai, Ho Chi Minh City.
    for place in ((21.03, 105.85), (22.67, 106.26), (21.52, 107.97), (10.78, 106.70)):
        assert not area.holds(*place), place


def test_a_communes_samples_are_from_there(shipped):
    area = area_of(shipped, "05977", TODAY)
    assert area.holds(21.807, 106.771)
    assert not area.holds(22.387, 106.262), "another commune of the province"


def test_where_the_registry_does_not_say_where_units_lie_nothing_is_refused():
    assert area_of(registry(Unit("20", "P", "P", "province")), "20", TODAY) is None
    assert area_of(registry(), "20", TODAY) is None


def test_one_commune_without_a_place_leaves_the_provinces_own_extent():
    whole = Unit("20", "P", "P", "province", None, 21.85, 106.76, 8310.0)
    placed, nowhere = Unit("a", "A", "A", "ward", "20", 21.8, 106.7, 9.0), Unit("b", "B", "B", "ward", "20")
    narrow, wide = (
        area_of(registry(whole, placed), "20", TODAY),
        area_of(registry(whole, placed, nowhere), "20", TODAY),
    )
    assert narrow.north < wide.north
    assert wide.holds(22.4, 106.3)


def test_a_sample_of_another_province_is_refused_with_its_place(shipped):
    rows = Rows(columns_of(COLUMNS), {"a": 0}, 1 << 45, area_of(shipped, "20", TODAY))
    cells = ["2026-11-10T08:00:00+07:00", "10.78", "106.70", "a", "4G", "-90", "", "", ""]
    assert rows.read(cells) == Refused(RowFault.PLACE, "10.78, 106.70 lies outside Lạng Sơn")
    assert not isinstance(rows.read([cells[0], "21.85", "106.76", *cells[3:]]), Refused)
