"""`btswatch dashboards push|check` against a server of ours that follows Grafana's documentation of its HTTP API.

This shows what we send and how we take the documented answers; it does not show that a Grafana accepts it.
"""

import json
import socket

import pytest

pytest.importorskip("grafana_api")

from btswatch.cli.app import run
from dashboards.grafana.committed import committed
from tests.grafana.documented_server import TOKEN, serving

UIDS = {one.uid for one in committed()}


@pytest.fixture
def grafana(monkeypatch):
    with serving() as (url, state):
        monkeypatch.setenv("BTSWATCH_GRAFANA__URL", url)
        monkeypatch.setenv("BTSWATCH_GRAFANA__TOKEN", TOKEN)
        yield state


def told(capsys, *arguments):
    code = run(["dashboards", *arguments])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err.splitlines()


def test_push_makes_folders_and_dashboards_and_a_second_push_changes_nothing(grafana, capsys):
    code, first, _ = told(capsys, "push")
    assert code == 0
    assert {line.split("\t")[0] for line in first} == {"created"}
    assert set(grafana.dashboards) == UIDS
    assert grafana.folders["btswatch-vi"]["title"] == "Giám sát viễn thông"
    assert {one["meta"]["folderUid"] for one in grafana.dashboards.values()} == {"btswatch-vi", "btswatch-en"}
    writes = len(grafana.writes())
    code, second, _ = told(capsys, "push")
    assert code == 0
    assert {line.split("\t")[0] for line in second} == {"unchanged"}
    assert len(grafana.writes()) == writes


