import json
from pathlib import Path

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from services.gateway.app import SERVICE
from services.gateway.settings import GatewaySettings
from shared.events.identity import Identities
from shared.host.service import Resources
from shared.kafka.publisher import KafkaPublisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from shared.runtime.facility import FacilitySettings
from tests.unit.gateway.gateway_on_memory import Gateway, described

CALORIC = """\
name = "CALORIC"
title = "Caloric by melting"
pid = "https://facility.example/techniques#CALORIC"
definitions = ["CALORIC"]

[[kind]]
name = "caloric.raw.frames"
title = "Frames of one flame"
type = "raw"
required = ["InstrumentMonochromator_energy"]
"""


def a_stranger(app: FastAPI) -> httpx.AsyncClient:
    """A caller without a token."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")


async def test_anyone_may_ask_which_techniques_there_are(gateway: Gateway) -> None:
    async with a_stranger(gateway.app) as stranger:
        techniques = (await stranger.get("/techniques")).json()["techniques"]
    [mx] = [technique for technique in techniques if technique["name"] == "MX"]
    assert (mx["title"], mx["pid"]) == ("Macromolecular crystallography", "https://w3id.org/PaN/ESRFET#MX")
    [collection] = [kind for kind in mx["kinds"] if kind["name"] == "mx.raw.datacollection"]
    assert (collection["type"], collection["required"]) == ("raw", [])
    assert collection["expected"] == ["MX_numberOfImages"]


async def test_every_technique_has_the_schema_that_the_list_names(gateway: Gateway) -> None:
    async with a_stranger(gateway.app) as stranger:
        for technique in (await stranger.get("/techniques")).json()["techniques"]:
            answer = await stranger.get(technique["schema"])
            assert answer.headers["Content-Type"] == "application/schema+json"
            schema = answer.json()
            assert schema["$defs"].keys() == {kind["name"] for kind in technique["kinds"]}
            Draft202012Validator.check_schema({**schema, "$defs": {}})


async def test_the_schema_of_a_kind_is_the_one_that_is_committed(gateway: Gateway) -> None:
    async with a_stranger(gateway.app) as stranger:
        for technique in (await stranger.get("/techniques")).json()["techniques"]:
            for kind in technique["kinds"]:
                committed = Path(f"schemas/kinds/{kind['name']}.json").read_text(encoding="utf-8")
                assert (await stranger.get(kind["schema"])).json() == json.loads(committed), kind["name"]


async def test_what_has_not_changed_is_not_sent_again(caller: httpx.AsyncClient) -> None:
    first = await caller.get("/techniques")
    again = await caller.get("/techniques", headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert (await caller.get("/techniques", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_technique_that_is_not_described_is_not_found(caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/techniques/mx.raw.nothing/schema")
    assert answer.status_code == 404
    assert "GET /techniques lists them" in answer.json()["detail"]


async def test_a_facilitys_own_technique_is_described_too(tmp_path: Path) -> None:
    (tmp_path / "techniques").mkdir()
    (tmp_path / "techniques/caloric.toml").write_text(CALORIC)
    settings = GatewaySettings(facility=FacilitySettings(schema_directories=[tmp_path]))
    resources = Resources(
        settings,
        Identities(settings.facility.name),
        Database(settings.database, "gateway"),
        KafkaPublisher(settings.kafka, client_id="gateway"),
        Backoff(),
    )
    app = FastAPI()
    app.include_router(SERVICE.assemble(resources).router)
    async with a_stranger(app) as stranger:
        assert "CALORIC" in {each["name"] for each in (await stranger.get("/techniques")).json()["techniques"]}
        schema = (await stranger.get("/techniques/caloric.raw.frames/schema")).json()
    assert "InstrumentMonochromator_energy" in schema["properties"]["parameters"]["properties"]


def test_openapi_says_what_a_finding_of_a_dry_run_has(gateway: Gateway) -> None:
    schemas = gateway.app.openapi()["components"]["schemas"]
    assert schemas["Verdict"]["properties"]["findings"]["items"] == {"$ref": "#/components/schemas/Finding"}
    assert set(schemas["Finding"]["properties"]) == {
        *("code", "severity", "message", "cure"),
        *("parameter", "value", "expected"),
    }


def test_openapi_lists_what_can_be_asked_for(gateway: Gateway) -> None:
    paths = gateway.app.openapi()["paths"]
    [which] = paths["/techniques/{id}/schema"]["get"]["parameters"]
    assert which["schema"]["enum"] == described().ids
    body = paths["/datasets"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"enum": described().words} in body["properties"]["technique"]["anyOf"]
