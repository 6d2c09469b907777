import pytest
from pydantic import SecretStr

from schemas.influx import TASKS
from schemas.influx.flux import task_flux
from stores.influx.errors import InfluxRefusedError, InfluxUnavailableError
from stores.influx.management import Management
from tests.contract.sinks.results import CALENDAR
from tests.integration.influx.conftest import settings_for
from tests.product.process import btswatch

pytestmark = pytest.mark.service


def managed(settings, work, zone=CALENDAR.zone):
    with Management(settings, zone) as management:
        return [str(one) for one in work(management)]


def test_buckets_and_tasks_are_made_once_and_brought_back_in_step(influx):
    settings = settings_for(influx, raw_days=31)
    prefix = settings.prefix
    names = [f"bucket {prefix}{suffix}: missing" for suffix in ("", "_raw", "_long")]
    names += [f"task {prefix} {task.target}: missing" for task in TASKS]
    assert managed(settings, Management.differences) == names
    assert managed(settings, Management.apply) == names
    assert managed(settings, Management.apply) == []
    shorter = settings.model_copy(update={"raw_days": 7})
    assert managed(shorter, Management.differences) == [
        f"bucket {prefix}_raw: kept 31 days in shards of 1 days, not 7 days and 1 days"
    ]
    (task,) = influx.client.get("/api/v2/tasks", params={"name": f"{prefix} link_hour"}).json()["tasks"]
    influx.client.patch(f"/api/v2/tasks/{task['id']}", json={"status": "inactive"})
    stray = {"org": influx.org, "flux": task["flux"].replace("link_hour", "old", 1)}
    assert influx.client.post("/api/v2/tasks", json=stray).status_code == 201
    assert managed(settings, Management.apply) == [
        f"task {prefix} link_hour: switched off",
        f"task {prefix} old: not in the schema",
    ]
    assert managed(settings, Management.apply, "Europe/Berlin") == [f"task {prefix} link_day: another query"]


def test_every_task_runs_on_the_server(influx):
    settings = settings_for(influx)
    managed(settings, Management.apply)
    for task in TASKS:
        for zone in (CALENDAR.zone, "Europe/Berlin"):
            influx.query(task_flux(task, settings.prefix, zone).replace("option task", "about"))


def test_a_server_that_refuses_or_is_away_is_told_apart(influx):
    settings = settings_for(influx)
    for change in ({"token": SecretStr("wrong")}, {"org": "nobody"}):
        with pytest.raises(InfluxRefusedError):
            managed(settings.model_copy(update=change), Management.differences)
    no_tls = influx.url.replace("http:", "https:")
    for url, said in (("http://127.0.0.1:9", "refused"), (no_tls, "SSL")):
        with pytest.raises(InfluxUnavailableError, match=said):
            managed(settings.model_copy(update={"url": url}), Management.differences)


def token_that_may(influx, *rights):
    (org,) = influx.client.get("/api/v2/orgs", params={"org": influx.org}).json()["orgs"]
    where = {"orgs": {"id": org["id"]}}
    permissions = [
        {"action": action, "resource": {"type": kind, **where.get(kind, {"orgID": org["id"]})}}
        for action, kind in (right.split() for right in rights)
    ]
    answer = influx.client.post(
        "/api/v2/authorizations", json={"orgID": org["id"], "permissions": permissions}
    )
    assert answer.status_code == 201, answer.text
    return SecretStr(answer.json()["token"])


READS = ("read buckets", "read tasks", "read orgs")


def test_a_token_that_may_only_read_is_refused_whatever_it_would_change(influx):
    settings = settings_for(influx)
    reader = settings.model_copy(update={"token": token_that_may(influx, *READS)})
    nothing = settings.model_copy(update={"token": token_that_may(influx, *READS[:2])})
    keeper = settings.model_copy(update={"token": token_that_may(influx, *READS, "write buckets")})

    def refused(settings, said):
        with pytest.raises(InfluxRefusedError, match=said):
            managed(settings, Management.apply)

    refused(nothing, "no organisation btswatch")
    refused(reader, "buckets is unauthorized")
    refused(keeper, "to create task: .*token")
    refused(reader, "to create task: .*token")
    managed(settings, Management.apply)
    assert managed(reader, Management.apply) == []
    (task,) = influx.client.get("/api/v2/tasks", params={"name": f"{settings.prefix} link_hour"}).json()[
        "tasks"
    ]
    influx.client.patch(f"/api/v2/tasks/{task['id']}", json={"status": "inactive"})
    refused(reader, "to update task: .*token")
    influx.client.patch(f"/api/v2/tasks/{task['id']}", json={"status": "active"})
    stray = {"org": influx.org, "flux": task["flux"].replace("link_hour", "old", 1)}
    assert influx.client.post("/api/v2/tasks", json=stray).status_code == 201
    refused(reader, "to delete task: .*token")
    refused(reader.model_copy(update={"raw_days": 7}), "is unauthorized")


def test_buckets_of_others_hide_none_of_ours(influx):
    settings = settings_for(influx)
    managed(settings, Management.apply)
    for _ in range(110):
        influx.new_bucket()
    # What it may not read is left out of what it is shown: a list's pages are shorter than the client expects.
    reader = settings.model_copy(update={"token": token_that_may(influx, "read buckets")})
    assert not [one for one in managed(reader, Management.differences) if one.startswith("bucket")]


def test_the_commands_answer_with_their_exit_codes(influx, tmp_path):
    prefix = settings_for(influx).prefix
    file = tmp_path / "btswatch.toml"
    file.write_text(
        f'[influx]\nurl = "{influx.url}"\norg = "{influx.org}"\ntoken = "{influx.token}"\nprefix = "{prefix}"\n'
    )
    assert btswatch("influx", "diff", "--settings", file).returncode == 1
    applied = btswatch("influx", "apply", "--settings", file)
    assert (applied.returncode, applied.stdout.count("changed: ")) == (0, 6)
    assert btswatch("influx", "diff", "--settings", file).returncode == 0
    reader = token_that_may(influx, "read buckets").get_secret_value()
    file.write_text(file.read_text().replace(influx.token, reader))
    refused = btswatch("influx", "apply", "--settings", file)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "influx.token may not" in refused.stderr
    assert reader not in refused.stderr
    file.write_text('[influx]\nurl = "http://127.0.0.1:9"\ntoken = "x"\n')
    assert btswatch("influx", "diff", "--settings", file).returncode == 3
    file.write_text("")
    assert btswatch("influx", "diff", "--settings", file).returncode == 2
