"""No value of a parameter refuses a dataset, but for those few that its kind requires."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.validator.checker import CheckResult
from shared.events.dataset import Submission
from shared.vocabulary.datafiles import SCHEMAS
from shared.vocabulary.kind_schema import own_terms
from shared.vocabulary.kinds import Kind
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.validator import SUBMITTED_AT, a_checker

KINDS = {kind.name: (kind, technique, technique.word) for technique in TECHNIQUES.techniques for kind in technique.kind}
RAW_KINDS = [name for name, (kind, _, _) in KINDS.items() if kind.type == "raw"]

TELLS_THE_KIND = frozenset({"definition", "technique_pid", "scanType", "MX_scanType", "input_datasets", "complete"})
"""These decide what kind of dataset it is, and whether it is all there; what they say is no minor value."""

ODD: list[Any] = [
    *("", " ", "None", "nan", "-inf", "N/A", "?", ".", "-", "***", "unknown", "OUT", "Phi", "0.12 None 3.4", "1e999"),
    *("-1", "-9999", "-99.9", "100.6", "0", "1_000", "0x10", "<0.5", "~1.6", "0.970(4)", "99.9*", "1.5 ± 0.1"),
    *("12 parsec", "yesterday", "a/b", "/", "\u202e\u200b", "\N{GRINNING FACE}"),
    *(None, True, False, 0, -1, -9999, 1.5, 2**63, 10**30, -1e308, 5e-324),
    *([], [None], [[]], [1, None], ["a", 1], [1.5, 2, 3], {}, {"value": 1, "unit": "parsec"}),
]

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = (
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3))
    | st.sampled_from(ODD)
    | st.from_regex(r"[-+~<>≈]{0,2}[0-9]{1,4}(\.[0-9]{0,3})?(\([0-9]\))?[*%]?( ?(mm|um|px|Å|K))?", fullmatch=True)
)


@cache
def an_example(kind: str) -> dict[str, Any]:
    """An accepted submission of the kind, who and when in its fields."""
    for file in sorted((SCHEMAS / "examples").rglob("accepted-*.json")):
        example = json.loads(file.read_text(encoding="utf-8"))
        if example["expect"].get("kind") == kind and example["submission"].get("complete", True):
            said = example["submission"]["parameters"]
            return {
                "beamline": said.get("beamlineID", "bm01"),
                "start": "2024-11-30T09:00:00+01:00",
                **example["submission"],
                "technique": KINDS[kind][2],
            }
    raise AssertionError(f"{kind} has no accepted example")


def judged(kind: str, parameters: dict[str, Any]) -> CheckResult:
    """The verdict on the example with other parameters beside its own, or instead of them."""
    example = an_example(kind)
    said = {**example["parameters"], **parameters}
    return a_checker().check(Submission(**{**example, "parameters": said}), "a-receipt", SUBMITTED_AT)


def is_minor(name: str, kind: Kind) -> bool:
    """Whether the kind neither requires the parameter nor is told by it."""
    return name not in {*kind.required, *(kind.match.parameters or ()), *TELLS_THE_KIND}


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_of_any_parameter_of_its_own_refuses_a_dataset_of_any_kind(kind: str) -> None:
    described, technique, _ = KINDS[kind]
    names = [term.name for term in own_terms(described, technique, VOCABULARY) if is_minor(term.name, described)]
    for odd in ODD:
        verdict = judged(kind, dict.fromkeys(names, odd))
        assert verdict.errors == [], odd
        assert verdict.dataset is not None
        assert verdict.dataset.kind == kind or described.match.families, "a blank says nothing of a family"


def test_no_value_of_any_parameter_of_the_vocabulary_refuses_a_measurement() -> None:
    """Raw data are not refused for what a result says, nor for what another technique says."""
    names = [name for name in VOCABULARY.terms if name not in TELLS_THE_KIND]
    for odd in ODD:
        assert judged("mx.raw.datacollection", dict.fromkeys(names, odd)).errors == [], odd


@pytest.mark.parametrize("bulk", ["x" * 100_000, "1 " * 10_001, [1.5] * 10_001, ["a"] * 10_001])
def test_bulk_data_in_a_parameter_refuses_no_measurement(bulk: Any) -> None:
    for name in ("MX_resolution", "MX_motors_value", "MX_positionName", "Sample_thickness", "nobodysWord"):
        assert judged("mx.raw.datacollection", {name: bulk}).errors == []


def test_parameters_without_end_refuse_no_measurement() -> None:
    said = {f"p{number}": "x" for number in range(5000)}
    assert judged("mx.raw.datacollection", said).errors == []


@given(
    st.sampled_from(RAW_KINDS),
    st.dictionaries(st.sampled_from(sorted(set(VOCABULARY.terms) - TELLS_THE_KIND)) | st.text(), VALUES, max_size=5),
)
def test_no_value_under_any_name_refuses_a_measurement(kind: str, said: dict[str, Any]) -> None:
    verdict = judged(kind, said)
    assert verdict.errors == []
    assert verdict.dataset is not None


@given(st.sampled_from(RAW_KINDS), st.sampled_from(sorted(TELLS_THE_KIND)), VALUES)
def test_what_tells_the_kind_may_be_odd_too_but_for_paths_that_cannot_be(kind: str, name: str, said: Any) -> None:
    refusing = {"input_path_invalid", "input_path_outside_roots", "parameter_missing", "parameter_unknown"}
    assert {finding.code for finding in judged(kind, {name: said}).errors} <= refusing


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_a_measurement_requires_nothing(kind: str) -> None:
    assert KINDS[kind][0].required == {}
    example = an_example(kind)
    told = {name: said for name, said in example["parameters"].items() if name in TELLS_THE_KIND}
    bare = Submission(**{**example, "parameters": told})
    assert a_checker().check(bare, "a-receipt", SUBMITTED_AT).errors == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in RAW_KINDS])
def test_a_result_may_be_refused_for_what_its_kind_requires_alone(kind: str) -> None:
    for name in KINDS[kind][0].required:
        [error] = judged(kind, {name: None}).errors
        assert (error.code, error.parameter) == ("parameter_missing", name)
