import httpx
import pytest

from btswatch.stack.reader import make_reader
from btswatch.stack.server import StackError

pytestmark = pytest.mark.service


@pytest.fixture
def prefix(influx):
    """What two buckets begin with, and a third does not."""
    names = [influx.new_bucket() for _ in range(3)]
    # One bucket's whole name is a prefix of no other's: the second is renamed behind the first.
    found = influx.client.get("/api/v2/buckets", params={"name": names[1]}).json()["buckets"][0]
    influx.client.patch(f"/api/v2/buckets/{found['id']}", json={"name": f"{names[0]}_raw"}).raise_for_status()
    return names[0], names[2]


def queried(influx, token, bucket):
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/vnd.flux"}
    return httpx.post(
        f"{influx.url}/api/v2/query", params={"org": influx.org}, headers=headers, trust_env=False,
        content=f'from(bucket:"{bucket}") |> range(start:-1h) |> yield()',
    ).status_code  # fmt: skip


def written(influx, token, bucket):
    return httpx.post(
        f"{influx.url}/api/v2/write", params={"org": influx.org, "bucket": bucket}, content=b"m f=1i",
        headers={"Authorization": f"Token {token}"}, trust_env=False,
    ).status_code  # fmt: skip


def test_it_reads_our_buckets_writes_nothing_and_is_made_once(influx, prefix, tmp_path):
    ours, foreign = prefix
    path = tmp_path / "grafana" / "influx_read_token"
    assert make_reader(influx.client, influx.org, ours, path) is True
    token = path.read_text().strip()
    assert token != influx.token
    assert queried(influx, token, ours) == queried(influx, token, f"{ours}_raw") == 200
    assert queried(influx, token, foreign) == 404
    assert written(influx, token, ours) == 403
    assert make_reader(influx.client, influx.org, ours, path) is False
    assert path.read_text().strip() == token


def test_among_more_buckets_than_a_page_it_reads_ours_and_is_made_once(influx, prefix, tmp_path):
    ours, _ = prefix
    for _ in range(110):
        influx.new_bucket()
    path = tmp_path / "influx_read_token"
    assert make_reader(influx.client, influx.org, ours, path) is True
    token = path.read_text().strip()
    assert queried(influx, token, ours) == queried(influx, token, f"{ours}_raw") == 200
    assert make_reader(influx.client, influx.org, ours, path) is False
    late = influx.new_bucket()
    assert make_reader(influx.client, influx.org, late, tmp_path / "other") is True


def test_one_that_works_no_more_is_replaced(influx, prefix, tmp_path):
    ours, _ = prefix
    path = tmp_path / "influx_read_token"
    path.write_text("revoked\n")
    assert make_reader(influx.client, influx.org, ours, path) is True
    assert queried(influx, path.read_text().strip(), ours) == 200


def test_without_buckets_it_says_what_makes_them(influx, tmp_path):
    with pytest.raises(StackError, match="btswatch influx apply"):
        make_reader(influx.client, influx.org, "no-such-prefix", tmp_path / "token")
