"""What MXCuBE's own gatherer makes of a collection, in ICAT's own encoding: fetched here, never kept here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.topics import COMMITTED
from tests.flow.world import World
from tests.unit.icat_gateway.translation.speaking import a_dataset, translated

pytestmark = pytest.mark.integration

MXCUBECORE = "mxcubecore==2.149.0"
IMPORTED_BY_IT = ("colorama", "gevent", "PyDispatcher", "ruamel.yaml", "scipy")
"""What its gatherer cannot be imported without; all that it asks for is much more."""

ROOT = Path(__file__).parents[3]
RAW = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/Fus/run_01"


@pytest.fixture(scope="module")
def mxcubecore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MXCuBE in it."""
    folder = tmp_path_factory.mktemp("fetched")
    installing = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(folder)]
    try:
        for what in (["--no-deps", MXCUBECORE], IMPORTED_BY_IT):
            subprocess.run([*installing, *what], check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"{MXCUBECORE} cannot be fetched here: {error}")
    return folder


def gathered(mxcubecore: Path, suffix: str, wedge: float = 0.0) -> dict[str, Any]:
    """The metadata of a collection; its directory's name says of which sort it is."""
    collection = {
        "fileinfo": {"directory": f"{RAW}_{suffix}", "prefix": "Fus", "template": "Fus_1_%04d.h5"},
        "experiment_type": "OSC",
        "sample_reference": {"acronym": "Fus", "sample_name": "RAC1b"},
        "oscillation_sequence": [
            {
                "exposure_time": 0.01,
                "number_of_images": 900,
                "range": 0.2,
                "start": wedge,
                "offset": 0.0,
                "start_image_number": 1,
            }
        ],
        "collection_start_time": "2024-11-30 09:00:00",
        "resolution": 1.5,
        "collection_id": 3457818,
        "flux": 1e12,
        "workflow_parameters": {"workflow_type": "MXPressE"},
    }
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.integration.icat_gateway.gathering"],
        input=json.dumps(collection),
        env=os.environ | {"PYTHONPATH": f"{mxcubecore}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    metadata: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return metadata


def sent(metadata: dict[str, Any]) -> bytes:
    return a_dataset(metadata["location"], **metadata)


async def test_a_collection_as_mxcube_gathers_it_is_catalogued_and_flagged_for_pixels_once(
    mxcubecore: Path,
) -> None:
    world = World()
    await world.send(*translated(sent(gathered(mxcubecore, "datacollection"))))
    (event,) = world.said(COMMITTED.name)
    document = event["document"]
    assert (document["kind"], document["complete"]) == ("mx.raw.datacollection", True)
    assert document["sample"]["name"] == "Fus-RAC1b"
    assert document["investigation"]["facility_id"] == "123"
    flagged = {finding["parameter"]: finding["code"] for finding in document["findings"] if finding["parameter"]}
    assert flagged == {"MX_xBeam": "beam_centre_in_pixels"}


async def test_the_wedges_of_a_characterisation_as_mxcube_gathers_them_are_one_dataset(mxcubecore: Path) -> None:
    world = World()
    for wedge in (0.0, 90.0):
        await world.send(*translated(sent(gathered(mxcubecore, "characterisation", wedge))))
    documents = [event["document"] for event in world.said(COMMITTED.name)]
    assert world.committed() == [(f"{RAW}_characterisation", 1), (f"{RAW}_characterisation", 2)]
    assert [document["kind"] for document in documents] == ["mx.raw.characterisation"] * 2
    assert [document["complete"] for document in documents] == [False, False]
