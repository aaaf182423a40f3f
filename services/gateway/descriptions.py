"""Descriptions of what the facility accepts: the techniques and the JSON Schema of each kind, read at the start."""

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from fastapi import Request, Response

from shared.foundation.problem import Problem
from shared.vocabulary.kind_schema import kind_schema, technique_schema
from shared.vocabulary.kinds import Kind
from shared.vocabulary.parameter_schema import Schema
from shared.vocabulary.techniques import Technique, TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

SCHEMA_TYPE = "application/schema+json"
FRESH_SECONDS = 300
"""How long a client may use an answer from its cache. The files change only with a restart."""


class Descriptions:
    """The answers on techniques and schemas, each written once. They are public: they need no token."""

    def __init__(self, techniques: TechniqueBook, vocabulary: Vocabulary) -> None:
        self._techniques = {technique.name: technique for technique in techniques.techniques}
        self._kinds = {kind.name: (kind, each) for each in techniques.techniques for kind in each.kind}
        self.words = [technique.word for technique in techniques.techniques]
        """The values that the field `technique` of a submission may have."""
        self.ids = [*self._techniques, *self._kinds]
        """The names of which there is a schema."""
        self._vocabulary = vocabulary
        self._schema_text = lru_cache(maxsize=None)(self._write_schema)
        self._overview = _json({"techniques": [_technique(each) for each in techniques.techniques]})

    async def list_techniques(self, request: Request) -> Response:
        """All described techniques, with their names, PIDs and kinds."""
        return _answer(request, self._overview, "application/json")

    async def schema(self, request: Request) -> Response:
        """The JSON Schema (2020-12) of a submission of a kind (`mx.raw.mesh`) or of any kind of a technique (`MX`)."""
        name: str = request.path_params["id"]
        if name not in self.ids:
            raise Problem(404, f"there is no technique or kind {name[:100]!r}; GET /techniques lists them")
        return _answer(request, self._schema_text(name), SCHEMA_TYPE)

    def _write_schema(self, name: str) -> str:
        found: Schema
        if name in self._kinds:
            found = kind_schema(*self._kinds[name], self._vocabulary)
        else:
            found = technique_schema(self._techniques[name], self._vocabulary)
        return _json(found)


def _technique(technique: Technique) -> Mapping[str, object]:
    return {
        "name": technique.name,
        "title": technique.title,
        "pid": technique.pid,
        "other_pids": technique.other_pids,
        "definitions": technique.definitions,
        "schema": f"/techniques/{technique.name}/schema",
        "kinds": [_kind(kind) for kind in technique.kind],
    }


def _kind(kind: Kind) -> Mapping[str, object]:
    return {
        "name": kind.name,
        "title": kind.title,
        "type": kind.type,
        "required": list(kind.required),
        "expected": kind.expected,
        "strict": kind.strict,
        "inputs": None if kind.input is None else [str(relation) for relation in kind.input],
        "schema": f"/techniques/{kind.name}/schema",
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _answer(request: Request, text: str, media_type: str) -> Response:
    """The text, or 304 if the caller already has it."""
    tag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={FRESH_SECONDS}"}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type=media_type)
