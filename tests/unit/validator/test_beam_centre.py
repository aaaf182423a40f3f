"""A beam centre in pixels becomes a length where the pixel is known, and is told once."""

from typing import Any

import pytest

from services.validator.parameters import ParameterReader
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE

READER = ParameterReader(VOCABULARY, ZONE)
X, Y = "InstrumentDetector01_beam_center_x", "InstrumentDetector01_beam_center_y"
MODEL = "InstrumentDetector01_model"


def _read(**said: Any) -> tuple[dict[str, Any], list[str]]:
    reading = READER.read(said)
    centre = {name: each.get("value") for name, each in reading.parameters.items() if VOCABULARY.terms[name].pixels}
    for name in centre:
        assert reading.parameters[name]["original"] == str(said[name])
    return centre, [finding.code for finding in reading.findings]


ALL_FOUR = {"MX_xBeam": 1041.4, "MX_yBeam": 1098.7, X: "1041.4", Y: "1098.7"}


def test_all_four_names_are_converted_with_the_pixel_of_the_detector_and_flagged_once() -> None:
    centre, codes = _read(**ALL_FOUR, **{MODEL: "EIGER2 X 4M"})
    assert centre == {"MX_xBeam": 78.105, "MX_yBeam": 82.4025, X: 0.078105, Y: 0.0824025}
    assert codes == ["beam_centre_in_pixels"]


def test_without_a_pixel_they_have_no_value_and_are_flagged_once() -> None:
    centre, codes = _read(**ALL_FOUR)
    assert centre == dict.fromkeys(ALL_FOUR)
    assert codes == ["beam_centre_in_pixels"]


def test_a_size_of_the_pixel_that_is_said_comes_before_the_models() -> None:
    sizes = {"InstrumentDetector01_x_pixel_size": "100", "InstrumentDetector01_y_pixel_size": "0.05 mm"}
    centre, codes = _read(MX_xBeam="1000", MX_yBeam="1000", **{MODEL: "Eiger 4M"}, **sizes)
    assert (centre, codes) == ({"MX_xBeam": 100.0, "MX_yBeam": 50.0}, ["beam_centre_in_pixels"])


@pytest.mark.parametrize(
    ("model", "x", "y", "x_mm", "y_mm"),
    [
        ("Eiger 1M", 515, 532, 38.625, 39.9),
        ("Pilatus3 2M", 737.5, 839.5, 126.85, 144.394),
        ("PILATUS3_6M", 1231.5, 1263.5, 211.818, 217.322),
        ("Eiger2XE 16M", 2075, 2185, 155.625, 163.875),
        ("JUNGFRAU 4M", 1034, 1082, 77.55, 81.15),
        ("PILATUS4 X CdTe 2M", 1000, 900, 150.0, 135.0),
        ("EIGER", 1000, 400, 75.0, 30.0),
    ],
)
def test_what_lies_far_beyond_the_detector_is_pixels(model: str, x: float, y: float, x_mm: float, y_mm: float) -> None:
    assert _read(MX_xBeam=x, MX_yBeam=y, **{MODEL: model}) == (
        {"MX_xBeam": x_mm, "MX_yBeam": y_mm},
        ["beam_centre_in_pixels"],
    )


@pytest.mark.parametrize(
    ("said", "centre"),
    [
        ({"MX_xBeam": 78.1, "MX_yBeam": 82.4, MODEL: "Eiger 4M"}, {"MX_xBeam": 78.1, "MX_yBeam": 82.4}),
        ({"MX_xBeam": 78.1, "MX_yBeam": 82.4}, {"MX_xBeam": 78.1, "MX_yBeam": 82.4}),
        ({"MX_xBeam": -40, "MX_yBeam": 300, MODEL: "Eiger 4M"}, {"MX_xBeam": -40.0, "MX_yBeam": 300.0}),
        ({"MX_xBeam": 515, "MX_yBeam": 532}, {"MX_xBeam": 515.0, "MX_yBeam": 532.0}),
        ({X: "0.0781", Y: "82.4 mm", MODEL: "Eiger 4M"}, {X: 0.0781, Y: 0.0824}),
    ],
)
def test_what_may_be_a_length_is_one(said: dict[str, Any], centre: dict[str, float]) -> None:
    assert _read(**said) == (centre, [])


def test_a_unit_of_pixels_is_understood() -> None:
    assert _read(MX_xBeam="104.1 px", MX_yBeam="99 pixels", **{MODEL: "Pilatus 6M"}) == (
        {"MX_xBeam": 17.9052, "MX_yBeam": 17.028},
        ["beam_centre_in_pixels"],
    )


def test_what_is_no_place_at_all_is_left_as_it_is() -> None:
    assert _read(MX_xBeam="-9999", **{MODEL: "Eiger 4M"}) == ({"MX_xBeam": None}, ["value_empty"])
    assert _read(MX_xBeam="50000", **{MODEL: "Eiger 4M"}) == ({"MX_xBeam": 50000.0}, ["value_implausible"])


def test_each_detector_has_its_own_centre() -> None:
    second = {"InstrumentDetector02_beam_center_x": "1000", "InstrumentDetector02_model": "Pilatus 6M"}
    centre, codes = _read(**{X: "0.0781", MODEL: "Eiger 4M"}, **second)
    assert centre == {X: 0.0781, "InstrumentDetector02_beam_center_x": 0.172}
    assert codes == ["beam_centre_in_pixels"]


def test_what_was_converted_is_not_remembered_as_what_was_said() -> None:
    _read(MX_xBeam="515", MX_yBeam="532", **{MODEL: "Eiger 1M"})
    assert _read(MX_xBeam="515", MX_yBeam="532")[0] == {"MX_xBeam": 515.0, "MX_yBeam": 532.0}
