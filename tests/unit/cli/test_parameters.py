"""Parameters as a person reads them."""

from typing import Any

import pytest

from clients.cli.catalogue.parameters import groups_of, said_of, value_of

SCALING = "MXAutoprocIntegrationScaling"


def parameter(value: Any, original: str, **units: str) -> dict[str, Any]:
    return {"value": value, "original": original, **units}


def test_parameters_stand_with_those_whose_names_begin_alike_and_those_of_none_come_last() -> None:
    names = (
        *("startDate", "MX_flux", "MXSAD_enantiomorph", "MX_beam", "group_by", "MXAutoprocIntegration_cell_a"),
        *("InstrumentSource_mode", "InstrumentDetector01_type", "EMMotionCorrection_x"),
    )
    said = {name: parameter(1, "1") for name in names}
    assert [(group.name, [row[0] for row in group.rows]) for group in groups_of(said)] == [
        ("EM", ["EMMotionCorrection_x"]),
        ("Instrument", ["InstrumentDetector01_type", "InstrumentSource_mode"]),
        ("MX", ["MX_beam", "MX_flux", "MXAutoprocIntegration_cell_a"]),
        ("MXSAD", ["MXSAD_enantiomorph"]),
        ("others", ["group_by", "startDate"]),
    ]


def test_what_is_told_for_each_shell_stands_in_one_row() -> None:
    said = {
        f"{SCALING}_overall_completeness": parameter(99.5, "99.5", unit="%"),
        f"{SCALING}_inner_completeness": parameter(98.0, "98", unit="%"),
        f"{SCALING}_outer_completeness": parameter(97.0, "0.97", unit="%"),
        f"{SCALING}_outer_cc_half": {"original": "n/a"},
        f"{SCALING}_number_of_reflections": parameter(12, "12"),
    }
    [group] = groups_of(said)
    assert group.shells == {
        SCALING: [
            ("cc_half", "", "", "n/a", ""),
            ("completeness", "99.5", "98", "97 (said: 0.97)", "%"),
        ]
    }
    assert [row[0] for row in group.rows] == [f"{SCALING}_number_of_reflections"]


@pytest.mark.parametrize(
    ("told", "value", "said"),
    [
        (parameter(150.0, "15 cm", unit="mm"), "150", "15 cm"),
        (parameter(150.0, "15", unit="mm", said_unit="cm"), "150", "15 cm"),
        (parameter(150.0, "150", unit="mm", said_unit="mm"), "150", ""),
        (parameter(150.0, "1.5e2", unit="mm"), "150", ""),
        (parameter(0.1 + 0.2, "0.30000000000000004"), "0.3", ""),
        (parameter(15.0, "15", unit="μm", said_unit="um"), "15", ""),
        (parameter(12, "12"), "12", ""),
        (parameter(True, "True"), "True", ""),
        (parameter(True, "1"), "True", "1"),
        (parameter("H 3 2", "R32"), "H 3 2", "R32"),
        (parameter("Fus", "Fus"), "Fus", ""),
        (parameter([1.0, 2.5], "[1, 2.5]"), "1, 2.5", ""),
        (parameter([1.0, 2.5], "1;2.5;3"), "1, 2.5", "1;2.5;3"),
        (parameter(["a", "b"], "a b"), "a, b", ""),
        (parameter([0.5] * 500, "0.5 " * 500), f"{'0.5, ' * 40}… (500 values)", ""),
        (parameter("x" * 300, "x" * 300), f"{'x' * 200}…", ""),
        ({"original": "30 November"}, "", "30 November"),
        ({"original": "7", "said_unit": "furlong"}, "", "7 furlong"),
    ],
)
def test_what_was_said_is_told_only_where_it_differs_from_the_value(
    told: dict[str, Any], value: str, said: str
) -> None:
    assert (value_of(told), said_of(told)) == (value, said)
