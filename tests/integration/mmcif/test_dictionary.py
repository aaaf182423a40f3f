"""An exported file against the PDBx dictionary: the one that `PDBX_DICTIONARY` names, else Debian's, fetched here."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest
from gemmi import cif

from shared.vocabulary.mmcif import items_of, mmcif_text
from tests.builders.described import VOCABULARY
from tests.builders.mmcif import STATISTICS, TYPICAL, result, sweep

pytestmark = pytest.mark.integration

PACKAGE = "libcifpp-data"
EXPECTED = re.compile(
    r"""Bad\ DDL2:                                   # a fault of the dictionary itself
      | unknown\ tag\ _beamcat_                      # categories of our own
      | unknown\ tag\ _diffrn_radiation\.beam_       # imgCIF's items in PDBx's category
      | is\ for\ pdb\ internal\ use                  # R factors of Friedel mates apart: told at deposition
    """,
    re.VERBOSE,
)


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The PDBx dictionary, wherever it can be had."""
    if named := os.environ.get("PDBX_DICTIONARY"):
        return Path(named)
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if not (apt_get and dpkg_deb):
        pytest.skip("no PDBx dictionary: PDBX_DICTIONARY names none, and this is no Debian to fetch one from")
    folder = tmp_path_factory.mktemp("fetched")
    try:
        subprocess.run([apt_get, "download", PACKAGE], cwd=folder, check=True, capture_output=True, timeout=60)
        [package] = folder.glob("*.deb")
        subprocess.run([dpkg_deb, "-x", package, folder / "unpacked"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no PDBx dictionary: {PACKAGE} cannot be fetched here: {error}")
    [found] = folder.rglob("mmcif_pdbx.dic")
    return found


def test_an_exported_result_is_valid_by_the_dictionary(dictionary: Path) -> None:
    said = {**TYPICAL, **{term.name: term.type == "boolean" or 1 for term in STATISTICS}}
    sweeps = [sweep(1, MX_flux=1e12, MX_aperture=30.0, InstrumentSource_name="ESRF", MX_scanType="OSC"), sweep(2)]
    text = mmcif_text([result(said, sweeps), *sweeps], items_of(VOCABULARY))
    told: list[str] = []
    ddl = cif.Ddl(logger=(told.append, 6))
    ddl.read_ddl(cif.read(str(dictionary)))
    ddl.validate_cif(cif.read_string(text))
    assert any("unknown tag _beamcat_" in message for message in told)  # it was looked at
    assert [message for message in told if not EXPECTED.search(message)] == []


def test_every_item_that_is_written_is_in_the_dictionary(dictionary: Path) -> None:
    known = {name for block in cif.read(str(dictionary)) for item in block for name in _frame_items(item)}
    imgcif = {"_diffrn_radiation.beam_flux", "_diffrn_radiation.beam_width", "_diffrn_radiation.beam_height"}
    imgcif |= {"_diffrn_measurement.sample_detector_distance", "_diffrn_detector.layer_thickness"}
    written = set(items_of(VOCABULARY).by_item)
    assert len(written) > 50
    assert sorted(written - known - imgcif) == []


def _frame_items(item: cif.Item) -> list[str]:
    frame = cast("cif.Block | None", item.frame)
    return [] if frame is None else [cif.as_string(value) for value in frame.find_values("_item.name")]
