"""The OpenAPI documents: valid, complete, and of use to whoever writes a client."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, create_model
from schemathesis import openapi
from schemathesis.core.result import Ok

from shared.http.description import DescribedApp, takes
from tools.contracts.generated import APIS, ROOT
from tools.contracts.system import declared_services

Json: TypeAlias = Any
"""Whatever stands in a JSON document."""

DOCUMENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / APIS).glob("*.json")}
documents = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_service_has_a_document() -> None:
    assert set(DOCUMENTS) == {service.name for service in declared_services()}


@documents
def test_a_document_is_openapi_3_1(document: Json) -> None:
    OpenAPIV31SpecValidator(document).validate()


@documents
def test_a_document_gives_requests_to_a_program_that_tests_with_it(document: Json) -> None:
    found = list(openapi.from_dict(document).get_all_operations())
    assert len(found) == len(list(operations(document)))
    assert [each for each in found if not isinstance(each, Ok)] == []


def test_the_page_of_services_lists_every_request() -> None:
    text = (ROOT / "docs/services.md").read_text(encoding="utf-8")
    listed = [
        (name, request)
        for name, document in DOCUMENTS.items()
        for request, operation in operations(document)
        if "operations" not in operation["tags"] or (name == "icat_gateway" and "jolokia" in request)
    ]
    assert len(listed) > 50
    assert [(name, request) for name, request in listed if f"| {name} | `{request}` |" not in text] == []


@documents
def test_every_body_is_described_by_a_model_with_fields(document: Json) -> None:
    models = document["components"]["schemas"]
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            [reference] = [part["$ref"] for part in (schema, *schema.get("allOf", ())) if "$ref" in part]
            model = models[reference.rpartition("/")[2]]
            assert model.get("properties") or model.get("additionalProperties") is not None, name


@documents
def test_every_operation_says_what_it_does(document: Json) -> None:
    assert [name for name, operation in operations(document) if not operation["description"].strip()] == []


@documents
def test_every_field_of_a_query_has_a_type(document: Json) -> None:
    for name, operation in operations(document):
        for field in operation.get("parameters", ()):
            assert field["schema"].keys() & {"type", "anyOf", "enum", "$ref"}, (name, field["name"])


def test_what_a_route_refuses_for_itself_is_no_text_in_its_description() -> None:
    [limit] = [
        field for field in DOCUMENTS["search"]["paths"]["/datasets"]["get"]["parameters"] if field["name"] == "limit"
    ]
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 500}


def test_two_models_of_one_name_are_not_confused() -> None:
    app = DescribedApp()
    for kind in (str, int):
        model: type[BaseModel] = create_model("Same", field=(kind, ...))
        app.post(f"/{kind.__name__}", openapi_extra=takes(model))(lambda: None)
    with pytest.raises(ValueError, match="two models of one service are named Same"):
        app.openapi()
