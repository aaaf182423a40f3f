"""However much is wrong with a batch, its answer stays within bounds, and each item is answered."""

from pathlib import Path
from typing import Any

import pytest

from services.gateway.results import MOST_FINDINGS, Results
from shared.foundation.problem import MOST_FAULTS, MOST_TOLD_CHARACTERS
from shared.http.door import MOST_BODY_BYTES
from tests.unit.gateway.gateway_on_memory import DATASET, Gateway

LONG = "é" * 2_000


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "tokens.json")


def wrong(fields: int) -> dict[str, Any]:
    return {f"{LONG}{number}": number for number in range(fields)}


async def test_a_dataset_with_very_many_faults_is_told_the_first_and_their_number(gateway: Gateway) -> None:
    async with gateway.caller() as caller:
        answer = (await caller.post("/datasets", json={**DATASET, **wrong(300)})).json()
    assert (len(answer["errors"]), answer["errors_count"]) == (MOST_FAULTS, 300)
    assert max(len(fault["field"]) for fault in answer["errors"]) <= MOST_TOLD_CHARACTERS
    assert len(answer["detail"]) < 6 * MOST_TOLD_CHARACTERS


async def test_a_batch_of_nothing_but_faults_is_answered_item_by_item_within_bounds(gateway: Gateway) -> None:
    item = {f"x{number:03}": 1 for number in range(150)}
    async with gateway.caller() as caller:
        answer = await caller.post("/datasets:batch", json={"datasets": [item] * 1_000})
    assert len(answer.content) < MOST_BODY_BYTES
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [422] * 1_000
    assert all(result["detail"] for result in results)


def test_what_is_told_of_all_items_together_has_a_bound() -> None:
    findings = [{"code": "x", "severity": "warning", "message": "m" * 900}] * (MOST_FINDINGS + 5)
    results = Results()
    for _ in range(100):
        results.add({"status": 200, "accepted": True, "dataset": {"path": "/data"}, "findings": findings})
    first, last = results.told[0], results.told[-1]
    assert (len(first["findings"]), first["findings_count"]) == (MOST_FINDINGS, MOST_FINDINGS + 5)  # type: ignore[arg-type]
    assert last.keys() == {"status", "accepted", "detail"}
    assert "this dataset alone" in str(last["detail"])
