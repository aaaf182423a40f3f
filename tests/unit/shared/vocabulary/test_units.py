"""A unit that a producer writes becomes the canonical one, or is refused."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vocabulary.units import Units, UnitUnknown
from shared.vocabulary.values import judge
from tests.builders.described import VOCABULARY

DISTANCE, BEAM, WAVELENGTH = "MX_detectorDistance", "MX_beamSizeAtSampleX", "MX_wavelength"
TIME, ANGLE, FLUX, ENERGY = "MX_exposureTime", "MX_oscillationRange", "MX_flux", "InstrumentMonochromator_energy"
KELVIN, CELSIUS, CURRENT = (
    "InstrumentCryostat01_value",
    "SampleTrackingParcel_storage_condition",
    "InstrumentSource_current",
)
DIVERGENCE, PERCENT, RATE = (
    "InstrumentBeam_incident_beam_divergence",
    "MX_transmission",
    "InstrumentLaser01_repetition_rate",
)
FRACTION, DOSE, AREA = "MXAutoprocIntegrationScaling_overall_r_merge", "EM_dose_initial", "EMCTF_estimated_b_factor"


def canonical(parameter: str, text: str) -> Any:
    """The canonical value of a text, or nothing where its unit is not one of the parameter."""
    read, _ = judge(VOCABULARY.terms[parameter], text, ZoneInfo("Europe/Paris"))
    return read.get("value") if read else None


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        *((DISTANCE, text, 150) for text in ("150mm", "15 cm", "0.15 m")),
        *((DISTANCE, text, 150) for text in ("150 millimeters", "150 Millimetres", "150 mM")),
        *((DISTANCE, text, 150) for text in ("150000 um", "150000\u00b5m")),
        *((DISTANCE, text, 150) for text in ("150000 \u03bcm", "150000 UM", "150000 microns")),
        *((DISTANCE, text, 150) for text in ("150 \u339c", "15 CM", "0.15 M", "0.15 meter", "150\u00a0mm")),
        *((WAVELENGTH, text, 0.97) for text in ("0.97 \u00c5", "0.97 \u212b")),
        *((WAVELENGTH, text, 0.97) for text in ("0.97 A\u030a", "0.97A", "0.97 angstrom")),
        *((WAVELENGTH, text, 0.97) for text in ("0.97 Angstroms", "0.97 ANGSTROM", "0.97 Ang")),
        *((WAVELENGTH, text, 0.97) for text in ("0.097 nm", "97 pm", "0.097 NM")),
        *((TIME, text, 0.01) for text in ("10 ms", "10ms", "10 msec")),
        *((TIME, text, 0.01) for text in ("10 milliseconds", "0.01 sec", "0.01 S", "0.01 seconds")),
        *((TIME, text, 0.01) for text in ("10000 us", "10000 \u00b5s", "10000 \u03bcsec", "0.01 s")),
        *((ANGLE, text, 0.1) for text in ("0.1 deg", "0.1\u00b0", "0.1\u00ba", "0.1 degrees", "0.1 DEG", "0.1 Degree")),
        (ANGLE, "6 arcmin", 0.1),
        *((FLUX, f"1e12 {unit}", 1e12) for unit in ("ph/s", "ph/sec", "photons/s", "photons/sec", "Photons/s", "PH/S")),
        *((FLUX, f"1e12 {unit}", 1e12) for unit in ("ph / s", "photons per second")),
        *((FLUX, f"1e12 {unit}", 1e12) for unit in ("ph s-1", "ph s\u207b\u00b9", "phot/s", "photons per s")),
        *((ENERGY, f"12.8 {unit}", 12.8) for unit in ("keV", "KEV", "kev", "KeV", "kEV")),
        *((ENERGY, text, 12.8) for text in ("12800 eV", "12800 ev", "12800 EV", "0.0128 MeV", "0.0128 Mev")),
        (ENERGY, "12.8 kiloelectronvolt", 12.8),
        *((KELVIN, f"100 {unit}", 100) for unit in ("K", "k", "\u212a", "Kelvin", "degK", "\u00b0K")),
        *((KELVIN, f"-173.15 {unit}", 100) for unit in ("\u00b0C", "\u2103", "degC", "deg C", "C", "celsius")),
        (CELSIUS, "77.15 K", -196),
        *((CURRENT, text, 190) for text in ("190 mA", "190mA", "190 ma", "0.19 A", "0.19 Amp", "190000 uA")),
        *((DIVERGENCE, text, 0.12) for text in ("0.12 mrad", "120 urad", "120 \u00b5rad", "0.12 milliradians")),
        *((PERCENT, text, 30) for text in ("30 %", "30%", "30 percent")),
        *((PERCENT, text, 30) for text in ("30 per cent", "30 PERCENT", "30 pct", "30 \uff05")),
        (PERCENT, "0.3 fraction", 30),
        *((FRACTION, text, 0.062) for text in ("6.2 %", "6.2%", "6.2 percent", "6.2 pct", "0.062 fraction")),
        *((RATE, text, 1000) for text in ("1 kHz", "1000 Hz", "1000 HZ", "1 KHZ")),
        *((DOSE, f"50 {unit}", 50) for unit in ("e/\u00c5\u00b2", "e-/A^2")),
        *((DOSE, f"50 {unit}", 50) for unit in ("e\u207b/\u212b\u00b2", "electrons/A^2", "e/A2")),
        *((AREA, f"50 {unit}", 50) for unit in ("\u00c5\u00b2", "\u00c5^2", "A2", "\u212b\u00b2")),
    ],
)  # fmt: skip
def test_what_people_and_programs_write_is_understood(parameter: str, text: str, value: float) -> None:
    assert canonical(parameter, text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("parameter", "unit"),
    [
        *((DISTANCE, unit) for unit in ("MM", "Mm", "PM", "Pm", "A.", "mmm", "mm2", "inch", "s", "a")),
        *((TIME, unit) for unit in ("MS", "Ms", "Msec", "MSEC", "A", "m", "Hz")),
        *((ENERGY, unit) for unit in ("meV", "mev", "MEV", "MJ", "kV")),
        *((CURRENT, unit) for unit in ("MA", "Ma", "a", "\u00c5", "V")),
        *((ANGLE, unit) for unit in ("MRAD", "Mrad", "%", "C", "degC")),
        *((RATE, unit) for unit in ("MHZ", "mHz", "mhz", "ph/s", "rpm")),
        *((KELVIN, unit) for unit in ("\u00b0", "deg", "F", "A")),
        *((FLUX, unit) for unit in ("Hz", "1/s", "ph", "ph/min", "s")),
        *((PERCENT, unit) for unit in ("ppm", "rad", "m")),
    ],
)
def test_what_may_be_another_unit_is_not_guessed(parameter: str, unit: str) -> None:
    assert unit not in VOCABULARY.terms[parameter].conversions
    assert canonical(parameter, f"1 {unit}") is None


PAIRS = [(term.name, unit) for term in VOCABULARY.terms.values() if not term.loose for unit in term.conversions]


@given(st.sampled_from(PAIRS), st.data())
def test_letter_case_never_changes_a_value(pair: tuple[str, str], data: st.DataObject) -> None:
    parameter, unit = pair
    said = "".join(data.draw(st.sampled_from([letter.upper(), letter.lower(), letter])) for letter in unit)
    conversions = VOCABULARY.terms[parameter].conversions
    assert said not in conversions or said in dict(conversions) or conversions[said] == conversions[unit]


@pytest.mark.parametrize(
    ("parameter", "unit", "said", "canonical"),
    [
        ("MX_beamSizeAtSampleX", "um", 50, 0.05),
        ("MX_beamSizeAtSampleX", "µm", 50, 0.05),
        ("MX_beamSizeAtSampleX", "μm", 50, 0.05),
        ("MX_detectorDistance", "m", 0.15, 150),
        ("MX_exposureTime", "ms", 10, 0.01),
        ("InstrumentMonochromator_energy", "eV", 12812, 12.812),
        ("MX_wavelength", "nm", 0.09677, 0.9677),
        ("MX_wavelength", "A", 0.9677, 0.9677),
        ("InstrumentCryostat01_value", "°C", -173.15, 100),
        ("SampleTrackingParcel_storage_condition", "K", 77.15, -196),
        ("MX_transmission", "percent", 30, 30),
        ("MX_flux", "ph/s", 1e12, 1e12),
        ("InstrumentBeam_incident_beam_divergence", "urad", 120, 0.12),
        ("MX_oscillationRange", "mrad", 1.7453292519943295, 0.1),
    ],
)
def test_a_unit_is_converted_to_the_canonical_one(parameter: str, unit: str, said: float, canonical: float) -> None:
    conversion = VOCABULARY.terms[parameter].conversions[unit]
    assert conversion(said) == pytest.approx(canonical, rel=1e-12)


@pytest.mark.parametrize(
    ("parameter", "unit"),
    [
        ("MX_beamSizeAtSampleX", "s"),
        ("MX_oscillationRange", "%"),
        ("MX_transmission", "rad"),
        ("MX_flux", "Hz"),
        ("MX_detectorDistance", "nm·rad"),
    ],
)
def test_a_unit_of_another_quantity_is_not_converted(parameter: str, unit: str) -> None:
    assert unit not in VOCABULARY.terms[parameter].conversions


def test_a_factor_is_exact_where_arithmetic_would_make_it_ragged() -> None:
    units = Units({"keV": "kiloelectron_volt", "eV": "electron_volt", "um": "micrometer", "mm": "millimeter"})
    assert units.conversions_to("eV")["keV"].factor == 1000
    assert units.conversions_to("mm")["um"].factor == 0.001


def test_a_unit_that_pint_does_not_know_is_named() -> None:
    with pytest.raises(UnitUnknown, match="smoot: smoots_of_bridge is not a unit"):
        Units({"smoot": "smoots_of_bridge"})


def test_a_canonical_unit_must_be_listed() -> None:
    with pytest.raises(UnitUnknown, match="furlong is not listed"):
        Units({"m": "meter"}).conversions_to("furlong")
