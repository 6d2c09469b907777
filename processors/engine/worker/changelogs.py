"""The tables' changelog topics, made before the app joins its group.

Faust makes them too, but while it joins: a partition that is assigned meanwhile finds its table without a changelog.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from processors.engine.worker.table import DeliveredTable
from schemas.settings.kafka import KafkaSettings
from stores.kafka.connection import connection


def make_changelogs(tables: Iterable[DeliveredTable], kafka: KafkaSettings) -> None:
    """Make those that are missing; what exists is left as it is.

    Raises:
        KafkaError: the brokers don't answer, or refuse.
    """
    admin: Any = KafkaAdminClient(**connection(kafka))
    try:
        present = set(admin.list_topics())
        for table in tables:
            name = table.changelog_topic.get_topic_name()
            if name in present:
                continue
            wanted = {
                "num_partitions": table.partitions,
                "replication_factor": kafka.replication,
                "configs": {"cleanup.policy": "compact", **(table.extra_topic_configs or {})},
            }
            # Workers that start together make them together.
            with suppress(TopicAlreadyExistsError):
                admin.create_topics({name: wanted}, wait_for_metadata=True)
    finally:
        admin.close()
