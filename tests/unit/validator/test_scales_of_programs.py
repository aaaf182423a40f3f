"""Statistics as programs print them, and as real files have them: each with what is taken and what is said of it.

A triplet is a statistic over all data, in the inner and in the outer shell.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.importers.names import names_of
from services.validator.parameters import ParameterReader, ParsedParameters
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE

READER = ParameterReader(VOCABULARY, ZONE)
SHELLS = ("overall", "inner", "outer")
PIPELINES = next(
    (folder for parent in Path(__file__).parents if (folder := parent / "shared" / "data" / "pipelines").is_dir()), None
)
CONVERTED, UNCERTAIN, CLIPPED, UNLIKELY = "percent_converted", "scale_uncertain", "value_clipped", "value_implausible"
UNDERSTOOD, NONE = "value_understood", "value_empty"


def _names(statistic: str) -> list[str]:
    return [f"MXAutoprocIntegrationScaling_{shell}_{statistic}" for shell in SHELLS]


def _read(statistic: str, triplet: tuple[Any, ...], unit: str | None) -> ParsedParameters:
    said = dict(zip(_names(statistic), triplet, strict=True))
    reading = READER.read(said, dict.fromkeys(said, unit) if unit else {})
    for name, value in said.items():
        assert reading.parameters[name]["original"] == str(value), "what was said stays as it is"
        assert reading.parameters[name].get("said_unit") == unit
    return reading


# What a program prints, in the unit that its format is known to have, or in none; what is taken; what is said of it.
PRINTED: list[tuple[str, str, str | None, tuple[Any, ...], tuple[float | None, ...], set[str]]] = [
    # CORRECT.LP and XSCALE.LP of XDS: per cent, with and without the sign that stands in the table.
    ("XDS", "r_merge", None, ("5.2%", "3.1%", "48.0%"), (0.052, 0.031, 0.48), set()),
    ("XDS", "r_merge", None, ("5.2", "3.1", "48.0"), (0.052, 0.031, 0.48), {CONVERTED}),
    ("XDS", "r_merge", None, ("4.2", "2.8", "35.0"), (0.042, 0.028, 0.35), {CONVERTED}),
    ("XDS", "r_merge", "%", ("4.2", "2.8", "35.0"), (0.042, 0.028, 0.35), set()),
    ("XDS", "r_merge", None, ("11.4", "3.9", "212.7"), (0.114, 0.039, 2.127), {CONVERTED}),
    ("XDS", "r_merge", None, ("62.4", "8.8", "1123.5"), (0.624, 0.088, 11.235), {CONVERTED}),
    ("XDS", "r_meas_all_IPlus_IMinus", None, ("12.2%", "4.1%", "-99.9%"), (0.122, 0.041, None), {NONE}),
    ("XDS", "r_meas_all_IPlus_IMinus", None, ("12.2", "4.1", "-99.9"), (0.122, 0.041, None), {CONVERTED, NONE}),
    ("XDS", "r_meas_all_IPlus_IMinus", "%", ("-99.9", "-99.9", "-99.9"), (None, None, None), {NONE}),
    ("XDS", "r_merge", None, ("2.1", "1.4", "4.9"), (2.1, 1.4, 4.9), {UNCERTAIN}),
    ("XDS", "cc_half", None, ("99.9", "99.9", "41.0"), (0.999, 0.999, 0.41), {CONVERTED}),
    ("XDS", "cc_half", None, ("99.9*", "99.9*", "41.0*"), (0.999, 0.999, 0.41), {UNDERSTOOD}),
    ("XDS", "cc_half", "%", ("99.9", "100.0", "0.4"), (0.999, 1.0, 0.004), set()),
    ("XDS", "cc_half", None, ("99.8", "99.9", "0.9"), (0.998, 0.999, 0.009), {CONVERTED}),
    ("XDS", "cc_half", None, ("99.8", "99.9", "-4.1"), (0.998, 0.999, -0.041), {CONVERTED}),
    ("XDS", "cc_half", None, ("100.0", "100.0", "87.2"), (1.0, 1.0, 0.872), {CONVERTED}),
    ("XDS", "ccAno", None, ("45", "72", "-3"), (0.45, 0.72, -0.03), {CONVERTED}),
    ("XDS", "ccAno", None, ("3", "12", "0"), (0.03, 0.12, 0.0), {CONVERTED}),
    ("XDS", "ccAno", None, ("-1", "5", "1"), (-0.01, 0.05, 0.01), {CONVERTED}),
    ("XDS", "completeness", None, ("99.7%", "98.9%", "96.2%"), (99.7, 98.9, 96.2), set()),
    ("XDS", "completeness", None, ("99.7", "98.9", "96.2"), (99.7, 98.9, 96.2), set()),
    # The summary of aimless: fractions, the completeness in per cent.
    ("aimless", "r_merge", None, ("0.052", "0.031", "0.480"), (0.052, 0.031, 0.48), set()),
    ("aimless", "r_merge", None, ("0.123", "0.045", "2.310"), (0.123, 0.045, 2.31), set()),
    ("aimless", "r_merge", None, ("0.300", "0.040", "6.500"), (0.3, 0.04, 6.5), {UNLIKELY}),
    ("aimless", "r_merge", None, ("0.62", "0.21", "7.1"), (0.62, 0.21, 7.1), {UNCERTAIN}),
    ("aimless", "r_merge", "1", ("0.62", "0.21", "7.1"), (0.62, 0.21, 7.1), set()),
    ("aimless", "r_pim_all_IPlus_IMinus", None, ("0.021", "0.013", "0.198"), (0.021, 0.013, 0.198), set()),
    ("aimless", "cc_half", None, ("0.999", "0.998", "0.412"), (0.999, 0.998, 0.412), set()),
    ("aimless", "cc_half", None, ("1.000", "1.000", "-0.021"), (1.0, 1.0, -0.021), set()),
    ("aimless", "ccAno", None, ("0.451", "0.721", "-0.030"), (0.451, 0.721, -0.03), set()),
    ("aimless", "completeness", None, ("99.7", "98.9", "96.2"), (99.7, 98.9, 96.2), set()),
    # xia2 and DIALS: numbers in JSON, with all their digits.
    ("xia2", "r_merge", "1", (0.0587, 0.0298, 1.4412), (0.0587, 0.0298, 1.4412), set()),
    ("xia2", "cc_half", "1", (0.9991, 0.9987, 0.3312), (0.9991, 0.9987, 0.3312), set()),
    ("xia2", "completeness", "%", (99.97, 99.85, 99.62), (99.97, 99.85, 99.62), set()),
    ("xia2", "completeness", "%", (12.3, 15.1, 0.62), (12.3, 15.1, 0.62), set()),
    ("DIALS", "cc_half", None, (0.998, 1.0000000000000002, 0.41), (0.998, 1.0, 0.41), {CLIPPED}),
    ("DIALS", "cc_half", "1", (0.998, 1.0000000000000002, 0.41), (0.998, 1.0, 0.41), {CLIPPED}),
    ("DIALS", "completeness", None, (100.00000000000001, 99.9, 98.0), (100.0, 99.9, 98.0), {CLIPPED}),
    ("DIALS", "anomalous_completeness", "1", (0.9832, 0.9961, 0.8712), (98.32, 99.61, 87.12), set()),
    ("DIALS", "anomalous_completeness", None, (0.9832, 0.9961, 0.8712), (0.9832, 0.9961, 0.8712), {UNCERTAIN}),
    ("DIALS", "r_merge", "1", (0.0512, 0.0301, 7.3), (0.0512, 0.0301, 7.3), set()),
    ("DIALS", "ccAno", "1", (0.0142, 0.1391, -0.0412), (0.0142, 0.1391, -0.0412), set()),
    # fast_dp, autoPROC, STARANISO: fractions and three digits, the completeness in per cent.
    ("fast_dp", "r_merge", "1", ("0.033000", "0.027000", "0.412000"), (0.033, 0.027, 0.412), set()),
    ("fast_dp", "cc_half", "1", ("0.999000", "0.997000", "0.812000"), (0.999, 0.997, 0.812), set()),
    ("fast_dp", "completeness", "%", ("84.100000", "77.300000", "12.900000"), (84.1, 77.3, 12.9), set()),
    ("autoPROC", "r_merge", "1", (".513", ".409", "1.265"), (0.513, 0.409, 1.265), set()),
    ("autoPROC", "r_merge", None, (".513", ".409", "1.265"), (0.513, 0.409, 1.265), set()),
    ("autoPROC", "r_merge", None, (".107", ".042", "3.806"), (0.107, 0.042, 3.806), set()),
    ("autoPROC", "cc_half", "1", ("1.000", "1.000", ".957"), (1.0, 1.0, 0.957), set()),
    ("autoPROC", "ccAno", "1", ("-0.355", "-0.500", "-0.023"), (-0.355, -0.5, -0.023), set()),
    ("STARANISO", "completeness_spherical", "%", ("58.3", "89.1", "0.9"), (58.3, 89.1, 0.9), set()),
    ("STARANISO", "completeness_spherical", None, ("58.3", "89.1", "0.9"), (58.3, 89.1, 0.9), {UNCERTAIN}),
    ("STARANISO", "completeness_ellipsoidal", "%", ("88.5", "89.1", "55.3"), (88.5, 89.1, 55.3), set()),
    ("STARANISO", "r_merge", "1", (".239", ".278", "3.341"), (0.239, 0.278, 3.341), set()),
    # EDNA_proc: R factors times 100, the correlations of aimless as they are.
    ("EDNA", "r_merge", "%", (5.2, 3.1, 48.0), (0.052, 0.031, 0.48), set()),
    ("EDNA", "r_merge", None, (5.2, 3.1, 48.0), (0.052, 0.031, 0.48), {CONVERTED}),
    ("EDNA", "r_merge", None, (4.2, 2.8000000000000003, 35.0), (0.042, 0.028, 0.35), {CONVERTED}),
    ("EDNA", "cc_half", "1", (0.999, 0.999, 0.41), (0.999, 0.999, 0.41), set()),
    ("EDNA", "r_merge", "%", (0.9, 0.7, 4.1), (0.009, 0.007, 0.041), set()),
    ("EDNA", "r_merge", "%", (0.052, 0.031, 0.48), (0.00052, 0.00031, 0.0048), {UNLIKELY}),
    # What nobody prints, but somebody sends.
    ("mixed", "cc_half", None, ("99.8", "0.5", "0.3"), (99.8, 0.5, 0.3), {UNCERTAIN}),
    ("mixed", "cc_half", None, ("99.8", "99.9", "0.41"), (99.8, 99.9, 0.41), {UNCERTAIN}),
    ("mixed", "cc_half", None, ("0.998", "0.999", "1.2"), (0.998, 0.999, 1.2), {UNCERTAIN}),
    ("mixed", "cc_half", None, ("99.8", "99.9", "250"), (0.998, 0.999, 250.0), {CONVERTED, UNLIKELY}),
    ("mixed", "r_merge", None, ("5.2", "3.1", "0.48"), (5.2, 3.1, 0.48), {UNCERTAIN}),
    ("mixed", "r_merge", None, ("1.3", "0.9", "7.1"), (1.3, 0.9, 7.1), {UNCERTAIN}),
    ("mixed", "r_merge", "1", ("5.2", "3.1", "48.0"), (5.2, 3.1, 48.0), {UNLIKELY}),
    ("mixed", "r_merge", "1", ("5.2 %", "3.1%", "48.0 percent"), (0.052, 0.031, 0.48), set()),
    ("mixed", "completeness", None, ("0.989", "0.998", "0.944"), (0.989, 0.998, 0.944), {UNCERTAIN}),
    ("mixed", "completeness", None, ("0.989", "99.8", "94.4"), (0.989, 99.8, 94.4), {UNCERTAIN}),
    ("mixed", "completeness", "1", ("0.989", "0.998", "0.944"), (98.9, 99.8, 94.4), set()),
    ("mixed", "completeness", None, ("98.9", "99.8", "0"), (98.9, 99.8, 0.0), {UNLIKELY}),
]


@pytest.mark.parametrize(("program", "statistic", "unit", "printed", "taken", "codes"), PRINTED)
def test_what_a_program_prints_is_taken_in_its_scale(
    program: str,
    statistic: str,
    unit: str | None,
    printed: tuple[Any, ...],
    taken: tuple[float | None, ...],
    codes: set[str],
) -> None:
    reading = _read(statistic, printed, unit)
    assert tuple(reading.parameters[name].get("value") for name in _names(statistic)) == taken, program
    assert {finding.code for finding in reading.findings} == codes, program


def test_the_table_has_programs_enough() -> None:
    assert len(PRINTED) >= 60
    assert {program for program, *_ in PRINTED} >= {
        *("XDS", "aimless", "xia2", "DIALS", "fast_dp", "autoPROC", "STARANISO", "EDNA"),
    }


def _triplets() -> Iterator[Any]:
    """Every triplet of a ratio in the real files: file, program, the format's name, the parameter's, three texts."""
    names = names_of("ispyb")
    ratios = {name for family in names.families.values() for name in family}
    family = {name: target for name, target in names.said.items() if name in ratios}
    for file in sorted(PIPELINES.glob("*.xml")) if PIPELINES else ():
        root = ET.parse(file).getroot()  # noqa: S314  files of this machine
        program = (root.findtext(".//processingPrograms") or "").split()[0]
        for number, container in enumerate(root.iter("AutoProcScalingContainer"), 1):
            shells = container.findall("AutoProcScalingStatistics")
            for name, target in family.items():
                texts = tuple(each.findtext(name.partition(".")[2]) or "" for each in shells)
                if all(texts) and "{" not in "".join(texts):
                    statistic = target.partition("{shell}_")[2]
                    yield pytest.param(program, name, statistic, texts, id=f"{file.stem}-{number}-{statistic}")


TRIPLETS = list(_triplets())


@pytest.mark.skipif(PIPELINES is None, reason="the files of pipelines are not here")
@pytest.mark.parametrize(("program", "name", "statistic", "texts"), TRIPLETS)
def test_what_a_real_file_says_is_taken_as_it_stands(
    program: str, name: str, statistic: str, texts: tuple[str, ...]
) -> None:
    unit = names_of("ispyb").units_of(program).get(name.casefold())
    assert unit is not None or program == "my_pipeline"
    for stated in {unit, None}:
        reading = _read(statistic, texts, stated)
        assert [reading.parameters[each]["value"] for each in _names(statistic)] == [float(text) for text in texts]
        assert reading.findings == []


@pytest.mark.skipif(PIPELINES is None, reason="the files of pipelines are not here")
def test_the_real_files_have_triplets_enough() -> None:
    assert len(TRIPLETS) >= 60


RATIOS = sorted(term.name for term in VOCABULARY.terms.values() if term.scale)
TOLD = {CONVERTED, UNCERTAIN, CLIPPED, NONE, UNLIKELY, "value_out_of_range"}
NUMBERS = st.one_of(
    st.floats(-1.1, 1.1).map(lambda value: round(value, 3)),
    st.floats(0, 120).map(lambda value: round(value, 1)),
    st.sampled_from([-99.9, -1.0, 0.0, 1.0, 1.0000000000000002, 100.0, 100.00000000000001, 7.1, 48.0, 1123.5]),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(
    st.dictionaries(
        st.sampled_from(RATIOS), st.tuples(NUMBERS, st.sampled_from(["", "%", " %", " percent"])), max_size=9
    ),
    st.dictionaries(st.sampled_from(RATIOS), st.sampled_from(["%", "1", "mm"])),
)
def test_no_value_changes_by_a_factor_without_a_finding(
    values: dict[str, tuple[float, str]], units: dict[str, str]
) -> None:
    said = {name: f"{number!r}{unit}" if unit else number for name, (number, unit) in values.items()}
    reading = READER.read(said, {name: unit for name, unit in units.items() if name in said})
    codes = {(finding.parameter, finding.code) for finding in reading.findings}
    for name, (number, own) in values.items():
        unit = own.strip() or units.get(name, "")
        term = VOCABULARY.terms[name]
        taken = reading.parameters[name].get("value")
        exact = term.conversions[unit.replace("1", "fraction")](number) if unit in ("%", "1", "percent") else number
        if taken != exact:
            assert any((name, code) in codes for code in {*TOLD, "unit_unknown"}), f"{name}: {number}{unit} is {taken}"
        if taken not in (None, exact):
            expected = number / 100 if (name, CONVERTED) in codes else exact
            assert taken == pytest.approx(expected, rel=1e-3)
            assert (name, CONVERTED) in codes or (name, CLIPPED) in codes
