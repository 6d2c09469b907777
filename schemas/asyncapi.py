"""The AsyncAPI 3.0 document of the cluster's topics, made from their YAML files and the contracts."""

from typing import Any, Final

from schemas.catalogue import BY_ID
from schemas.topics import Topic, load_topics

_VERSION: Final = "1.0.0"


def asyncapi_document() -> dict[str, Any]:
    """Channels are topics, operations are what each component does with them; payloads refer to jsonschema/."""
    topics = load_topics()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "btswatch",
            "version": _VERSION,
            "description": "Evidence, transitions, figures and findings as they travel through Kafka.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic) for name, topic in topics.items()},
        "operations": {
            name: operation for topic in topics.values() for name, operation in _operations(topic).items()
        },
        "components": {
            "messages": {
                version.contract: _message(version.contract)
                for topic in topics.values()
                for version in topic.schemas
            }
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.topic,
        "description": topic.description.strip(),
        "messages": {
            version.contract: {"$ref": f"#/components/messages/{version.contract}"}
            for version in topic.schemas
        },
        "bindings": {
            "kafka": {
                "topic": topic.topic,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.retention.cleanup],
                    "retention.ms": topic.retention.hours * 3_600_000,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
        "x-owner": topic.owner,
        "x-key": topic.key.model_dump(mode="json"),
    }


def _operations(topic: Topic) -> dict[str, Any]:
    sides = {"send": topic.producers, "receive": topic.consumers}
    return {
        f"{component}.{action}.{topic.topic}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.topic}"},
            "x-component": component,
        }
        for action, components in sides.items()
        for component in components
    }


def _message(contract_id: str) -> dict[str, Any]:
    return {
        "name": contract_id,
        "title": BY_ID[contract_id].title,
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"jsonschema/{contract_id}.json"},
        },
    }
