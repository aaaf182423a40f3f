"""The OpenAPI document of a service, including bodies and queries that its routes read themselves.

The documents are generated into `schemas/openapi/`; a service answers its own at `/openapi.json`.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

COMPONENTS = "#/components/schemas/{model}"

Schema = dict[str, Any]


class DescribedApp(FastAPI):
    """An application whose OpenAPI document has each model once, under `components`."""

    def openapi(self) -> Schema:
        """The OpenAPI document. FastAPI caches it."""
        if self.openapi_schema is None:
            document = super().openapi()
            _lift(document, document.setdefault("components", {}).setdefault("schemas", {}))
            self.openapi_schema = document
        return self.openapi_schema


def takes(model: type[BaseModel], **properties: Schema) -> Schema:
    """The `openapi_extra` of a body that a route reads as `model`. `properties` narrow its fields."""
    schema = model.model_json_schema(ref_template=COMPONENTS)
    definitions = schema.pop("$defs", {})
    if "$ref" not in schema:
        definitions[model.__name__] = schema
    body: Schema = {"$defs": definitions, "$ref": COMPONENTS.format(model=model.__name__)}
    if properties:
        body = {"$defs": body["$defs"], "allOf": [{"$ref": body["$ref"]}], "properties": properties}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


def asks(fields: Mapping[str, str], **schemas: Schema) -> Schema:
    """The `openapi_extra` of a query that a route reads itself: each field's meaning, and its type if it is not text.

    `ProblemRoute` refuses every other field.
    """
    return {
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": schemas.get(name, {"type": "string"})}
            for name, text in fields.items()
        ]
    }


def _lift(part: object, components: Schema) -> None:
    """Move the definitions of every body to the components, to which their references point."""
    if isinstance(part, list):
        for each in part:
            _lift(each, components)
    elif isinstance(part, dict):
        for name, schema in part.pop("$defs", {}).items():
            if components.setdefault(name, schema) != schema:
                raise ValueError(f"two models of one service are named {name}: rename one")
        for each in part.values():
            _lift(each, components)
