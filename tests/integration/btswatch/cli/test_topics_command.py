"""`btswatch topics` against a real broker."""

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.topics import load_topics
from stores.kafka.connection import connection
from tests.kafka_topics import settings_of
from tests.product.process import btswatch, eventually

pytestmark = pytest.mark.service


@pytest.fixture
def settings(kafka, kafka_prefix, tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_text(f'[kafka]\nbootstrap = "{kafka.bootstrap}"\nprefix = "{kafka_prefix}"\n')
    return file


@pytest.fixture
def admin(kafka, kafka_prefix):
    client = KafkaAdminClient(**connection(settings_of(kafka, kafka_prefix)))
    yield client
    client.close()


def lines_of(done):
    return (done.returncode, done.stdout.splitlines(), done.stderr.splitlines())


def test_topics_are_made_once_and_then_nothing_differs(settings, kafka_prefix, admin):
    code, told, errors = lines_of(btswatch("topics", "diff", "--settings", settings))
    assert (code, errors) == (1, [])
    assert sorted(told) == sorted(f"{kafka_prefix}{name}: missing" for name in load_topics())
    code, told, errors = lines_of(btswatch("topics", "apply", "--settings", settings))
    assert (code, errors, len(told)) == (0, [], len(load_topics()))
    assert lines_of(btswatch("topics", "apply", "--settings", settings)) == (0, [], [])
    assert lines_of(btswatch("topics", "diff", "--settings", settings)) == (0, [], [])
    (evidence,) = admin.describe_topics([f"{kafka_prefix}evidence"])
    assert len(evidence["partitions"]) == 16


def test_what_may_change_is_set_right_and_partitions_are_refused(settings, kafka_prefix, admin):
    states, findings = f"{kafka_prefix}states", f"{kafka_prefix}findings"
    others = f"{kafka_prefix}unknown"
    admin.create_topics(
        {
            states: {"num_partitions": 16, "replication_factor": 1, "configs": {"cleanup.policy": "delete"}},
            findings: {"num_partitions": 2, "replication_factor": 1},
            others: {"num_partitions": 1, "replication_factor": 1},
        },
        wait_for_metadata=True,
    )
    code, told, _ = lines_of(btswatch("topics", "diff", "--settings", settings))
    assert code == 1
    assert f"{states}: cleanup.policy is delete, wanted is compact" in told
    assert any(
        line.startswith(f"{findings}: partitions is 2, wanted is 4; the partitions are fixed")
        for line in told
    )
    assert not [line for line in told if others in line]
    code, told, errors = lines_of(btswatch("topics", "apply", "--settings", settings))
    assert code == 1
    assert f"{states}: cleanup.policy set from delete to compact" in told
    assert f"{kafka_prefix}evidence: created with 16 partitions" in told
    assert len(errors) == 1
    assert errors[0].startswith(f"btswatch: {findings}: partitions is 2, wanted is 4")
    resource = ConfigResource(ConfigResourceType.TOPIC, states, ["cleanup.policy"])

    def policy():
        return admin.describe_configs([resource], config_filter="all")["topic"][states]["cleanup.policy"][
            "value"
        ]

    # The controller has it; a broker learns of it a moment later.
    eventually(lambda: policy() == "compact", 10)
    assert others in admin.list_topics()


def test_topics_that_the_brokers_refuse_are_told_with_their_reason(settings, kafka_prefix):
    settings.write_text(f"{settings.read_text()}replication = 3\n")
    code, told, errors = lines_of(btswatch("topics", "apply", "--settings", settings))
    assert (code, told, len(errors)) == (1, [], len(load_topics()))
    for name, line in zip(sorted(load_topics()), sorted(errors), strict=True):
        assert line.startswith(f"btswatch: {kafka_prefix}{name}: missing; InvalidReplicationFactorError: ")
        assert "only 1 broker" in line
        assert "CreateTopicsRequest" not in line


def test_a_broker_out_of_reach_is_one_line(tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_text('[kafka]\nbootstrap = "127.0.0.1:1"\ntimeout_s = 1\n')
    for command in ("diff", "apply"):
        code, told, errors = lines_of(btswatch("topics", command, "--settings", file))
        assert (code, told, len(errors)) == (3, [], 1)
        assert errors[0].startswith("btswatch: Kafka at 127.0.0.1:1: ")


def test_check_looks_at_the_topics_where_the_form_is_the_cluster(settings, kafka_prefix, tmp_path):
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "enterprises.csv").write_text("id,name\nvnx,VNX\n")
    (registry / "units.csv").write_text("code,name,kind\n20,Lạng Sơn,province\n")
    (registry / "stations.csv").write_text("id,enterprise\nBTS-1,vnx\n")
    text = f'form = "cluster"\n{settings.read_text()}'
    settings.write_text(text)
    code, _, errors = lines_of(btswatch("check", "--settings", settings))
    assert code == 1
    assert f"btswatch: topic {kafka_prefix}evidence: missing (btswatch topics apply)" in errors
    settings.write_text(text.replace("bootstrap = ", 'bootstrap = "127.0.0.1:1"\ntimeout_s = 1\n#'))
    _, _, errors = lines_of(btswatch("check", "--settings", settings))
    assert [line for line in errors if line.startswith("btswatch: setting kafka.bootstrap: 127.0.0.1:1")]
