"""What is told in per cent becomes a fraction, where it can be nothing else."""

from typing import Any

import pytest

from services.validator.parameters import ParameterReader
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE

SCALING = "MXAutoprocIntegrationScaling_"
READER = ParameterReader(VOCABULARY, ZONE)


def _read(**said: Any) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Values and findings, both without what all names begin with."""
    reading = READER.read({f"{SCALING}{name}": value for name, value in said.items()})
    assert all(reading.parameters[f"{SCALING}{name}"]["original"] == str(value) for name, value in said.items()), (
        "what was said is kept"
    )
    return (
        {name.removeprefix(SCALING): each["value"] for name, each in reading.parameters.items()},
        {(each.code, (each.parameter or "").removeprefix(SCALING)) for each in reading.findings},
    )


@pytest.mark.parametrize("said", ["6.2 %", "6.2%", "6.2 percent"])
def test_a_value_with_its_sign_of_per_cent_is_converted_without_a_finding(said: str) -> None:
    assert _read(overall_r_merge=said) == ({"overall_r_merge": 0.062}, set())


def test_a_correlation_above_one_is_per_cent_and_so_are_those_of_the_other_shells() -> None:
    values, findings = _read(overall_cc_half="99.8", inner_cc_half=99.9, outer_cc_half="0.9", overall_ccAno="0.4")
    assert values == {"overall_cc_half": 0.998, "inner_cc_half": 0.999, "outer_cc_half": 0.009, "overall_ccAno": 0.4}
    assert findings == {("percent_converted", f"{shell}_cc_half") for shell in ("overall", "inner", "outer")}


def test_where_one_r_factor_is_per_cent_all_of_the_dataset_are() -> None:
    values, findings = _read(
        overall_r_merge="6.2", inner_r_merge="2.5", outer_r_merge="80", outer_r_pim_all_IPlus_IMinus="4"
    )
    assert values == {
        "overall_r_merge": 0.062,
        "inner_r_merge": 0.025,
        "outer_r_merge": 0.8,
        "outer_r_pim_all_IPlus_IMinus": 0.04,
    }
    assert findings == {("percent_converted", name) for name in values}


def test_an_r_factor_above_its_range_beside_one_that_can_only_be_a_fraction_is_left_and_flagged() -> None:
    values, findings = _read(overall_r_merge="0.3", inner_r_merge="0.04", outer_r_merge="6.5")
    assert values == {"overall_r_merge": 0.3, "inner_r_merge": 0.04, "outer_r_merge": 6.5}
    assert findings == {("value_implausible", "outer_r_merge")}


def test_what_is_neither_a_fraction_nor_per_cent_is_left_and_flagged() -> None:
    assert _read(overall_cc_half="250") == ({"overall_cc_half": 250.0}, {("value_implausible", "overall_cc_half")})
    assert _read(overall_r_merge="-99.5") == ({"overall_r_merge": -99.5}, {("value_implausible", "overall_r_merge")})


def test_fractions_are_taken_as_they_are() -> None:
    assert _read(overall_cc_half="0.998", overall_r_merge="0.062")[1] == set()


def test_what_was_converted_is_not_remembered_as_what_was_said() -> None:
    """A text that one dataset means as per cent may be a fraction in the next."""
    _read(overall_r_merge="62", inner_r_merge="5.5", outer_r_merge="2.5")
    assert _read(outer_r_merge="2.5") == ({"outer_r_merge": 2.5}, set())


def test_the_finding_says_what_was_taken() -> None:
    [finding] = READER.read({"MXMRRefinement_R_free": "24.1"}).findings
    assert (finding.code, finding.value, finding.expected) == ("percent_converted", "24.1", "0.241")
    assert finding.message.endswith("is per cent; 0.241 was taken")
    assert finding.cure is not None
    assert finding.cure.endswith("as a fraction")
