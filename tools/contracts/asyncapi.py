"""The AsyncAPI 3.0 document of the whole system. Every topic is a channel, and every stage is an operation."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.events.topics import DEFAULT_PARTITIONS, TOPICS, Topic
from shared.kafka.settings import KafkaSettings
from shared.stages.stage import Stage
from tools.contracts.system import DeclaredService

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"
KAFKA_BINDING = "0.5.0"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"

HEADERS = {
    "ce_specversion": "The version of CloudEvents (Kafka binding, binary mode): always 1.0.",
    "ce_id": "The id of the event. All events that follow from a submission have its receipt, except a rejection, "
    "which has an id of its own.",
    "ce_type": "The event and its major version.",
    "ce_source": "The sender: `/beamcat/<stage>`, or a producer.",
    "ce_time": "The time at which it was sent (RFC 3339).",
    "content-type": "Always application/json.",
    "ce_producer": "The source of the original submission.",
    "ce_origin": "The record of the original submission: `topic/partition/offset/milliseconds`.",
    "ce_content": "The fingerprint of the original submission.",
    "traceparent": "The W3C trace context, if the submission had one.",
    "members": "The places of the payload's members, as `name start end` in bytes: a hint that saves time.",
}
REQUIRED_HEADERS = ["ce_id", "ce_type", "ce_source"]


def asyncapi(services: Sequence[DeclaredService]) -> dict[str, Any]:
    """The document. Its payloads refer to the JSON Schemas beside it."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": project["name"],
            "version": project["version"],
            "description": project["description"],
            "license": {"name": project["license"]},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {name: operation for service in services for name, operation in _operations(service)},
        "components": {"messages": {topic.event.__name__: _message(topic) for topic in TOPICS}},
    }


def _server() -> dict[str, Any]:
    bootstrap = KafkaSettings.model_fields["bootstrap_servers"]
    return {
        "host": "{bootstrapServers}",
        "protocol": "kafka",
        "variables": {"bootstrapServers": {"default": bootstrap.default, "description": bootstrap.description}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    event = topic.event.__name__
    config = topic.config()
    return {
        "address": topic.name,
        "description": topic.event.__doc__,
        "messages": {event: {"$ref": f"#/components/messages/{event}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": DEFAULT_PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": config["cleanup.policy"].split(","),
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _message(topic: Topic) -> dict[str, Any]:
    return {
        "name": topic.type,
        "title": topic.event.__name__,
        "summary": topic.event.__doc__,
        "contentType": "application/json",
        "headers": {"type": "object", "properties": _headers(topic), "required": REQUIRED_HEADERS},
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./events/{topic.schema_file}"}},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA_BINDING},
        },
    }


def _headers(topic: Topic) -> dict[str, Any]:
    constants = {"ce_specversion": "1.0", "ce_type": topic.type, "content-type": "application/json"}
    return {
        name: {"type": "string", "description": meaning} | ({"const": constants[name]} if name in constants else {})
        for name, meaning in HEADERS.items()
    }


def _operations(service: DeclaredService) -> list[tuple[str, dict[str, Any]]]:
    received = [(f"{stage.name}.receive", _receive(service, stage)) for stage in service.stages]
    sent = [(f"{service.name}.send.{topic.name}", _operation("send", service, topic)) for topic in service.sends]
    return received + sent


def _receive(service: DeclaredService, stage: Stage[Any, Any]) -> dict[str, Any]:
    group = {"groupId": {"type": "string", "const": stage.group}, "bindingVersion": KAFKA_BINDING}
    return {**_operation("receive", service, stage.consumes), "bindings": {"kafka": group}}


def _operation(action: str, service: DeclaredService, topic: Topic) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": service.sentence,
        "tags": [{"name": service.name}],
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{topic.event.__name__}"}],
    }
