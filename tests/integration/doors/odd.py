"""Values that programs stumble over, and every place of every request where one can stand."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ufffd",
    "\U0010ffff",
    "\u202e",
    "é" * 300,
    "x" * 20_000,
    "'",
    '"',
    "\\",
    "%",
    "_",
    "%00",
    "..",
    "../../etc/passwd",
    "/data",
    "/data/" + "x/" * 3_000,
    "(((((((",
    "[a-z",
    "*",
    "a~like~*",
    "a~in~;",
    "~~~",
    ",,,",
    "a~gt~1e400",
    "a~gt~nan",
    "MX_resolution~gt~" + "9" * 400,
    "MX_resolution~eq~-0",
    "\\,",
    "true",
    "start",
    "name",
    "{}",
    "eyJhIjoxfQ",
    "bnVsbA",
    "WzFd",
    "////",
    "é",
    "=1+1",
    "data:;base64,",
    "data:image/png;base64,x",
]
NUMBERS = [
    "0",
    "-0",
    "-1",
    "1e400",
    "-1e400",
    "nan",
    "inf",
    "1.5",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "999999999999999999",
    "1" + "0" * 400,
    "9" * 5000,
    "٣",
    "1_000",
    "0x10",
    "1,2,x",
    "1," * 3000,
]
TIMES = [
    "0001-01-01",
    "0001-01-01T00:00+14:00",
    "1899-12-31",
    "1899-12-31T12:00:00Z",
    "1900-01-01T00:00+14:00",
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "9998-12-31T23:59:59-14:00",
    "2200-12-31T23:59:59-23:59",
    "2024-02-30",
    "2024-11-30T24:00",
    "2024-11-30T12:00:60Z",
    "2024-W01-1",
    "20241130",
    "2024-11-30T12:00+99:99",
    "-2024-01-01",
    "12024-01-01",
    "T",
    "2024-10-27T02:30:00",
    "1900-01-01T00:00:00Z",
    "1911-03-11",
]
SAID = [*TEXTS, *NUMBERS, *TIMES]
"""In a path or a query, or as a text in JSON."""
VALUES: list[Any] = [
    None,
    True,
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    0,
    -1,
    1.5,
    -0.0,
    2**31,
    2**53,
    2**63,
    -(2**63) - 1,
    10**400,
    float("nan"),
    float("inf"),
    1e308,
    "\ud800",
    {"\ud800": 1},
    {"a": "\udfff"},
    ["\x00"],
    [1] * 2_000,
    {str(i): i for i in range(2_000)},
]
"""In JSON alone, as Python writes it."""
BODIES = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"x"',
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"a": 1, "a": 2}',
    b'{"a": NaN}',
    b'{"a": 1e400}',
    b'{"a": -1e400}',
    b'{"a": "\\ud800"}',
    b'{"\\udc00": 1}',
    b'{"a": "\\u0000"}',
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 150 + b"1" + b"}" * 150,
    b"9" * 10_000,
    b"x=1&y=2",
    b"--x\r\nContent-Disposition: form-data",
    b"\x00" * 100,
    b'{"datasets": [null, 1, "x", [], {}]}',
]
TYPES = [
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/x",
    "\xff",
    "",
]
METHODS = ["HEAD", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "X" * 200, "get"]
HEADERS = [
    {"Range": "bytes=0-0"},
    {"Range": "bytes=9-1,x"},
    {"Accept": "\xff"},
    {"Accept-Encoding": "x" * 5_000},
    {"Expect": "x"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer \xff"},
    {"Authorization": "Basic x"},
    {"Idempotency-Key": "\xff"},
    {"Idempotency-Key": "x" * 5_000},
    {"traceparent": "00-" + "g" * 32},
    {"If-Modified-Since": "x"},
    {"Host": "x" * 300},
    {"Content-Encoding": "gzip"},
    {"X-Forwarded-For": "x"},
    {"Cookie": "=;;="},
]


@dataclass(frozen=True)
class Asked:
    """One request, before it is written."""

    method: str
    path: str
    """With its parts in braces."""
    parts: Mapping[str, str]
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None

    def with_part(self, name: str, value: str) -> "Asked":
        return replace(self, parts={**self.parts, name: value})

    def with_field(self, name: str, *values: str) -> "Asked":
        kept = [(known, said) for known, said in self.query if known != name]
        return replace(self, query=[*kept, *((name, value) for value in values)])


LIKELY = {
    "investigationId": "42",
    "number": "42",
    "datasetIds": "1",
    "datasetId": "1",
    "instrumentName": "id30a-3",
    "beamline": "id30a-3",
}
"""Values with which a route comes to its work."""


def requests_of(document: Mapping[str, Any], opening: Mapping[str, str]) -> Iterator[tuple[Asked, Mapping[str, Any]]]:
    """A likely request for each operation of an OpenAPI document, with its description."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            places = operation.get("parameters", [])
            parts = {
                one["name"]: opening.get(one["name"]) or LIKELY.get(one["name"], "x")
                for one in places
                if one["in"] == "path"
            }
            query = [
                (one["name"], LIKELY[one["name"]]) for one in places if one["in"] == "query" and one["name"] in LIKELY
            ]
            whole = inlined(operation, document.get("components", {}).get("schemas", {}))
            yield Asked(method.upper(), path, parts, query, body_of(operation)), whole


