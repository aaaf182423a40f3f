"""A unit that a producer writes becomes the canonical one, or is refused."""

import pytest

from shared.units import Units, UnitUnknown
from tests.described import VOCABULARY


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
    with pytest.raises(UnitUnknown, match="smoot: smoots_of_bridge is no unit"):
        Units({"smoot": "smoots_of_bridge"})


def test_a_canonical_unit_must_be_listed() -> None:
    with pytest.raises(UnitUnknown, match="furlong is not listed"):
        Units({"m": "meter"}).conversions_to("furlong")
