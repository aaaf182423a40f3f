"""The JSON Schema of each topic's event, for those who read or write it without Python."""

from typing import Any

from shared.events.topics import Topic
from shared.vocabulary.kind_schema import DIALECT, WithoutTitles


def event_schema(topic: Topic) -> dict[str, Any]:
    """The schema of a value in the topic. It allows unknown fields, because a newer minor version may add some."""
    schema = topic.event.model_json_schema(schema_generator=WithoutTitles)
    return {"$schema": DIALECT, "$id": f"urn:beamcat:{topic.name}:v{topic.version}", **schema}
