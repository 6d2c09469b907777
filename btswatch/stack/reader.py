"""Grafana's token: one that can read the product's buckets and nothing else, made by InfluxDB, kept in a file."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import httpx

from btswatch.stack.server import StackError

DESCRIPTION: Final = "btswatch: Grafana reads"


def make_reader(client: httpx.Client, organization: str, prefix: str, path: Path) -> bool:
    """Make the token where there is none that works; whether it was made.

    Args:
        client: speaks to InfluxDB with a token that may make others.
        organization: whose buckets they are.
        prefix: of the buckets' names.
        path: where the token is kept.

    Raises:
        StackError: InfluxDB refuses, or there are no buckets yet.
        httpx.HTTPError: it is out of reach.
    """
    buckets = _buckets(client, organization, prefix)
    if path.exists() and _reads(client, path.read_text("ascii").strip(), buckets):
        return False
    org = next(iter(buckets.values()))
    permissions = [
        {"action": "read", "resource": {"type": "buckets", "id": bucket, "orgID": org}} for bucket in buckets
    ]
    answer = client.post(
        "/api/v2/authorizations",
        json={"orgID": org, "description": DESCRIPTION, "permissions": permissions},
    )
    if answer.status_code != httpx.codes.CREATED:
        raise StackError(f"influxdb makes no token: {answer.status_code} {answer.text.strip()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(answer.json()["token"] + "\n", "ascii")
    temporary.chmod(0o444)
    temporary.replace(path)
    return True


def _buckets(client: httpx.Client, organization: str, prefix: str) -> dict[str, str]:
    found = {one["id"]: one["orgID"] for one in _all(client, organization) if one["name"].startswith(prefix)}
    if not found:
        raise StackError(f"influxdb has no bucket {prefix}...: `btswatch influx apply` makes them")
    return found


def _all(client: httpx.Client, organization: str) -> Iterator[dict[str, str]]:
    asked = {"org": organization, "limit": "100"}
    while True:
        answer = client.get("/api/v2/buckets", params=asked)
        if not answer.is_success:
            raise StackError(f"influxdb shows no buckets: {answer.status_code} {answer.text.strip()}")
        page = answer.json()["buckets"]
        if not page:
            return
        yield from page
        asked["after"] = page[-1]["id"]


def _reads(client: httpx.Client, token: str, buckets: Collection[str]) -> bool:
    headers = {"Authorization": f"Token {token}"}
    return all(client.get(f"/api/v2/buckets/{bucket}", headers=headers).is_success for bucket in buckets)
