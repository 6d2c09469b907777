"""The catalogue's topics on the brokers: what differs, and making it so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, NoError, RetriableError, TopicAlreadyExistsError, for_code

from schemas.settings.kafka import KafkaSettings
from schemas.topics import Topic
from stores.kafka.connection import connection

# A busy broker says that topics are made long before it has made their directories and knows them.
_READY_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about a topic on the brokers that is not as the catalogue and the settings want it.

    Attributes:
        topic: its name on the brokers.
        what: `topic` (it is missing), `partitions`, `replication`, or the name of a topic setting of Kafka.
        wanted: as text.
        found: as text; empty where it is missing.
        refused: why `apply` may not change it; None where it does.
    """

    topic: str
    what: str
    wanted: str
    found: str
    refused: str | None = None

    def __str__(self) -> str:
        text = (
            f"{self.topic}: missing"
            if self.what == "topic"
            else f"{self.topic}: {self.what} is {self.found}, wanted is {self.wanted}"
        )
        return f"{text}; {self.refused}" if self.refused else text


class TopicsRefusedError(Exception):
    """Some of what differs may not be changed; all else was."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__("\n".join(map(str, differences)))
        self.differences = tuple(differences)


def wanted_configs(topic: Topic, settings: KafkaSettings) -> dict[str, str]:
    """The topic's settings as Kafka calls them."""
    found = {
        "cleanup.policy": topic.retention.cleanup,
        "max.message.bytes": str(topic.max_message_bytes),
        "min.insync.replicas": str(settings.min_insync),
    }
    if topic.retention.cleanup == "delete":
        found["retention.ms"] = str(topic.retention.hours * _HOUR_MS)
    return found


class Topics:
    """The topics on the brokers; a context manager.

    Args:
        settings: the way to Kafka, and copies of each topic.
        catalogue: by name.
    """

    def __init__(self, settings: KafkaSettings, catalogue: Mapping[str, Topic]) -> None:
        self._settings = settings
        self._catalogue = {settings.topic(name): topic for name, topic in catalogue.items()}
        self._admin: Any = None

    def __enter__(self) -> Self:
        self._admin = KafkaAdminClient(**connection(self._settings))
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.close()

    def differences(self) -> list[Difference]:
        """Everything that differs; topics that the catalogue does not name are not looked at.

        Raises:
            KafkaError: the brokers don't answer, or refuse.
        """
        present = set(self._admin.list_topics()) & self._catalogue.keys()
        described = (
            {one["name"]: one for one in self._admin.describe_topics(sorted(present))} if present else {}
        )
        configs = self._configs(present) if present else {}
        found: list[Difference] = []
        for name, topic in self._catalogue.items():
            if name not in present:
                found.append(Difference(name, "topic", "", ""))
            else:
                found += self._compare(name, topic, described[name]["partitions"], configs[name])
        return found

    def apply(self, told: Callable[[str], None] = lambda _: None) -> None:
        """Make missing topics and alter what differs; a line for each. Nothing is ever deleted.

        Raises:
            TopicsRefusedError: something differs that may not be changed here; all else was done.
            KafkaError: the brokers don't answer, or refuse.
        """
        differences = self.differences()
        refused = [one for one in differences if one.refused]
        missing = [one.topic for one in differences if one.what == "topic"]
        if missing:
            not_made = self._make(missing)
            for name in missing:
                if name not in not_made:
                    told(f"{name}: created with {self._catalogue[name].partitions} partitions")
            refused += not_made.values()
        for one in differences:
            if one.what != "topic" and one.refused is None:
                self._admin.alter_configs(
                    [ConfigResource(ConfigResourceType.TOPIC, one.topic, {one.what: one.wanted})]
                )
                told(f"{one.topic}: {one.what} set from {one.found} to {one.wanted}")
        if refused:
            raise TopicsRefusedError(refused)

    def _make(self, missing: Sequence[str]) -> dict[str, Difference]:
        """Make topics; those that the brokers refuse, by name."""
        # The library's own error quotes the whole request and leaves out why.
        answer = self._admin.create_topics({name: self._new(name) for name in missing}, raise_errors=False)
        refused: dict[str, Difference] = {}
        for one in answer["topics"]:
            error = for_code(one["error_code"])
            # Somebody else made it meanwhile.
            if error in (NoError, TopicAlreadyExistsError):
                continue
            why = error(one.get("error_message") or error.description)
            if issubclass(error, RetriableError):
                raise why
            name = one["name"]
            refused[name] = Difference(name, "topic", "", "", f"{error.__name__}: {KafkaError.__str__(why)}")
        made = [name for name in missing if name not in refused]
        if made:
            self._admin.wait_for_topics(made, timeout_ms=_READY_MS)
        return refused

    def _compare(
        self, name: str, topic: Topic, partitions: Sequence[Mapping[str, Any]], configs: Mapping[str, str]
    ) -> Iterator[Difference]:
        if len(partitions) != topic.partitions:
            yield Difference(
                name,
                "partitions",
                str(topic.partitions),
                str(len(partitions)),
                "the partitions are fixed at installation: stop everything, delete the topic, and apply again",
            )
        copies = {len(one["replica_nodes"]) for one in partitions}
        if copies != {self._settings.replication}:
            yield Difference(
                name,
                "replication",
                str(self._settings.replication),
                "/".join(map(str, sorted(copies))),
                "copies are moved with Kafka's own kafka-reassign-partitions",
            )
        for what, wanted in wanted_configs(topic, self._settings).items():
            if configs[what] != wanted:
                yield Difference(name, what, wanted, configs[what])

    def _configs(self, names: set[str]) -> dict[str, dict[str, str]]:
        asked = [
            ConfigResource(
                ConfigResourceType.TOPIC, name, list(wanted_configs(self._catalogue[name], self._settings))
            )
            for name in sorted(names)
        ]
        answer = self._admin.describe_configs(asked, config_filter="all")["topic"]
        return {
            name: {what: one["value"] for what, one in configs.items()} for name, configs in answer.items()
        }

    def _new(self, name: str) -> dict[str, Any]:
        topic = self._catalogue[name]
        return {
            "num_partitions": topic.partitions,
            "replication_factor": self._settings.replication,
            "configs": wanted_configs(topic, self._settings),
        }
