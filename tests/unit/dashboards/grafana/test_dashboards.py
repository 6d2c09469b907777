"""The committed Grafana dashboards: made by the code, alike in both languages, in the console's colours."""

import json
import re
from pathlib import Path

import pytest
import yaml

pytest.importorskip("grafana_foundation_sdk")

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import DataqueryConfig, register_dataquery_variant
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.console import pages
from dashboards.console.palette import LOOKS
from dashboards.console.texts import TEXTS, Language
from dashboards.grafana import build, flux, look
from dashboards.grafana.committed import FOLDER, committed, folder_of
from dashboards.grafana.texts import GRAFANA
from schemas.influx import MEASUREMENT
from schemas.status import Reading

ALL = list(committed())
BY_UID = {one.uid: one for one in ALL}


def of(one):
    return one.uid


def test_the_committed_files_are_what_the_code_makes():
    assert build.drift() == []


def test_a_stale_an_absent_and_a_left_over_file_are_drift(tmp_path, monkeypatch):
    root = tmp_path / "dashboards" / "grafana"
    monkeypatch.setattr(build, "FOLDER", root)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    (root / "en").mkdir(parents=True)
    (root / "vi").mkdir()
    assert len(build.drift()) == 16
    assert len(list(build.write())) == 16
    assert build.drift() == []
    (root / "vi" / "old.json").write_text("{}")
    (root / "en" / "feeds.json").write_text("{}")
    assert [path.name for path in build.drift()] == ["feeds.json", "old.json"]


def test_uids_never_change():
    names = ("province", "enterprise", "station", "links", "compliance", "declared", "feeds", "pipeline")
    assert set(BY_UID) == {f"btswatch-{name}-{language}" for name in names for language in ("vi", "en")}
    # Grafana takes no longer ones.
    assert all(len(uid) <= 40 for uid in BY_UID)


def shape(model):
    """A dashboard without its words."""
    variables = [
        (one["name"], one["type"], one["query"])
        for one in model["templating"]["list"]
        if one["name"] != "kind"
    ]
    return [
        (panel["id"], panel["type"], panel["gridPos"], panel.get("targets")) for panel in model["panels"]
    ], variables


def test_both_languages_differ_in_words_alone():
    for one in ALL:
        other = BY_UID[f"btswatch-{one.name}-{one.language.other}"]
        assert shape(one.model) == shape(other.model)
        assert one.model["title"] != other.model["title"]


def test_every_text_is_there_in_both_languages_and_used():
    sources = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.py") if path.name != "texts.py")
    for key, text in GRAFANA.items():
        assert text.en, key
        assert text.vi, key
        told = f'"{key}"' in sources or key.endswith("_title")
        assert told, f"nobody says {key}"
    assert not [key for key, text in GRAFANA.items() if key in TEXTS and text == TEXTS[key]]


