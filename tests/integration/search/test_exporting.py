"""A result of crystallography leaves the catalogue as PDBx/mmCIF."""

from pathlib import Path

import pytest
from gemmi import cif

from clients.importers.assembly import Given
from clients.importers.files import read_pipeline_file
from tests.builders.search.records import Topics, dataset_id
from tests.integration.search.asking import asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration

RAW = "/data/visitor/mx1111/run_1"
RESULT = "/data/visitor/mx1111/autoPROC"


async def test_what_the_catalogue_exports_is_read_back_as_it_was_committed(
    world: PostgresWorld, tmp_path: Path
) -> None:
    topics = Topics()
    statistics = {"MXAutoprocIntegrationScaling_outer_r_merge": 0.913, "MXAutoprocIntegration_cell_a": 57.8}
    await world.note(topics.committed(RAW, {"InstrumentMonochromator_wavelength": 0.9677}))
    await world.note(topics.committed(RESULT, statistics, [RAW]))
    async with asking(world.database) as ask:
        answer = await ask.client.get(f"/datasets/{dataset_id(RESULT)}.cif")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "chemical/x-mmcif")
        assert "processed MX" in (await ask.get(f"/datasets/{dataset_id(RAW)}.cif", 406))["detail"]
        assert (await ask.get(f"/datasets/{dataset_id(RESULT)}"))["document"]["path"] == RESULT
    block = cif.read_string(answer.text).sole_block()
    assert list(block.find_values("_diffrn_radiation_wavelength.wavelength")) == ["0.9677"]
    file = tmp_path / "autoPROC.cif"
    file.write_text(answer.text, encoding="utf-8")
    [imported] = read_pipeline_file(file, Given())
    submission = imported.submission
    assert (submission["path"], submission["input"]) == (RESULT, [RAW])
    assert {name: float(value) for name, value in submission["parameters"].items()} == statistics
