"""Whether this worker goes by the registry and the rules that the forwarders say are in force."""

from collections.abc import Mapping
from typing import Final

import structlog

from schemas.cluster_metrics import WORKER_REGISTRY_DIFFERS, WORKER_RULES_DIFFER
from schemas.control import InForce

_SAME: Final = "from the forwarder's: start this worker again with the same"
_TOLD: Final = {"registry": f"registry differs {_SAME}", "rules": f"rules differ {_SAME}"}


class InForceWatch:
    """Tells once of each forwarder that it works with others, and counts them.

    Args:
        registry: the digest of ours.
        rules: as well.
    """

    def __init__(self, registry: str, rules: str) -> None:
        self._ours: Mapping[str, str] = {"registry": registry, "rules": rules}
        self._differ: dict[str, set[str]] = {what: set() for what in self._ours}

    def heard(self, force: InForce) -> None:
        """What a forwarder said. One that names no rules has none to compare."""
        for what, there in (("registry", force.registry), ("rules", force.rules)):
            here, differ = self._ours[what], self._differ[what]
            if there is None or there == here:
                differ.discard(force.forwarder)
            elif force.forwarder not in differ:
                differ.add(force.forwarder)
                structlog.get_logger().error(_TOLD[what], forwarder=force.forwarder, there=there, here=here)
        WORKER_REGISTRY_DIFFERS.gauge().set(len(self._differ["registry"]))
        WORKER_RULES_DIFFER.gauge().set(len(self._differ["rules"]))
