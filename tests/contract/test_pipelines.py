"""Every number in the files that pipelines really wrote is catalogued with that value, or listed as not taken.

The files are not part of this repository; where they are not beside it, there is nothing to walk.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from clients.importers.assembly import FileNotUnderstood, Given, Imported
from clients.importers.files import read_pipeline_file
from shared.events.dataset import Submission
from tests.builders.validator import SUBMITTED_AT, a_checker

ROOT = Path(__file__).parents[2]
FOUND = next(
    (folder / "shared/data/pipelines" for folder in ROOT.parents if (folder / "shared/data/pipelines").is_dir()), None
)
FILES = sorted(FOUND.glob("*.*")) if FOUND else []
OURS = Given(
    proposal="mx1111", beamline="id30a-1", path="/data/visitor/mx1111/result_{result}", start="2024-11-30T09:00Z"
)
SHELLS = {"overall": "overall", "innerShell": "inner", "outerShell": "outer"}
STATISTICS = {
    "resolutionLimitLow": "resolution_limit_low",
    "resolutionLimitHigh": "resolution_limit_high",
    "rMerge": "r_merge",
    "rMeasWithinIPlusIMinus": "r_meas_within_IPlus_IMinus",
    "rMeasAllIPlusIMinus": "r_meas_all_IPlus_IMinus",
    "rPimWithinIPlusIMinus": "r_pim_within_IPlus_IMinus",
    "rPimAllIPlusIMinus": "r_pim_all_IPlus_IMinus",
    "nTotalObservations": "n_total_observations",
    "nTotalUniqueObservations": "n_total_unique_observations",
    "meanIOverSigI": "mean_I_over_sigI",
    "completeness": "completeness",
    "completenessSpherical": "completeness_spherical",
    "completenessEllipsoidal": "completeness_ellipsoidal",
    "multiplicity": "multiplicity",
    "ccHalf": "cc_half",
    "anomalousCompleteness": "anomalous_completeness",
    "anomalousCompletenessSpherical": "anomalous_completeness_spherical",
    "anomalousCompletenessEllipsoidal": "anomalous_completeness_ellipsoidal",
    "anomalousMultiplicity": "anomalous_multiplicity",
    "ccAnomalous": "ccAno",
    "DanoOverSigDano": "sigAno",
}
SCALED = "MXAutoprocIntegrationScaling_"
CELL = ("a", "b", "c", "alpha", "beta", "gamma")
OTHERS = {f"refinedCell_{side}": f"MXAutoprocIntegration_cell_{side}" for side in CELL}
OTHERS |= {
    f"{name}{number}": f"MXAutoprocIntegration_diffraction_limit_direction_{number}"
    for name in ("resolutionEllipsoidValue", "StaranisoEllipsoidEigenvalue")
    for number in (1, 2, 3)
}
OTHERS |= {"wavelength": "MX_wavelength"}
SWEEPS = {
    "startImageNumber": "start_image_number",
    "endImageNumber": "end_image_number",
    "refinedDetectorDistance": "detector_distance",
    "refinedXBeam": "beam_x",
    "refinedYBeam": "beam_y",
    **{f"rotationAxis{axis}": f"rotation_axis_{axis.lower()}" for axis in "XYZ"},
    **{f"beamVector{axis}": f"beam_vector_{axis.lower()}" for axis in "XYZ"},
    **{f"cell_{side}": f"cell_{side}" for side in CELL},
}

pipelines = pytest.mark.parametrize("file", FILES or [pytest.param(None, marks=pytest.mark.skip("no files are here"))])


def filled(file: Path, folder: Path) -> Path:
    """The file; in a template every place for a number holds a number of its own."""
    numbers = iter(range(1000, 2000))
    text = re.sub(r"\{[^{}]*:[fd]\}", lambda _: f"{next(numbers)}", file.read_text())
    copy = folder / file.name
    copy.write_text(re.sub(r"\{[^{}]*:s\}", "/data/visitor/mx1111/raw", text))
    return copy


def root_of(file: Path) -> ET.Element:
    return ET.parse(file).getroot()  # noqa: S314  the files are our own, and this reader is another than the one tested


def is_number(text: str | None) -> bool:
    try:
        return math.isfinite(float(text or ""))
    except ValueError:
        return False


def numbers_of(element: ET.Element) -> Iterator[tuple[str, str]]:
    """Tag and text of every number below an element, wherever it stands."""
    for each in element.iter():
        if len(each) == 0 and is_number(each.text):
            yield each.tag, str(each.text).strip()


def results_of(file: Path) -> dict[int, Imported]:
    """Every result that the file has, each by itself."""
    every = read_pipeline_file(file, OURS, "all")
    return {number: read_pipeline_file(file, OURS, str(number))[0] for number in range(1, len(every) + 1)}


def scaling_of(file: Path, number: int) -> ET.Element:
    return root_of(file).findall("AutoProcScalingContainer")[number - 1]


@pipelines
def test_every_number_is_taken_or_listed(file: Path, tmp_path: Path) -> None:
    copy = filled(file, tmp_path)
    said = Counter(numbers_of(root_of(copy)))
    assert len(said) > 20
    for imported in results_of(copy).values():
        listed = {(one.place.rpartition(".")[2], one.value) for one in imported.unplaced}
        parameters = imported.submission["parameters"]
        for tag, text in said:
            names = {f"MXAutoprocIntegrationScaling_{shell}_{STATISTICS.get(tag)}" for shell in SHELLS.values()}
            names |= {OTHERS.get(tag, ""), f"MXAutoprocIntegration_{SWEEPS.get(tag)}"}
            taken = {float(parameters[name]) for name in names & parameters.keys()}
            assert float(text) in taken or (tag, text) in listed, (tag, text)


@pipelines
def test_the_values_of_a_result_are_its_own_containers(file: Path, tmp_path: Path) -> None:
    copy = filled(file, tmp_path)
    results = results_of(copy)
    assert len(results) == len(root_of(copy).findall("AutoProcScalingContainer"))
    for number, imported in results.items():
        parameters = imported.submission["parameters"]
        expected = {
            f"{SCALED}{SHELLS[str(shell.findtext('scalingStatisticsType'))]}_{STATISTICS[tag]}": text
            for shell in scaling_of(copy, number).findall("AutoProcScalingStatistics")
            for tag, text in numbers_of(shell)
        }
        scaled = {name: value for name, value in parameters.items() if "IntegrationScaling_" in name}
        assert scaled == expected
        ellipsoid = {tag: text for tag, text in numbers_of(scaling_of(copy, number)) if tag in OTHERS}
        assert {OTHERS[tag]: text for tag, text in ellipsoid.items()}.items() <= parameters.items()
        assert bool(ellipsoid) == any("diffraction_limit" in name for name in parameters)
        axes = {tag for tag, _ in numbers_of(scaling_of(copy, number)) if re.search(r"Axis\d\d|Matrix\d\d", tag)}
        assert axes <= {one.place.rpartition(".")[2] for one in imported.unplaced}


@pipelines
def test_without_a_choice_staraniso_is_taken_and_several_sweeps_are_refused(file: Path, tmp_path: Path) -> None:
    copy = filled(file, tmp_path)
    count = len(root_of(copy).findall("AutoProcScalingContainer"))
    is_anisotropic = "staraniso" in file.name
    if count > 1 and not is_anisotropic:
        with pytest.raises(
            FileNotUnderstood, match=rf"{count} results(.|\n)* 1: (.|\n)* {count}: .*, the same statistics as 1"
        ):
            read_pipeline_file(copy, OURS)
        return
    [imported] = read_pipeline_file(copy, OURS)
    last = results_of(copy)[count]
    assert imported.submission["parameters"] == last.submission["parameters"]
    folders = {element.text for element in root_of(copy).iter("fileLocation")}
    assert set(imported.submission["input"]) == folders
    assert [finding.code for finding in imported.findings] == ["result_chosen"] * (count > 1)


@pipelines
def test_a_canonical_value_is_the_value_that_was_said_or_the_scale_is_told(file: Path, tmp_path: Path) -> None:
    copy = filled(file, tmp_path)
    for imported in results_of(copy).values():
        verdict = a_checker().check(Submission.model_validate(imported.submission), "r", SUBMITTED_AT)
        told = {finding.parameter for finding in verdict.findings}
        told |= imported.submission.get("units", {}).keys()
        for name, said in imported.submission["parameters"].items():
            canonical: Any = verdict.parameters[name].get("value") if name in verdict.parameters else None
            if is_number(said) and canonical is not None and not math.isclose(canonical, float(said)):
                assert name in told, (name, said, canonical)
                assert any(math.isclose(canonical, float(said) * factor) for factor in (100, 0.01)), (name, said)


def test_what_is_listed_can_be_read_by_a_machine() -> None:
    for file in FILES:
        for imported in read_pipeline_file(file, OURS, "all"):
            json.dumps(imported.submission, allow_nan=False)
