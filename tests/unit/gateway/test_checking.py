import json

import httpx
import pytest

from shared.events.sections import Finding
from tests.unit.gateway.gateway_on_memory import DATASET, Gateway

FACTS = {"path": DATASET["path"], "inputs": []}
WARNING = Finding.warning("parameter_unknown", "nobody knows it", "correct the name").model_dump(mode="json")
ERROR = Finding.error("input_not_permitted", "one raw dataset is wanted", "name it").model_dump(mode="json")


async def test_a_dry_run_joins_both_verdicts_and_publishes_nothing(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    gateway.services.answers = {
        "validator": httpx.Response(200, json={"accepted": True, "dataset": FACTS, "findings": [WARNING]}),
        "linker": httpx.Response(200, json={"accepted": False, "findings": [ERROR], "inputs": []}),
    }
    answer = await caller.post("/datasets:check", json=DATASET)
    assert answer.status_code == 200
    verdict = answer.json()
    assert verdict["accepted"] is False
    assert verdict["findings"] == [WARNING, ERROR]
    assert verdict["links"] == {"accepted": False, "findings": [ERROR], "inputs": []}
    validator, linker = gateway.services.asked
    assert (str(validator.url), json.loads(validator.content)) == ("http://validator/check", DATASET)
    assert (str(linker.url), json.loads(linker.content)) == ("http://linker/check", FACTS)
    assert gateway.publisher.messages == []


async def test_the_linker_is_not_asked_about_what_the_validator_cannot_place(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    answer = httpx.Response(200, json={"accepted": False, "dataset": None, "findings": [ERROR]})
    gateway.services.answers = {"validator": answer}
    verdict = (await caller.post("/datasets:check", json=DATASET)).json()
    assert (verdict["accepted"], verdict["findings"], verdict["links"]) == (False, [ERROR], None)


@pytest.mark.parametrize("who", ["validator", "linker"])
@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("refused"), httpx.Response(500), httpx.Response(200, text="not theirs")]
)
async def test_a_service_that_is_away_is_named(
    gateway: Gateway, caller: httpx.AsyncClient, who: str, trouble: httpx.Response | Exception
) -> None:
    gateway.services.answers = {
        "validator": httpx.Response(200, json={"accepted": True, "dataset": FACTS, "findings": []}),
        "linker": httpx.Response(200, json={"accepted": True, "findings": []}),
        who: trouble,
    }
    answer = await caller.post("/datasets:check", json=DATASET)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert f"the {who} does not answer" in answer.json()["detail"]


async def test_a_dry_run_refuses_what_a_submission_would(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    assert (await caller.post("/datasets:check", json={**DATASET, "name": 1})).status_code == 422
    assert (await caller.post("/datasets:check", json={**DATASET, "beamline": "id23-1"})).status_code == 403
    assert gateway.services.asked == []


async def test_a_misspelt_field_is_told_together_with_everything_else(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    gateway.services.answers = {
        "validator": httpx.Response(200, json={"accepted": True, "dataset": FACTS, "findings": [WARNING]}),
        "linker": httpx.Response(200, json={"accepted": False, "findings": [ERROR], "inputs": []}),
    }
    answer = await caller.post("/datasets:check", json={**DATASET, "sampel": "RAC1b"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    verdict = answer.json()
    assert [fault["field"] for fault in verdict["errors"]] == ["sampel"]
    assert (verdict["accepted"], verdict["findings"]) == (False, [WARNING, ERROR])


async def test_each_of_a_batch_is_judged_by_itself_and_nothing_is_published(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    gateway.services.answers = {
        "validator": httpx.Response(200, json={"accepted": True, "dataset": FACTS, "findings": [WARNING]}),
        "linker": httpx.Response(200, json={"accepted": True, "findings": []}),
    }
    items = [DATASET, {**DATASET, "beamline": "id23-1"}, {**DATASET, "name": 1}, "no dataset", DATASET]
    answer = await caller.post("/datasets:check-batch", json={"datasets": items})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [200, 403, 422, 422, 200]
    assert results[0] == results[4]
    assert (results[0]["accepted"], results[0]["findings"]) == (True, [WARNING])
    assert len(gateway.services.asked) == 4
    assert gateway.publisher.messages == []


async def test_a_batch_is_not_half_judged(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    gateway.services.answers = {"validator": httpx.ConnectError("refused")}
    answer = await caller.post("/datasets:check-batch", json={"datasets": [DATASET, DATASET]})
    assert answer.status_code == 503
    assert "the validator does not answer" in answer.json()["detail"]
    assert len(gateway.services.asked) == 1
