"""Parameters keep what was said, under the name and in the unit that everybody knows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter
from pydantic_core import to_json

from services.validator.parameters import PARAMETERS_AT_MOST, ParameterReader, ParsedParameters
from shared.events.dataset import Parameter
from shared.events.sections import Severity
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE, the_verdict

READER = ParameterReader(VOCABULARY, ZONE)
CATALOGUED = TypeAdapter(dict[str, Parameter])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
NAMES = st.sampled_from(sorted(VOCABULARY.terms)) | st.text(max_size=10)


def _codes(reading: ParsedParameters) -> list[str]:
    return [finding.code for finding in reading.findings]


def test_the_original_text_stands_beside_the_canonical_value() -> None:
    reading = READER.read({"MX_beamSizeAtSampleX": "50 um", "MX_resolution": "1.50", "MX_numberOfImages": 4000})
    assert reading.parameters == {
        "MX_beamSizeAtSampleX": {"value": 0.05, "original": "50 um", "unit": "mm"},
        "MX_resolution": {"value": 1.5, "original": "1.50", "unit": "Å"},
        "MX_numberOfImages": {"value": 4000, "original": "4000"},
    }
    assert reading.findings == []


def test_letter_case_and_aliases_lead_to_the_canonical_name_without_a_word() -> None:
    reading = READER.read({"mx_RESOLUTION": "1.5", "MX_oscillationStart": "10"})
    assert sorted(reading.parameters) == ["MX_axis_start", "MX_resolution"]
    assert reading.findings == []


def test_a_deprecated_name_is_resolved_and_flagged() -> None:
    reading = READER.read({"MX_crystalPositionName": "pos1"})
    assert reading.parameters["MX_positionName"]["value"] == "pos1"
    assert _codes(reading) == ["parameter_deprecated"]
    assert reading.findings[0].cure == "send MX_positionName"


def test_a_deprecated_name_without_a_successor_is_kept_and_flagged() -> None:
    reading = READER.read({"HOLO_im01_num_end": "12"})
    assert reading.parameters["HOLO_im01_num_end"]["value"] == 12.0
    assert _codes(reading) == ["parameter_deprecated"]


@pytest.mark.parametrize(
    "said",
    [
        {"MX_resolution": "1.5", "mx_resolution": "2.5"},
        {"mx_resolution": "2.5", "MX_resolution": "1.5"},
        {"mx_resolution": "2.5", "MX_resolution": "1500 um"} | {"MX_resolution": "0.15 nm"},
    ],
)
def test_of_two_spellings_the_canonical_one_wins_and_the_other_is_reported(said: dict[str, Any]) -> None:
    reading = READER.read(said)
    assert reading.parameters["MX_resolution"]["value"] == 1.5
    assert _codes(reading) == ["parameter_repeated"]


def test_two_spellings_that_agree_are_fine() -> None:
    reading = READER.read({"MX_resolution": "1.5", "mx_resolution": "1.50", "MX_RESOLUTION": "0.15 nm"})
    assert reading.parameters["MX_resolution"]["original"] == "1.5"
    assert reading.findings == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("007", "007"),
        (7, 7),
        (7.5, 7.5),
        (True, True),
        ([1, 2.5], [1.0, 2.5]),
        (["a", "b"], ["a", "b"]),
        (["a", 1], '["a", 1]'),
        ({"a": 1}, '{"a": 1}'),
        (10**30, str(10**30)),
        (None, "null"),
        ([], "[]"),
    ],
)
def test_an_unknown_parameter_is_kept_as_it_came(said: Any, kept: Any) -> None:
    reading = READER.read({"nobodysWord": said})
    assert reading.parameters["nobodysWord"]["value"] == kept
    assert reading.unknown == ["nobodysWord"]


def test_an_unknown_name_that_is_nearly_a_known_one_is_asked_about() -> None:
    reading = READER.read({"MX_detektorDistance": "150"})
    [finding] = READER.unknown_findings(reading, strict_kind=None)
    assert finding.expected == "MX_detectorDistance"
    assert finding.cure == "send MX_detectorDistance if that was meant"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", "unnamed"), (" ", "unnamed"), ("x" * 256, "x" * 255), ("a\nb", "a_b"), ("a\x7fb", "a_b")],
)
def test_a_name_that_cannot_be_shown_is_kept_as_far_as_it_can(name: str, kept: str) -> None:
    reading = READER.read({name: "1"})
    assert reading.parameters == {kept: {"value": "1", "original": "1"}}
    assert [(each.code, each.severity, each.value) for each in reading.findings] == [
        ("parameter_name_invalid", Severity.WARNING, "1")
    ]


def test_of_too_many_parameters_the_known_ones_are_taken_first() -> None:
    said = {f"p{number}": "x" for number in range(PARAMETERS_AT_MOST + 10)} | {"MX_resolution": "1.5"}
    reading = READER.read(said)
    assert [(each.code, each.severity) for each in reading.findings] == [("too_many_parameters", Severity.WARNING)]
    assert len(reading.parameters) == PARAMETERS_AT_MOST
    assert {"MX_resolution", "p0"} <= reading.parameters.keys()


def test_of_two_names_the_one_with_a_value_wins() -> None:
    for canonical, alias in (("?", "10"), ("10", "?")):
        reading = READER.read({"MX_axis_start": canonical, "MX_oscillationStart": alias})
        assert reading.parameters["MX_axis_start"].get("value") == 10.0
        assert sorted(_codes(reading)) == ["parameter_repeated", "value_empty"]


def test_a_flood_of_unknown_names_is_taken_without_guessing_at_each() -> None:
    reading = READER.read({f"MX_numberOfImage{number}": "x" for number in range(PARAMETERS_AT_MOST)})
    findings = READER.unknown_findings(reading, strict_kind=None)
    assert len(findings) == PARAMETERS_AT_MOST
    assert sum(finding.expected is not None for finding in findings) == 5


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_whatever_comes_in_what_goes_out_can_be_catalogued(said: dict[str, Any]) -> None:
    reading = READER.read(said)
    READER.unknown_findings(reading, strict_kind=None)
    CATALOGUED.validate_json(to_json(reading.parameters))
    for name in said:
        term = VOCABULARY.resolve(name)
        spoken_of = {finding.parameter for finding in reading.findings}
        shown = name in reading.parameters or (term is not None and term.name in reading.parameters)
        assert shown or (term and term.name in spoken_of) or "parameter_name_invalid" in _codes(reading)


def test_what_was_read_before_is_read_the_same_and_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.validator.parameters.REMEMBERED_AT_MOST", 10)
    forgetful = ParameterReader(VOCABULARY, ZONE)
    for number in [*range(25), *range(25)]:
        said = {"MX_resolution": f"1.{number}", "MX_aperture": f"{number + 1} um", "MX_positionName": f"pos{number}"}
        assert forgetful.read(said) == READER.read(said)
        assert max(map(len, forgetful._memories.values())) <= 10


SPACE_GROUP, CELL = "MXAutoprocIntegration_space_group", "MXAutoprocIntegration_cell_"


@pytest.mark.parametrize("said", ["H32", "R 3 2 :H", "R32", "155", 155, 155.0])
@pytest.mark.parametrize("name", [SPACE_GROUP, "MXSAD_space_group", "MXMR_space_group", "MXMRPhasing_space_group"])
def test_a_space_group_stands_under_its_one_name_beside_what_was_said(name: str, said: JsonValue) -> None:
    reading = ParameterReader(VOCABULARY, ZONE).read({name: said})
    assert (reading.parameters, reading.findings) == ({name: {"value": "R 3 2:H", "original": str(said)}}, [])


@pytest.mark.parametrize("said", ["P 7", "unknown group", "0", ["P 1"]])
def test_what_is_no_space_group_is_kept_and_flagged_once(said: JsonValue) -> None:
    cell = dict.fromkeys((f"{CELL}{each}" for each in ("a", "b", "c", "alpha", "beta", "gamma")), 90.0)
    verdict = the_verdict(parameters={SPACE_GROUP: said, "scanType": "integration", **cell}, input=["/data/raw"])
    assert [each.code for each in verdict.findings if each.parameter == SPACE_GROUP] == ["space_group_unknown"]
    parameter = verdict.parameters[SPACE_GROUP]
    assert parameter["value"] == parameter["original"]


@pytest.mark.parametrize(
    ("said", "alpha", "gamma", "value"),
    [
        ("R32", 80.1, 80.1, "R 3 2:R"),
        ("155", 80.1, 80.1, "R 3 2:R"),
        ("R32", 90, 120, "R 3 2:H"),
        ("H32", 80.1, 80.1, "R 3 2:H"),
        ("R 3 2:R", 90, 120, "R 3 2:R"),
        ("P 2 3", 90, 90, "P 2 3"),
        ("R32", "?", 80.1, "R 3 2:H"),
        ("P 7", 80.1, 80.1, "P 7"),
    ],
)
def test_the_cell_tells_the_axes_where_the_name_does_not(said: str, alpha: object, gamma: float, value: str) -> None:
    reader = ParameterReader(VOCABULARY, ZONE)
    said_with_cell: dict[str, Any] = {SPACE_GROUP: said, f"{CELL}alpha": alpha, f"{CELL}gamma": gamma}
    assert reader.read(said_with_cell).parameters[SPACE_GROUP].get("value") == value
    if said == "R32":
        assert reader.read({SPACE_GROUP: said}).parameters[SPACE_GROUP]["value"] == "R 3 2:H", "nothing is remembered"
