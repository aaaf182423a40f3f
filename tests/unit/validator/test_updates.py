"""An update is judged by its parameters alone: what the dataset is, is catalogued already."""

from typing import Any

import pytest

from services.validator.checker import CheckResult
from shared.events.dataset import Submission
from tests.builders.validator import SUBMITTED_AT, a_checker

PATH = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/run_01"


def verdict(*, sample: str | None = None, **parameters: Any) -> CheckResult:
    said: dict[str, Any] = {"parameters": parameters} | ({"sample": sample} if sample else {})
    return a_checker().check(an_update(**said), "a-receipt", SUBMITTED_AT)


def an_update(**said: Any) -> Submission:
    fields = {"name": "run_01", "path": PATH, "proposal": "mx1111", "beamline": "id30a-3", "mode": "update"}
    return Submission(**fields | said)


def codes(found: CheckResult) -> list[str]:
    return [finding.code for finding in found.findings]


def test_an_update_needs_no_start_no_sample_and_no_technique() -> None:
    found = verdict(MX_resolution="1.50")
    assert codes(found) == []
    assert found.dataset is not None
    assert (found.dataset.mode, found.dataset.sample_name) == ("update", None)
    assert found.parameters == {"MX_resolution": {"value": 1.5, "original": "1.50", "unit": "Å"}}


def test_an_update_of_the_sample_says_the_sample() -> None:
    by_parameter, by_field = verdict(Sample_name="Rac1").dataset, verdict(sample="Rac1").dataset
    assert by_parameter is not None
    assert by_field is not None
    assert by_parameter.sample_name == by_field.sample_name == "Rac1"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"parameters": {"MX_numberOfImages": "many"}}, "value_not_a_number"),
        ({"parameters": {"nonsense": "kept"}}, "parameter_unknown"),
        ({"parameters": {"scanType": "mesh"}}, "not_updatable"),
        ({"parameters": {"startDate": "2024-11-30T09:00:00+01:00"}}, "not_updatable"),
        ({"parameters": {"input_datasets": "/data/x"}}, "not_updatable"),
        ({"parameters": {"MX_resolution": "1.5"}, "input": ["/data/x"]}, "not_updatable"),
        ({"parameters": {}}, "nothing_said"),
    ],
)
def test_what_an_update_cannot_say_is_named(said: dict[str, Any], code: str) -> None:
    assert codes(a_checker().check(an_update(**said), "a-receipt", SUBMITTED_AT)) == [code]
