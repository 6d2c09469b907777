"""An InfluxDB with the made-up province in it, and the committed dashboards' questions to it."""

import json
from dataclasses import dataclass
from uuid import uuid4

import httpx

from dashboards.grafana.committed import committed
from schemas.influx import BUCKETS
from tests.grafana import made_province
from tests.grafana.interpolation import All, ask, fixed_values, put_in, variables_of

# Grafana asks for about as many points as a panel has pixels.
WIDE_PANEL = 1_000


@dataclass
class Filled:
    """A server, the buckets' prefix, and what is in them."""

    client: httpx.Client
    org: str
    prefix: str
    size: made_province.Size
    lines: int

    def ask(self, dashboard, query, chosen, from_ms, to_ms, window="1m0s"):
        values = {**fixed_values(dashboard, self.prefix), **chosen}
        return ask(self.client, self.org, put_in(query, values, from_ms, to_ms, window))


def new_buckets(client, org):
    """(their prefix, what writes lines to one of them) of buckets with nothing in them."""
    prefix = f"g{uuid4().hex[:10]}"
    (found,) = client.get("/api/v2/orgs", params={"org": org}).json()["orgs"]
    for bucket in BUCKETS:
        body = {
            "orgID": found["id"],
            "name": bucket.name(prefix),
            "retentionRules": [
                {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": bucket.shard_s}
            ],
        }
        assert client.post("/api/v2/buckets", json=body).status_code == 201

    def post(bucket, lines):
        answer = client.post(
            "/api/v2/write",
            params={"org": org, "bucket": bucket, "precision": "us"},
            content="\n".join(lines).encode(),
        )
        assert answer.status_code == 204, answer.text

    return prefix, post


def fill(client, org, size=made_province.SMALL):
    prefix, post = new_buckets(client, org)
    return Filled(client, org, prefix, size, made_province.write(post, prefix, size))


def dashboards(language="vi"):
    return {one.name: one.model for one in committed() if one.language == language}


def targets(dashboard):
    """(panel, query) of every panel that asks."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel, target["query"]


def first_choice(dashboard, several=All(".*")):  # noqa: B008 - a frozen value
    """Of each variable that a reader chooses: everything (or what is given) where it takes several, else one."""
    single = {"enterprise": "viettel", "station": "LS0000/a.b", "kind": "station"}
    return {
        name: several if one.get("multi") else single[name]
        for name, one in variables_of(dashboard).items()
        if one["type"] in {"query", "custom"}
    }


def window_of(panel, span_ms):
    """About what Grafana makes of the range and the points that the panel takes."""
    minutes = span_ms // panel.get("maxDataPoints", WIDE_PANEL) // made_province.MINUTE_MS
    return f"{max(1, minutes)}m0s"


def names_in(panel):
    """What a panel refers to by a column's name."""
    text = json.dumps(panel["fieldConfig"])
    named = {one["matcher"]["options"] for one in panel["fieldConfig"].get("overrides", [])}
    for piece in text.split("${__field.labels.")[1:]:
        named.add(piece.split("}", 1)[0])
    for layer in panel.get("options", {}).get("layers", []):
        named |= {layer["location"]["latitude"], layer["location"]["longitude"]}
        named.add(layer["config"]["style"]["color"]["field"])
    return named


def drawn(client, org, prefix, from_ms, to_ms):
    """(dashboard, panel) of every panel that has something to draw; what a reader has to choose is the first that is offered.

    Raises:
        AssertionError: InfluxDB refuses a query, or a panel would get other columns than it draws.
    """
    from dashboards.console.texts import Language
    from dashboards.grafana.build import DASHBOARDS

    filled = Filled(client, org, prefix, made_province.SMALL, 0)
    found = set()
    for name, dashboard in dashboards().items():
        chosen = {}
        for variable in variables_of(dashboard).values():
            if variable.get("multi"):
                chosen[variable["name"]] = All(variable["allValue"])
            elif variable["type"] == "query":
                offered = filled.ask(dashboard, variable["query"]["query"], chosen, from_ms, to_ms)
                chosen[variable["name"]] = next(iter(offered.values("_value")), "nothing")
            elif variable["type"] == "custom":
                chosen[variable["name"]] = variable["current"]["value"]
        columns = {
            panel.id_val: panel.targets[0].columns
            for panel in DASHBOARDS[name](Language.VI).build().panels
            if panel.targets
        }
        for panel, query in targets(dashboard):
            window = window_of(panel, to_ms - from_ms)
            answer = filled.ask(dashboard, query, chosen, from_ms, to_ms, window)
            if answer.rows:
                assert answer.columns == columns[panel["id"]], (name, panel["title"])
                found.add((name, panel["title"]))
    return found
