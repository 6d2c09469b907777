import pytest
from structlog.testing import capture_logs

from processors.engine.worker.in_force import InForceWatch
from schemas.cluster_metrics import WORKER_REGISTRY_DIFFERS, WORKER_RULES_DIFFER
from schemas.control import InForce

OURS, OTHER = (f"sha256:{letter * 64}" for letter in "ab")


def said(watch, registry, rules, forwarder="one"):
    with capture_logs() as logs:
        watch.heard(InForce(registry=registry, rules=rules, forwarder=forwarder))
    differ = (WORKER_REGISTRY_DIFFERS, WORKER_RULES_DIFFER)
    return [line["event"].split()[0] for line in logs], [one.gauge()._value.get() for one in differ]


@pytest.mark.parametrize("rules", [OURS, None])
def test_a_forwarder_with_the_same_or_without_rules_differs_in_nothing(rules):
    assert said(InForceWatch(OURS, OURS), OURS, rules) == ([], [0, 0])


def test_each_forwarder_that_differs_is_told_once_and_counted_until_it_has_the_same():
    watch = InForceWatch(OURS, OURS)
    assert said(watch, OTHER, OTHER) == (["registry", "rules"], [1, 1])
    assert said(watch, OTHER, OTHER) == ([], [1, 1])
    assert said(watch, OURS, OTHER, "two") == (["rules"], [1, 2])
    assert said(watch, OURS, OURS) == ([], [0, 1])
    assert said(watch, OURS, OTHER) == (["rules"], [0, 2])
