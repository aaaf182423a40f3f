"""A unit may stand beside a value, which then stays word for word as a program printed it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.validator.parameters import ParameterReader
from shared.events.sections import Severity
from shared.vocabulary.vocabulary import Term
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE, the_verdict

READER = ParameterReader(VOCABULARY, ZONE)
DISTANCE, MOTORS, XYZ = "MX_detectorDistance", "MX_motors_value", "MXMRLigandFitting_ligand_XYZ"
ISA, COMPLETENESS = "MXAutoprocIntegrationScaling_overall_isa", "MXAutoprocIntegrationScaling_overall_completeness"


@pytest.mark.parametrize(
    ("name", "said", "unit", "value"),
    [
        (DISTANCE, "15", "cm", 150.0),
        (DISTANCE, 15, "cm", 150.0),
        (DISTANCE, 0.15, " m ", 150.0),
        (DISTANCE, "150", "mm", 150.0),
        (DISTANCE, "150", "", 150.0),
        (DISTANCE, "15 cm", "m", 150.0),
        (DISTANCE, "1.5e1", "CM", 150.0),
        (DISTANCE, ["15"], "cm", 150.0),
        (XYZ, "1.5 2.5 -3", "nm", [15.0, 25.0, -30.0]),
        (XYZ, [1.5, 2.5, -3], "nm", [15.0, 25.0, -30.0]),
        (ISA, "24.1", "1", 24.1),
        (COMPLETENESS, "0.98", "1", 98.0),
        (COMPLETENESS, "0.98", "%", 0.98),
        ("MX_numberOfImages", "900", "1", 900),
        ("Sample_name", "lyso", "mm", "lyso"),
    ],
)
def test_a_value_is_converted_from_the_unit_beside_it(name: str, said: Any, unit: str, value: Any) -> None:
    reading = READER.read({name: said}, {name: unit})
    assert (reading.parameters[name]["value"], reading.findings) == (value, [])
    assert reading.parameters[name]["said_unit"] == unit
    assert reading.parameters[name]["original"] in {str(said), str(said).replace("'", '"')}


@pytest.mark.parametrize(
    ("name", "unit", "code"),
    [(DISTANCE, "MM", "unit_unknown"), (DISTANCE, "s", "unit_unknown"), (ISA, "mm", "unit_not_expected")],
)
def test_a_unit_that_is_none_of_the_parameter_leaves_the_value_as_it_was_said(name: str, unit: str, code: str) -> None:
    verdict = the_verdict(parameters={name: "15"}, units={name: unit})
    assert verdict.parameters[name] == {"original": "15", "said_unit": unit}
    assert [(each.code, each.severity) for each in verdict.findings] == [(code, Severity.WARNING)]


def test_a_unit_is_found_by_any_name_of_its_parameter() -> None:
    reading = READER.read({"MX_OSCILLATIONSTART": "0.5"}, {"MX_axis_start": "rad"})
    assert reading.parameters["MX_axis_start"]["value"] == pytest.approx(28.6478897565412)


def test_a_unit_without_a_value_is_flagged() -> None:
    reading = READER.read({DISTANCE: "15"}, {"MX_flux": "ph/s", "MX_inventedByUs": "mm"})
    assert reading.parameters[DISTANCE]["value"] == 15.0
    assert [each.code for each in reading.findings if "unit" in each.code] == ["unit_without_value"] * 2


def test_the_unit_of_a_parameter_that_nobody_knows_stays_with_it() -> None:
    reading = READER.read({"MX_inventedByUs": 15}, {"MX_inventedByUs": "cm"})
    assert reading.parameters["MX_inventedByUs"] == {"value": 15, "original": "15", "said_unit": "cm"}


def test_a_text_with_a_unit_beside_it_is_not_remembered_without() -> None:
    assert READER.read({DISTANCE: "12.5"}, {DISTANCE: "cm"}).parameters[DISTANCE]["value"] == 125.0
    assert READER.read({DISTANCE: "12.5"}).parameters[DISTANCE]["value"] == 12.5


def test_an_update_may_say_a_unit() -> None:
    verdict = the_verdict(
        mode="update", start=None, technique=None, parameters={DISTANCE: "15"}, units={DISTANCE: "cm"}
    )
    assert "not_updatable" not in {finding.code for finding in verdict.findings if "units" in finding.message}
    assert verdict.parameters[DISTANCE]["value"] == 150.0


NUMBERS = [term for term in VOCABULARY.terms.values() if term.type == "number" and not (term.loose or term.pixels)]


@given(
    st.sampled_from(NUMBERS),
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.floats(-1000, 1000).map(lambda each: round(each, 2))
    ),
    st.data(),
)
def test_a_value_is_what_was_said_or_a_finding_says_what_was_taken(
    term: Term, number: float, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(["", *(each for each in term.conversions if each != "1")]))
    beside = data.draw(st.booleans())
    said = repr(number) if beside else f"{number!r} {unit}".strip()
    reading = READER.read({term.name: said}, {term.name: unit} if beside else {})
    exact = term.conversions[unit](number) if unit else number
    taken = reading.parameters[term.name].get("value")
    assert taken == exact or [each.parameter for each in reading.findings] == [term.name]