@pytest.mark.parametrize("one", ALL, ids=of)
def test_panels_have_ids_titles_words_for_nothing_and_do_not_overlap(one):
    ids = [panel["id"] for panel in one.model["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in one.model["panels"]:
        assert panel["title"]
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "text":
            assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
            assert panel["targets"], panel["title"]


@pytest.mark.parametrize("one", ALL, ids=of)
def test_links_lead_to_dashboards_that_are_there_with_variables_that_they_have(one):
    text = json.dumps(one.model)
    for uid, given in re.findall(r"/d/([\w-]+)(?:\?([^\"\\]*))?", text):
        there = {variable["name"] for variable in BY_UID[uid].model["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", given)) <= there
    for name in re.findall(r"\$\{(\w+)(?::\w+)?\}", text):
        if not name.startswith("__"):
            assert name in {variable["name"] for variable in one.model["templating"]["list"]}, name


def test_a_station_leads_to_its_page_in_the_console():
    station = BY_UID["btswatch-station-en"].model
    (link,) = [one for one in station["links"] if "stations" in one.get("url", "")]
    assert link["url"] == "${console}/stations/${station:percentencode}"
    assert '("/stations/{element:path}", self._element)' in Path(pages.__file__).read_text("utf-8")


def test_states_have_the_consoles_colours_planned_and_unknown_their_own():
    colours = {reading: look.state_colour(reading) for reading in Reading}
    assert len(set(colours.values())) == len(Reading)
    (mapping,) = look.state_mappings(Language.EN)
    assert {int(code): result.color for code, result in mapping.options.items()} == {
        int(reading): colour for reading, colour in colours.items()
    }
    assert all(LOOKS[Reading(int(code))].glyph in result.text for code, result in mapping.options.items())
    with pytest.raises(KeyError):
        look.colour("mauve")


def test_a_name_that_the_schema_does_not_have_can_not_be_asked_for():
    with pytest.raises(KeyError):
        flux.read("states", "state")
    with pytest.raises(KeyError, match="state has no field stat"):
        flux.read("state", "stat")
    with pytest.raises(KeyError, match="state has no tag owner"):
        flux.read("state", "state", where=(flux.equals("owner", "vnpt"),))
    with pytest.raises(KeyError):
        flux.tags("scope", "element")


def test_a_renamed_field_stops_the_build(monkeypatch):
    known = MEASUREMENT["now"]
    renamed = tuple(field for field in known.fields if field.name != "since_ms")
    changed = type(known)(
        known.name, known.bucket, known.title, known.time, known.source, known.tags, renamed
    )
    monkeypatch.setitem(MEASUREMENT, "now", changed)
    with pytest.raises(KeyError, match="now has no field since_ms"):
        build.generated()


@pytest.fixture(scope="module")
def plugins():
    register_default_plugins()
    register_dataquery_variant(DataqueryConfig("influxdb", flux.FluxTarget.from_json))


def read_back(model):
    """Through the SDK's models, which keep nothing that they don't know; annotations' queries they don't know."""
    known = json.loads(json.dumps(model))
    for annotation in known["annotations"]["list"]:
        del annotation["target"]
    return known, json.loads(JSONEncoder().encode(Dashboard.from_json(known)))


def lost(ours, back):
    """What did not come back; the models add their defaults."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            yield from lost(value, back[key]) if key in back else [key]
    elif isinstance(ours, list) and len(ours) == len(back):
        for mine, other in zip(ours, back, strict=True):
            yield from lost(mine, other)
    elif ours != back:
        yield ours


@pytest.mark.parametrize("one", ALL, ids=of)
def test_the_sdks_models_know_all_that_is_in_a_dashboard(one, plugins):
    assert list(lost(*read_back(one.model))) == []


def test_what_the_sdks_models_do_not_know_would_be_noticed(plugins):
    model = json.loads(json.dumps(BY_UID["btswatch-province-en"].model))
    model["panels"][0]["fieldConfig"]["defaults"]["nonsense"] = 1
    assert list(lost(*read_back(model))) == ["nonsense"]


def test_provisioning_names_the_data_source_and_folders_that_the_dashboards_name():
    folder = FOLDER / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources/btswatch.yaml").read_text("utf-8"))["datasources"]
    variables = BY_UID["btswatch-station-vi"].model["templating"]["list"]
    (chosen,) = [one for one in variables if one["name"] == "datasource"]
    assert source["uid"] == chosen["current"]["value"]
    assert source["type"] == chosen["query"]
    assert re.match(chosen["regex"].strip("/"), source["name"])
    assert source["secureJsonData"] == {"token": "$__file{/run/secrets/influx_read_token}"}
    providers = yaml.safe_load((folder / "dashboards/btswatch.yaml").read_text("utf-8"))["providers"]
    assert {(one["folderUid"], one["folder"]) for one in providers} == {
        (folder_of(language).uid, folder_of(language).title) for language in Language
    }
    assert {Path(one["options"]["path"]).name for one in providers} == set(Language)
