from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.registry import Agency, Element, Enterprise, Kind, Registry, Unit
from schemas.status import Feed, NoResponse, Policy
from stores.registry.build import digest_of
from stores.registry.load import examine_sheets
from stores.registry.sheets import read_csv
from stores.registry.write import csv_text, rows_of

text = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
    .map(str.strip)
    .filter(lambda s: s[:1] not in {"=", "+", "@", "-"})
)
days = st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1))
moments = st.none() | st.integers(946_684_800_000, 4_102_444_800_000)
names = st.sampled_from(["viettel", "vnpt"])
latitudes = st.floats(8, 24)
longitudes = st.floats(102, 110)


@st.composite
def elements(draw, name, others):
    first, last = draw(moments), draw(moments)
    if first is not None and last is not None and last <= first:
        first, last = last, first if first > last else last + 1
    begin, end = sorted(draw(st.tuples(days, days)), key=lambda d: d or date.max)
    position = draw(st.none() | st.tuples(latitudes, longitudes))
    common = {
        "id": name,
        "enterprise": draw(names),
        "name": draw(text),
        "commissioned": first,
        "decommissioned": last,
        "policy": draw(st.sampled_from(Policy)),
        "no_response": draw(st.sampled_from(NoResponse)),
        "measured_valid_for_s": draw(st.integers(1, 10_000)),
        "depends_on": tuple(draw(st.lists(st.sampled_from(others), unique=True))) if others else (),
        "if_name": None,
        "valid_from": begin,
        "valid_to": end if end != begin else None,
    }
    if name.startswith("L"):
        ends = draw(st.permutations(["S0", "S1"]))
        return Element(
            kind=Kind.LINK,
            a_end=ends[0],
            b_end=ends[1],
            capacity_mbps=draw(st.none() | st.floats(0, 1e6)),
            **common,
        )
    return Element(
        kind=Kind.STATION,
        unit=draw(st.none() | st.just("05977")),
        lat=position and position[0],
        lon=position and position[1],
        technologies=tuple(draw(st.lists(st.sampled_from(["2G", "4G", "5G"]), unique=True))),
        cells=draw(st.none() | st.integers(0, 99)),
        certificate_no=draw(text) or None,
        certificate_issued=draw(days),
        **common,
    )


@st.composite
def registries(draw):
    ids = ["S0", "S1", "S2", "L0", "L1"]
    rows = {name: (draw(elements(name, ids[:place])),) for place, name in enumerate(ids)}
    enterprises = {
        name: Enterprise(
            id=name,
            name=draw(text) or name,
            brand=draw(text),
            mnc=draw(st.none() | st.just("45204")),
            feed=draw(st.sampled_from(Feed)),
            heartbeat_s=draw(st.integers(1, 9999)),
        )
        for name in ("viettel", "vnpt")
    }
    units = {
        "05977": (
            Unit(
                "05977",
                draw(text) or "x",
                draw(text),
                "ward",
                touches_border=draw(st.none() | st.booleans()),
                area_km2=draw(st.none() | st.floats(0, 1e5)),
            ),
        )
    }
    agency = draw(st.lists(st.builds(Agency, name=text.filter(bool), note=text), max_size=1))
    return Registry(enterprises, units, dict(sorted(rows.items())), agency=tuple(agency))


@given(registries(), st.sampled_from(["Asia/Ho_Chi_Minh", "UTC", "America/New_York"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_exported_loads_to_the_same_registry_and_digest(registry, zone):
    sheets = {}
    for file, rows in rows_of(registry, zone=zone).items():
        sheet, problems = read_csv(file.name, csv_text(file, rows).encode())
        assert problems == []
        sheets[file.stem] = sheet
    examined = examine_sheets(sheets, zone=zone)
    assert examined.errors == ()
    again = examined.registry
    assert (again.enterprises, again.units, again.elements) == (
        registry.enterprises,
        registry.units,
        registry.elements,
    )
    assert again.digest == digest_of(registry)
