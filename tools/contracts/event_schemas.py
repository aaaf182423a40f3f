"""The JSON Schema of each topic's event, for those who read or write it without Python."""

from typing import Any

from shared.events.topics import Topic
from shared.vocabulary.kind_schema import DIALECT, WithoutTitles


def event_schema(topic: Topic) -> dict[str, Any]:
    """What a value of the topic looks like. Unknown fields are allowed: a newer minor version may add some."""
    schema = topic.event.model_json_schema(schema_generator=WithoutTitles)
    return {"$schema": DIALECT, "$id": f"urn:beamcat:{topic.name}:v{topic.version}", **schema}
