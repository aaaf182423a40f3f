"""A value is read as what the vocabulary says it is, or somebody is told why not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.sections import Severity
from shared.vocabulary.values import judge, reader
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TERMS = st.sampled_from(sorted(VOCABULARY.terms))


def _judged(name: str, said: Any) -> tuple[Any, list[str]]:
    """The value and the codes of the findings, by whichever path decides."""
    term = VOCABULARY.terms[name]
    if (parameter := reader(term)(said)) is not None:
        return parameter["value"], []
    slow, findings = judge(term, said, ZONE)
    return slow and slow.get("value"), [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [
        ("MX_resolution", "1.50", 1.5),
        ("MX_resolution", 2, 2.0),
        ("MX_resolution", " 1.5 ", 1.5),
        ("MX_flux", "1.0e12", 1e12),
        ("MX_beamSizeAtSampleX", "50 um", 0.05),
        ("MX_beamSizeAtSampleX", "50um", 0.05),
        ("MX_aperture", "15", 15.0),
        ("MXMRRefinement_R_free", "24.1 %", 0.241),
        ("MX_transmission", [30], 30.0),
        ("MX_numberOfImages", "4000", 4000),
        ("MX_numberOfImages", "4000.0", 4000),
        ("MX_numberOfImages", 4000.0, 4000),
        ("MX_dataCollectionId", 3457818, "3457818"),
        ("MX_positionName", "007", "007"),
        ("MX_positionName", ["a", "b"], ["a", "b"]),
        ("MX_motors_value", "0 12.5", [0.0, 12.5]),
        ("MX_motors_value", "[0, 12.5]", [0.0, 12.5]),
        ("MX_motors_value", [0, 12.5], [0.0, 12.5]),
        ("MX_motors_value", 3, [3.0]),
        ("InstrumentBeam_final_polarization", "0.99", [0.99]),
        ("InstrumentCryostat01_value", "Room Temperature", 295.0),
        ("MXAutoprocIntegration_anomalous", "TRUE", True),
        ("MXAutoprocIntegration_anomalous", 0, False),
        ("complete", True, True),
        ("startDate", "2024-11-30T09:00:00+01:00", "2024-11-30T09:00:00+01:00"),
        ("startDate", "2024-11-30T08:00:00Z", "2024-11-30T08:00:00+00:00"),
    ],
)
def test_a_value_is_read_as_its_parameter(name: str, said: Any, value: Any) -> None:
    read, codes = _judged(name, said)
    assert (read, codes) == (value, [])
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("MX_numberOfImages", "many", "value_not_a_number"),
        ("MX_numberOfImages", True, "value_not_a_number"),
        ("MX_numberOfImages", "4000.5", "value_not_an_integer"),
        ("MX_resolution", "1,5", "value_not_a_number"),
        ("MX_resolution", "1_5", "value_not_a_number"),
        ("Sample_thickness", "0,97", "value_ambiguous"),
        ("Sample_thickness", "1,000", "value_ambiguous"),
        ("Sample_thickness", "-12 000", "value_ambiguous"),
        ("Sample_thickness", "1\u202f234", "value_ambiguous"),
        ("Sample_thickness", "1.234,5", "value_ambiguous"),
        ("InstrumentBeam_incident_energy", "12,4", "value_ambiguous"),
        ("MX_resolution", "1.5 2.0", "value_not_a_number"),
        ("MX_resolution", [1.5, 2.0], "value_not_a_number"),
        ("MX_resolution", [None], "value_has_gaps"),
        ("MX_resolution", "<1.5", "value_is_a_bound"),
        ("MX_resolution", ">= 1.5 Å", "value_is_a_bound"),
        ("MX_transmission", "100.6", "value_out_of_range"),
        ("MX_resolution", 0, "value_out_of_range"),
        ("MX_aperture", "OUT", "value_not_a_number"),
        ("MX_axis_range", "Phi", "value_not_a_number"),
        ("MX_resolution", "0.97(", "unit_unknown"),
        ("MX_resolution", "0.97 (4)", "unit_unknown"),
        ("MX_resolution", "1.5 +- x", "value_not_a_number"),
        ("MX_resolution", "1.5**", "unit_unknown"),
        ("MX_motors_value", "0.12 None 3.4", "value_has_gaps"),
        ("MX_motors_value", " None 0.12", "value_has_gaps"),
        ("MX_motors_value", "0.12 nan", "value_has_gaps"),
        ("MX_motors_value", [0.12, None, "3.4"], "value_has_gaps"),
        ("Sample_thickness", "thin", "value_not_a_number"),
        ("InstrumentLaser01_energy", "1 2", "value_not_a_number"),
        ("MX_resolution", {"value": 1.5}, "value_nested"),
        ("MX_positionName", [["a"]], "value_nested"),
        ("MX_flux", "1e400", "value_not_finite"),
        ("MX_flux", 10**400, "value_not_finite"),
        ("MX_flux", float("nan"), "value_not_finite"),
        ("MX_beamSizeAtSampleX", "50 s", "unit_unknown"),
        ("MXAutoprocIntegrationScaling_overall_isa", "24 mm", "unit_not_expected"),
        ("MX_wavelength", "-3", "value_out_of_range"),
        ("MX_wavelength", "-3 nm", "value_out_of_range"),
        ("MXAutoprocIntegrationScaling_overall_completeness", 150, "value_out_of_range"),
        ("MXAutoprocIntegration_anomalous", "perhaps", "value_not_a_boolean"),
        ("startDate", "yesterday", "value_not_a_time"),
        ("startDate", 20241130, "value_not_a_time"),
        ("MX_motors_value", "high 0", "value_not_a_number"),
        ("MX_motors_value", "1 " * 10_001, "value_too_long"),
        ("MX_motors_value", [1] * 10_001, "value_too_long"),
    ],
)
def test_a_value_that_cannot_be_is_kept_as_it_was_said_without_a_canonical_one(name: str, said: Any, code: str) -> None:
    parameter, findings = judge(VOCABULARY.terms[name], said, ZONE)
    assert parameter == {"original": said if isinstance(said, str) else json.dumps(said)}
    assert [(finding.code, finding.severity) for finding in findings] == [(code, Severity.WARNING)]
    assert findings[0].message.startswith(name)
    assert findings[0].expected
    assert findings[0].cure
    assert findings[0].parameter == name


@pytest.mark.parametrize(
    ("name", "said", "code", "value"),
    [
        ("MX_resolution", "100", "value_implausible", 100.0),
        ("MX_xBeam", "1041.2", "value_implausible", 1041.2),
        ("MXAutoprocIntegrationScaling_overall_r_merge", "6.2", "value_implausible", 6.2),
        ("startDate", "2024-11-30 09:00:00", "time_zone_assumed", "2024-11-30T09:00:00+01:00"),
        ("startDate", "2024-07-30 09:00:00", "time_zone_assumed", "2024-07-30T09:00:00+02:00"),
        ("MX_phix", "", "value_empty", None),
        ("MX_phix", None, "value_empty", None),
        ("MX_positionName", "  ", "value_empty", None),
    ],
)
def test_a_doubtful_value_is_flagged(name: str, said: Any, code: str, value: Any) -> None:
    assert _judged(name, said) == (value, [code])
    _, findings = judge(VOCABULARY.terms[name], said, ZONE)
    assert [finding.severity for finding in findings] == [Severity.WARNING]


@pytest.mark.parametrize(
    "word",
    [
        *("nan", "NaN", "-nan", "inf", "-Inf", "Infinity", "NA", "N/A", "n/a", "None", "none", "null", "NULL"),
        *("-", "--", ".", "?", "***", "*", "unknown", "-99.9", "-9999", "-1"),
    ],
)
@pytest.mark.parametrize("name", ["MX_flux", "MX_numberOfImages", "SAXS_timePerFrame", "Sample_thickness"])
def test_words_and_sentinels_for_no_value_are_kept_as_they_were_said(name: str, word: str) -> None:
    if name == "Sample_thickness" and word.startswith("-") and word[1:2].isdigit():
        return  # only ICAT describes it, so nobody knows which number cannot be
    parameter, findings = judge(VOCABULARY.terms[name], word, ZONE)
    assert parameter == {"original": word}
    assert [(finding.code, finding.severity) for finding in findings] == [("value_empty", Severity.WARNING)]


@pytest.mark.parametrize("number", [-1, -99.9, -9999])
def test_a_sentinel_may_come_as_a_number(number: float) -> None:
    assert _judged("MX_flux", number) == (None, ["value_empty"])


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [
        ("MX_axis_start", "-1", -1.0),
        ("MX_phi", "-99.9", -99.9),
        ("InstrumentSource_distance", "-999", -999.0),
        ("MX_motors_value", "-1 -9999", [-1.0, -9999.0]),
        ("MXAutoprocIntegrationScaling_overall_mean_I_over_sigI", "-1", -1.0),
    ],
)
def test_a_sentinel_is_a_number_where_such_a_value_can_be(name: str, said: str, value: Any) -> None:
    assert _judged(name, said) == (value, [])


@pytest.mark.parametrize("said", ["-99.9%", "-99.9", -99.9])
def test_what_xds_prints_for_no_r_factor_is_none_in_per_cent_too(said: Any) -> None:
    assert _judged("MXAutoprocIntegrationScaling_outer_r_merge", said) == (None, ["value_empty"])


@pytest.mark.parametrize("word", ["None", "null", "-", "?", ".", "***", "N/A"])
def test_a_text_may_say_that_there_is_none(word: str) -> None:
    assert _judged("MX_positionName", word) == (None, ["value_empty"])


@pytest.mark.parametrize("word", ["Na", "Nd", "unknown", "nan", "inf", "-1", "missing"])
def test_a_text_may_be_a_word_that_is_no_number(word: str) -> None:
    assert _judged("MX_element", word) == (word, [])


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [
        ("MX_wavelength", "0.970(4)", 0.97),
        ("MX_wavelength", "0.0970(4) nm", 0.97),
        ("SAXS_guinier_rg", "3.1±0.2", 3.1),
        ("SAXS_guinier_rg", "31 ± 2 Å", 3.1),
        ("SAXS_guinier_rg", "3.1 +/- 0.2", 3.1),
        ("MX_resolution", "~1.6", 1.6),
        ("MX_resolution", "≈ 1.6 Å", 1.6),
        ("MXAutoprocIntegrationScaling_overall_cc_half", "99.9*", 0.999),
        ("MXAutoprocIntegrationScaling_outer_cc_half", "0.41*", 0.41),
        ("MXAutoprocIntegrationScaling_overall_completeness", "99.9*", 99.9),
        ("MX_motors_value", "1.5(2) 3", [1.5, 3.0]),
    ],
)
def test_what_stands_around_a_number_is_kept_and_what_was_understood_is_told(name: str, said: str, value: Any) -> None:
    parameter, [finding] = judge(VOCABULARY.terms[name], said, ZONE)
    assert parameter is not None
    assert (parameter["value"], parameter["original"]) == (value, said)
    taken = " ".join(map(repr, value)) if isinstance(value, list) else repr(value)
    assert (finding.code, finding.value, finding.expected) == ("value_understood", said, taken)
    assert taken in finding.message


def test_a_parameter_that_only_icat_types_may_hold_one_number_or_several() -> None:
    assert _judged("Sample_thickness", "3") == (3.0, [])
    assert _judged("Sample_thickness", "3 4") == ([3.0, 4.0], [])


def test_a_finding_shows_no_more_than_a_screen_of_what_was_said() -> None:
    _, findings = judge(VOCABULARY.terms["MX_resolution"], "x" * 1_000_000, ZONE)
    assert len(findings[0].message) < 400
    assert len(findings[0].value or "") <= 200


def test_a_value_made_to_waste_time_is_decided_at_once() -> None:
    """Bounded by the test's timeout: quadratic work on a megabyte would take hours."""
    for said in ("1 a" + " " * 500_000 + "b" * 500_000, "1" * 1_000_000 + "x", "1 " * 500_000):
        for name in ("MX_resolution", "MX_numberOfImages", "MX_motors_value"):
            judge(VOCABULARY.terms[name], said, ZONE)


@given(TERMS, JSON)
def test_any_value_is_read_or_flagged_and_what_was_said_is_kept(name: str, said: Any) -> None:
    term = VOCABULARY.terms[name]
    parameter, findings = judge(term, said, ZONE)
    assert parameter is not None or findings
    assert all(finding.severity is Severity.WARNING for finding in findings)
    if parameter is not None and isinstance(said, str):
        assert parameter["original"] == said
        assert "value" in parameter or findings


@given(TERMS, JSON | NUMBERS.map(repr) | st.integers().map(str))
def test_the_fast_path_agrees_with_the_slow_one(name: str, said: Any) -> None:
    term = VOCABULARY.terms[name]
    fast = reader(term)(said)
    if fast is not None:
        assert judge(term, said, ZONE) == (fast, [])
