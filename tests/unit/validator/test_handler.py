"""A dataset passes with its facts, or is refused with everything that is wrong."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from services.validator.handler import validating
from services.validator.routes import routes
from services.validator.unknown_parameters import UnknownParameterCount
from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetFacts, DatasetSubmitted, DatasetValidated
from shared.events.headers import headers_of
from shared.events.record import Record
from shared.events.topics import SUBMITTED
from shared.events.wire import Received, read, splice
from shared.stages.outcomes import Outcome, Passed
from tests.builders.validator import SUBMITTED_AT, a_checker, a_submission

VALIDATE = validating(a_checker())
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _received(time: str = "2024-12-01T00:00:00+00:00", **changes: Any) -> Received[DatasetSubmitted]:
    body = json.dumps({"submission": a_submission(**changes).model_dump(mode="json")}).encode()
    headers = headers_of(SUBMITTED, receipt_id="a-receipt", source="/producers/test", time=time)
    return read(Record(SUBMITTED.name, 0, 0, 1_700_000_000_000, None, body, headers), SUBMITTED, DatasetSubmitted)


def _passed(outcome: Outcome) -> DatasetFacts:
    assert isinstance(outcome, Passed)
    dataset = outcome.sections["dataset"]
    assert isinstance(dataset, DatasetFacts)
    return dataset


def test_a_dataset_passes_keyed_by_its_id() -> None:
    [outcome] = VALIDATE([_received(parameters={"MX_resolution": "1.5"})], None, NOW)
    assert isinstance(outcome, Passed)
    assert outcome.key == str(_passed(outcome).dataset_id).encode()
    assert outcome.sections["parameters"] == {"MX_resolution": {"value": 1.5, "original": "1.5", "unit": "Å"}}


def test_a_record_with_another_key_is_refused_and_told_its_own() -> None:
    good = _received()
    [passed] = VALIDATE([good], None, NOW)
    own = str(_passed(passed).dataset_id)
    keyed = [replace(good, record=replace(good.record, key=key)) for key in (own.encode(), b"", b"mx1111", b"\xff")]
    outcomes = VALIDATE(keyed, None, NOW)
    assert [isinstance(outcome, Passed) for outcome in outcomes] == [True, True, False, False]
    assert isinstance(outcomes[2], Refusal)
    assert outcomes[2].code is Code.KEY_WRONG
    assert ("'mx1111'" in outcomes[2].message, own in outcomes[2].message) == (True, True)


def test_what_passes_is_a_validated_dataset_for_the_next_stage() -> None:
    event = _received(parameters={"MX_motors_value": "0 1", "nonsense": [1, 2], "complete": "true"})
    [outcome] = VALIDATE([event], None, NOW)
    assert isinstance(outcome, Passed)
    validated = DatasetValidated.model_validate_json(splice(event.record, outcome.sections).value)
    assert validated.dataset.receipt_id == "a-receipt"
    assert validated.parameters["MX_motors_value"]["value"] == [0.0, 1.0]
    assert validated.submission.parameters["MX_motors_value"] == "0 1"


def test_a_refusal_sums_up_the_first_errors_and_holds_all() -> None:
    [outcome] = VALIDATE([_received(path="x", name=" ", proposal="?", start="soon")], None, NOW)
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.DATASET_INVALID
    codes = {finding.code for finding in outcome.findings}
    assert codes == {"path_invalid", "name_invalid", "proposal_invalid", "start_invalid"}
    assert outcome.message.startswith(outcome.findings[0].sentence + "; " + outcome.findings[1].message)
    assert outcome.message.endswith("(and 1 more)")


def test_a_warning_refuses_nothing() -> None:
    [outcome] = VALIDATE([_received(parameters={"nonsense": "1"})], None, NOW)
    assert [finding.code for finding in _passed(outcome).findings] == ["parameter_unknown"]


def test_each_event_of_a_batch_has_its_own_outcome() -> None:
    outcomes = VALIDATE([_received(), _received(path="x"), _received()], None, NOW)
    assert [type(outcome) for outcome in outcomes] == [Passed, Refusal, Passed]


def test_a_replay_years_later_ends_the_same() -> None:
    events = [_received(start="2024-11-30T09:00:00"), _received(path="x")]
    assert VALIDATE(events, None, NOW) == VALIDATE(events, None, SUBMITTED_AT)


@pytest.mark.parametrize("time", ["", "yesterday", "2024-12-01T00:00:00"])
def test_without_a_readable_time_it_was_submitted_when_kafka_took_it(time: str) -> None:
    [outcome] = VALIDATE([_received(time=time)], None, NOW)
    assert _passed(outcome).submitted_at == datetime.fromtimestamp(1_700_000_000, UTC)


def _counted(software: str) -> float:
    return REGISTRY.get_sample_value("beamcat_unknown_parameters_total", {"software": software}) or 0.0


async def _count(store: UnknownParameterCount, events: Sequence[Received[DatasetSubmitted]]) -> None:
    async with store.transaction() as transaction:
        await transaction.load(events)
        await transaction.save(events, VALIDATE(events, None, NOW))


async def test_unknown_parameters_are_counted_for_the_software_that_sent_them() -> None:
    before = _counted("counted-software")
    passed = _received(parameters={"nonsense": "1", "rubbish": "2", "software": "counted-software"})
    refused = _received(path="x", parameters={"nonsense": "1"}, producer={"software": "counted-software"})
    await _count(UnknownParameterCount(), [passed, refused, _received()])
    assert _counted("counted-software") - before == 3


async def test_software_without_end_does_not_fill_the_memory() -> None:
    before = _counted("other")
    events = [_received(parameters={"nonsense": "1", "software": f"flood-{number}"}) for number in range(150)]
    await _count(UnknownParameterCount(), events)
    assert _counted("other") - before == 50


async def _checked(submission: dict[str, Any]) -> dict[str, Any]:
    app = FastAPI()
    app.include_router(routes(a_checker(), lambda: SUBMITTED_AT))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://validator") as client:
        answer = await client.post("/check", json=submission)
    assert answer.status_code == 200
    verdict: dict[str, Any] = answer.json()
    return verdict


async def test_a_dry_run_tells_what_would_pass() -> None:
    verdict = await _checked(a_submission(parameters={"nonsense": "1"}).model_dump(mode="json"))
    assert verdict["accepted"] is True
    assert verdict["dataset"]["kind"] == "mx.raw.generic"
    assert [finding["code"] for finding in verdict["findings"]] == ["parameter_unknown"]


async def test_a_dry_run_tells_everything_that_would_not() -> None:
    submission = a_submission(path="x", parameters={"MX_resolution": "fine"})
    verdict = await _checked(submission.model_dump(mode="json"))
    assert verdict["accepted"] is False
    assert verdict["dataset"] is None
    assert {finding["code"] for finding in verdict["findings"]} == {"path_invalid", "value_not_a_number"}


async def test_a_dry_run_of_a_dataset_with_a_wrong_value_says_that_it_would_pass() -> None:
    submission = a_submission(parameters={"MX_resolution": "fine"})
    verdict = await _checked(submission.model_dump(mode="json"))
    assert verdict["accepted"] is True
    assert verdict["dataset"]["path"] == submission.path
    assert [finding["code"] for finding in verdict["findings"]] == ["value_not_a_number"]