def test_provisioned_files_are_the_committed_ones_with_links_to_the_console_of_the_settings(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("BTSWATCH_GRAFANA__CONSOLE_URL", "https://watch.example/")
    left_over, anothers = tmp_path / "vi" / "gone.json", tmp_path / "vi" / "notes.txt"
    left_over.parent.mkdir()
    left_over.write_text("{}")
    anothers.write_text("mine")
    code, lines, _ = told(capsys, "provision", "--into", str(tmp_path))
    assert code == 0
    assert anothers.read_text() == "mine"
    found = {path: json.loads(path.read_text("utf-8")) for path in tmp_path.rglob("*.json")}
    assert sorted(map(str, found)) == sorted(lines)
    for one in committed():
        there = found[tmp_path / one.language / f"{one.name}.json"]
        assert there == with_console(one.model)
    assert len(found) == len(UIDS)
    (tmp_path / "en").rename(tmp_path / "was")
    (tmp_path / "en").write_text("no directory")
    code, _, errors = told(capsys, "provision", "--into", str(tmp_path))
    assert (code, len(errors)) == (2, 1)


def with_console(model):
    text = json.dumps(model)
    assert text.count('"query": "http://127.0.0.1:8088"') == 1
    return json.loads(text.replace('"query": "http://127.0.0.1:8088"', '"query": "https://watch.example"'))


def test_check_is_silent_about_what_push_brought_and_names_what_somebody_changed(grafana, capsys):
    told(capsys, "push")
    assert told(capsys, "check")[0] == 0
    changed = grafana.dashboards["btswatch-province-en"]["dashboard"]
    changed["title"] = "Mine"
    changed["panels"][0]["title"] = "Also mine"
    changed["panels"].append({})
    del grafana.dashboards["btswatch-feeds-vi"]
    grafana.dashboards["btswatch-links-vi"]["meta"]["folderUid"] = ""
    code, _, errors = told(capsys, "check")
    assert code == 1
    text = "\n".join(errors)
    assert "btswatch-province-en: title is 'Mine' there" in text
    assert "btswatch-province-en: panels has" in text
    assert "btswatch-feeds-vi: is not there" in text
    assert "btswatch-links-vi: is in folder General, not in btswatch-vi" in text
    assert "btswatch-enterprise" not in text
    assert grafana.writes()[-1] == ("POST", "/api/dashboards/db")
    code, lines, _ = told(capsys, "push")
    assert code == 0
    assert {line for line in lines if not line.startswith("unchanged")} == {
        "updated\tbtswatch-province-en",
        "updated\tbtswatch-links-vi",
        "created\tbtswatch-feeds-vi",
    }
    assert told(capsys, "check")[0] == 0


def test_one_language_leaves_the_other_alone(grafana, capsys):
    assert told(capsys, "push", "--language", "vi")[0] == 0
    assert set(grafana.folders) == {"btswatch-vi"}
    assert set(grafana.dashboards) == {one.uid for one in committed() if one.language == "vi"}
    assert told(capsys, "check", "--language", "vi")[0] == 0
    assert told(capsys, "check")[0] == 1


def test_a_folder_somebody_renamed_gets_its_name_back(grafana, capsys):
    told(capsys, "push", "--language", "en")
    grafana.folders["btswatch-en"]["title"] = "Old"
    code, lines, _ = told(capsys, "push", "--language", "en")
    assert code == 0
    assert lines[0] == "updated\tfolder btswatch-en"
    assert grafana.folders["btswatch-en"]["title"] == "Telecom watch"


def test_a_folder_made_by_somebody_else_meanwhile_is_taken(grafana, capsys):
    path = "/api/folders/btswatch-en"
    grafana.instead[("GET", path)] = [(404, {"message": "Folder not found"})]
    grafana.folders["btswatch-en"] = {"uid": "btswatch-en", "title": "Telecom watch", "version": 1}
    assert told(capsys, "push", "--language", "en")[0] == 0


def test_the_consoles_address_reaches_the_links(grafana, capsys, monkeypatch):
    monkeypatch.setenv("BTSWATCH_GRAFANA__CONSOLE_URL", "https://console.example.vn/bts/")
    told(capsys, "push", "--language", "en")
    station = grafana.dashboards["btswatch-station-en"]["dashboard"]
    variables = {one["name"]: one for one in station["templating"]["list"]}
    assert variables["console"]["query"] == "https://console.example.vn/bts"
    assert told(capsys, "check", "--language", "en")[0] == 0


def test_the_data_source_goes_by_uid_though_the_routes_by_number_are_off(grafana, capsys, monkeypatch):
    monkeypatch.setenv("BTSWATCH_GRAFANA__INFLUX_TOKEN", "reader")
    monkeypatch.setenv("BTSWATCH_GRAFANA__INFLUX_URL", "http://influxdb:8086")
    for result in ("created", "updated"):
        code, lines, _ = told(capsys, "push", "--datasource", "--language", "vi")
        assert code == 0
        assert lines[0] == f"{result}\tdata source btswatch-influxdb"
    kept = grafana.datasources["btswatch-influxdb"]
    assert kept["secureJsonData"] == {"token": "reader"}
    assert kept["url"] == "http://influxdb:8086"
    assert kept["jsonData"]["version"] == "Flux"
    assert all(not path.rpartition("/")[2].isdigit() for _, path, _ in grafana.requests)


def test_a_data_source_without_a_token_is_misuse(grafana, capsys):
    code, _, errors = told(capsys, "push", "--datasource")
    assert code == 2
    assert "grafana.influx_token" in errors[0]
    assert grafana.requests == []


def test_a_wrong_token_is_refused_with_what_to_do_and_without_the_token(grafana, capsys, monkeypatch):
    monkeypatch.setenv("BTSWATCH_GRAFANA__TOKEN", "glsa_wrong")
    code, _, errors = told(capsys, "push")
    assert code == 1
    assert "401" in errors[0]
    assert "grafana.token" in errors[1]
    assert "glsa_wrong" not in "".join(errors)
    assert grafana.folders == {}


def test_an_account_that_may_not_write_is_refused_with_the_role_it_needs(grafana, capsys):
    grafana.instead[("POST", "/api/folders")] = [(403, {"message": "Access denied"})]
    code, _, errors = told(capsys, "push")
    assert code == 1
    assert "folder btswatch-vi: Access denied (403)" in errors[0]
    assert "Editor" in errors[1]


def test_no_token_is_misuse(grafana, capsys, monkeypatch):
    monkeypatch.setenv("BTSWATCH_GRAFANA__TOKEN", "")
    assert told(capsys, "push")[0] == 2
    assert grafana.requests == []


@pytest.mark.parametrize(
    ("kind", "hint"), [("version-mismatch", "push again"), ("name-exists", "rename or remove it")]
)
def test_a_refused_save_names_dashboard_reason_and_remedy(grafana, capsys, kind, hint):
    grafana.instead[("POST", "/api/dashboards/db")] = [
        (412, {"message": "The dashboard has been changed by someone else", "status": kind})
    ]
    code, _, errors = told(capsys, "push", "--language", "en")
    assert code == 1
    assert "btswatch-" in errors[0]
    assert kind in errors[0]
    assert hint in errors[1]
    # What failed comes with the next push, and nothing is there twice.
    assert told(capsys, "push", "--language", "en")[0] == 0
    assert told(capsys, "check", "--language", "en")[0] == 0


def test_a_provisioned_dashboard_is_not_saved_over(grafana, capsys):
    told(capsys, "push", "--language", "en")
    there = grafana.dashboards["btswatch-feeds-en"]
    there["meta"]["provisioned"] = True
    there["dashboard"]["title"] = "older"
    writes = len(grafana.writes())
    code, _, errors = told(capsys, "push", "--language", "en")
    assert code == 1
    assert "btswatch-feeds-en: Grafana provisions it from files" in errors[0]
    assert len(grafana.writes()) == writes


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_in_trouble_is_out_of_reach(grafana, capsys, status):
    grafana.instead[("GET", "/api/folders/btswatch-vi")] = [(status, {"message": "database is locked"})]
    code, _, errors = told(capsys, "push")
    assert code == 3
    assert f"answers {status}: database is locked" in errors[0]


def test_nobody_listening_is_out_of_reach(capsys, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("BTSWATCH_GRAFANA__URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("BTSWATCH_GRAFANA__TOKEN", TOKEN)
    code, _, errors = told(capsys, "check")
    assert code == 3
    assert f"127.0.0.1:{port}" in errors[0]
    assert "refused" in errors[0]


def test_a_server_that_never_answers_is_out_of_reach(capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("BTSWATCH_GRAFANA__URL", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("BTSWATCH_GRAFANA__TOKEN", TOKEN)
        monkeypatch.setenv("BTSWATCH_GRAFANA__TIMEOUT_S", "0.2")
        code, _, errors = told(capsys, "check")
    assert code == 3
    assert "in time" in errors[0]


@pytest.mark.parametrize("answer", ["<html>hello</html>", "<p>a message of something else</p>", "[]"])
@pytest.mark.parametrize("status", [200, 400])
def test_something_that_is_no_grafana_is_told_apart(grafana, capsys, answer, status):
    grafana.instead[("GET", "/api/folders/btswatch-vi")] = [(status, answer)]
    code, _, errors = told(capsys, "push")
    assert code == 1
    assert len(errors) == 1
    assert grafana.writes() == []


def test_a_redirect_is_not_followed_with_the_token(grafana, capsys):
    elsewhere = ("Location", "/elsewhere")
    grafana.instead[("GET", "/api/folders/btswatch-vi")] = [(302, "", elsewhere)]
    code, _, errors = told(capsys, "push")
    assert code == 1
    assert "redirects" in errors[0]
    assert [path for _, path, _ in grafana.requests] == ["/api/folders/btswatch-vi"]


def test_grafana_below_a_path_is_found_there(capsys, monkeypatch):
    with serving("/grafana") as (url, state):
        monkeypatch.setenv("BTSWATCH_GRAFANA__URL", url)
        monkeypatch.setenv("BTSWATCH_GRAFANA__TOKEN", TOKEN)
        assert told(capsys, "push", "--language", "en")[0] == 0
        assert set(state.folders) == {"btswatch-en"}


def test_a_proxy_of_the_environment_never_sees_the_token(grafana, capsys, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert told(capsys, "push", "--language", "en")[0] == 0