def inlined(part: Any, models: Mapping[str, Any], within: Collection[str] = ()) -> Any:
    """A description without references; what lies in a thing of its own kind is only called an object."""
    if isinstance(part, list):
        return [inlined(one, models, within) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return {"type": "object"} if name in within else inlined(models[name], models, {*within, name})
    whole = {name: inlined(one, models, within) for name, one in part.items()}
    for one in whole.pop("allOf", ()):
        whole = one | whole | {"properties": one.get("properties", {}) | whole.get("properties", {})}
    return whole


def schema_of(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of its body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema: Mapping[str, Any] = content.get("schema", {})
    return schema


def odd_bodies(schema: Mapping[str, Any]) -> Iterator[bytes]:
    """A likely body with one odd value after the other in each of its fields, and in the first of their fields."""
    properties = schema.get("properties", {})
    least = {name: likely(properties[name]) for name in schema.get("required", ())}
    for name, described in properties.items():
        for value in [*VALUES, *SAID]:
            yield json.dumps(least | {name: value}).encode()
            yield json.dumps(least | {name: [value]}).encode()
        for inner in described.get("properties", described.get("items", {}).get("properties", {})):
            for value in VALUES:
                yield json.dumps(least | {name: {inner: value}}).encode()
                yield json.dumps(least | {name: [{inner: value}]}).encode()


def likely(described: Mapping[str, Any]) -> Any:
    """A value that a field may have."""
    match described.get("type"):
        case "object":
            return {name: likely(described["properties"][name]) for name in described.get("required", ())}
        case "array":
            return []
        case "integer" | "number":
            return 1
        case "boolean":
            return True
    return next(iter(described.get("enum", ["/data/x"])))


def body_of(operation: Mapping[str, Any]) -> Any:
    """The least that may be sent, if the operation takes a body."""
    return {} if "requestBody" in operation else None


def odd_requests(asked: Asked, operation: Mapping[str, Any]) -> Iterator[Asked]:
    """The request with one odd value after the other in each place of its path and query."""
    for one in operation.get("parameters", []):
        for value in SAID:
            if one["in"] == "query":
                yield asked.with_field(one["name"], value)
            elif one["in"] == "path":
                yield asked.with_part(one["name"], value)
        if one["in"] == "query":
            yield asked.with_field(one["name"], "1", "2")
    yield asked.with_field("nosuchfield", "1")
    yield asked.with_field("\ufffd\U0010ffff", "x")
