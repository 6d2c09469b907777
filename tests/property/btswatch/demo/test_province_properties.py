"""Any seed and size gives a registry that the product takes without an error."""

import stat
import tempfile
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from btswatch.demo.agents import AgentAddresses
from btswatch.demo.province import province, write_province
from schemas.registry import Kind
from stores.registry.credentials import load_credentials
from stores.registry.load import examine, load

ADDRESSES = AgentAddresses(77, 20_500, own_addresses=True)


@settings(max_examples=12, deadline=None)
@given(
    stations=st.integers(5, 120),
    seed=st.integers(0, 2**40),
    today=st.dates(date(2026, 1, 1), date(2030, 12, 31)),
)
def test_the_written_registry_passes_validation(stations, seed, today):
    made = province(stations, seed, today, ADDRESSES)
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "registry"
        write_province(made, directory)
        examined = examine(directory)
        assert examined.errors == ()
        assert load_credentials(directory / "credentials.toml") == made.credentials
        assert stat.S_IMODE((directory / "credentials.toml").stat().st_mode) == 0o600
        loaded = load(directory)
    kinds = [rows[0].kind for rows in loaded.elements.values()]
    assert kinds.count(Kind.STATION) == stations
    assert kinds.count(Kind.LINK) == round(0.4 * stations)


@settings(max_examples=5, deadline=None)
@given(stations=st.integers(5, 60), seed=st.integers(0, 2**40))
def test_the_same_seed_makes_the_same_province(stations, seed):
    today = date(2026, 11, 24)
    assert province(stations, seed, today, ADDRESSES) == province(stations, seed, today, ADDRESSES)


@settings(max_examples=12, deadline=None)
@given(stations=st.integers(5, 120), seed=st.integers(0, 2**40))
def test_every_station_hangs_on_a_link_and_links_form_trees(stations, seed):
    elements = province(stations, seed, date(2026, 11, 24), ADDRESSES).registry.elements
    links = {id_: rows[-1] for id_, rows in elements.items() if rows[0].kind is Kind.LINK}
    for id_ in links:
        seen = set()
        at = id_
        while links[at].depends_on:
            assert at not in seen
            seen.add(at)
            (above,) = links[at].depends_on
            assert links[above].b_end == links[at].a_end
            at = above
    fed = [rows[-1] for rows in elements.values() if rows[0].kind is Kind.STATION]
    assert all(set(row.depends_on) <= set(links) for row in fed)
    assert sum(bool(row.depends_on) for row in fed) >= min(len(links), 1)
