"""The JSON Schema of each topic's event, for those who read or write it without Python."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.topics import Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WithoutTitles(GenerateJsonSchema):
    """A field's title would repeat its name."""

    def field_title_should_be_set(self, *_schema: object) -> bool:
        return False


def event_schema(topic: Topic) -> dict[str, Any]:
    """What a value of the topic looks like. Unknown fields are allowed: a newer minor version may add some."""
    schema = topic.event.model_json_schema(schema_generator=_WithoutTitles)
    return {"$schema": DIALECT, "$id": f"urn:beamcat:{topic.name}:v{topic.version}", **schema}
