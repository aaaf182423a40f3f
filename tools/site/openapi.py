"""An OpenAPI document as Markdown: every route with its fields and answers, and every model that they name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def http_reference(service: str, document: Mapping[str, Any]) -> str:
    """The section of a service's page."""
    parts = ["\n\n## HTTP reference"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(service, f"{method.upper()} {path}", operation)
    schemas = document.get("components", {}).get("schemas", {})
    for name, schema in schemas.items():
        parts += [f"({_target(service, name)})=\n### {name}", schema.get("description", ""), _fields(service, schema)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _operation(service: str, title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{title}`"
    yield operation.get("description") or operation.get("summary", "")
    fields = [
        (f"`{each['name']}`", each["in"], _type(service, each["schema"]), _needed(each), each.get("description", ""))
        for each in operation.get("parameters", ())
    ]
    yield _table(("field", "in", "type", "needed", "meaning"), fields)
    if body := operation.get("requestBody"):
        yield f"Body: {_contents(service, body)}"
    answers = [
        (f"`{code}`", _contents(service, answer), answer["description"])
        for code, answer in operation["responses"].items()
    ]
    yield _table(("answer", "body", "meaning"), answers)


def _fields(service: str, schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    return (
        _table(
            ("field", "type", "needed", "meaning"),
            [
                (f"`{name}`", _type(service, field), "yes" if name in needed else "", field.get("description", ""))
                for name, field in schema.get("properties", {}).items()
            ],
        )
        or f"Values: {_type(service, schema)}"
    )


def _contents(service: str, said: Mapping[str, Any]) -> str:
    contents = said.get("content", {}).items()
    return ", ".join(f"`{media}` {_type(service, content.get('schema', {}))}".strip() for media, content in contents)


def _type(service: str, schema: Mapping[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{_target(service, name)})"
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(_type(service, choice) for choice in choices))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(service, schema.get('items', {})) or 'anything'}"
    name = str(schema.get("type", ""))
    return str(schema.get("format", "nothing" if name == "null" else name))


def _needed(parameter: Mapping[str, Any]) -> str:
    return "yes" if parameter.get("required") else ""


def _target(service: str, name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{service}-{name}".lower())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    lines = [heads, ["---"] * len(heads), *cells] if cells else []
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
