import random
from pathlib import Path
from typing import Any

import pytest
from gemmi import cif

from clients.importers.assembly import Given, Imported
from clients.importers.files import read_pipeline_file
from shared.events.dataset import DeclaredFile, Document
from shared.vocabulary.mmcif import is_exportable, items_of, mmcif_text
from shared.vocabulary.vocabulary import Term
from tests.builders.described import VOCABULARY
from tests.builders.mmcif import PROCESSED, RAW, STATISTICS, TYPICAL, result, sweep
from tests.builders.search.records import Kept

ITEMS = items_of(VOCABULARY)


def block_of(*lineage: Document) -> cif.Block:
    return cif.read_string(mmcif_text(lineage, ITEMS)).sole_block()


def column(block: cif.Block, tag: str) -> list[str]:
    return [cif.as_string(value) for value in block.find_values(tag)]


def read_back(tmp_path: Path, *lineage: Document) -> Imported:
    file = tmp_path / "exported.cif"
    file.write_text(mmcif_text(lineage, ITEMS), encoding="utf-8")
    [imported] = read_pipeline_file(file, Given())
    return imported


def random_value(term: Term, chance: random.Random) -> Any:
    low, high = term.plausible or (-1e3, 1e3)
    if term.type == "boolean":
        return chance.random() < 0.5
    if term.type == "integer":
        return chance.randint(int(low), int(high))
    return chance.uniform(low, high) * 10 ** -chance.randint(0, 9)


def test_a_result_says_cell_symmetry_and_statistics_under_their_items() -> None:
    block = block_of(result(TYPICAL, [sweep(1)]), sweep(1))
    assert column(block, "_cell.length_a") == ["57.8"]
    assert column(block, "_symmetry.space_group_name_H-M") == ["P 41 21 2"]
    assert column(block, "_reflns.pdbx_Rmerge_I_obs") == ["0.061"]
    assert column(block, "_software.name") == ["autoPROC"]
    assert column(block, "_exptl_crystal.description") == ["lyso #1"]


def test_the_inner_shell_is_the_first_and_the_outer_the_last() -> None:
    block = block_of(result(TYPICAL, [sweep(1)]), sweep(1))
    assert column(block, "_reflns_shell.pdbx_ordinal") == ["1", "2"]
    assert column(block, "_reflns_shell.Rmerge_I_obs") == ["0.02", "0.9"]
    assert column(block, "_reflns_shell.d_res_high") == ["3.8", "1.4"]


def test_each_sweep_is_a_diffraction_experiment_of_its_own() -> None:
    sweeps = [sweep(1), sweep(2, InstrumentDetector01_model="PILATUS3 6M")]
    block = block_of(result(TYPICAL, sweeps), *sweeps)
    assert column(block, "_diffrn.id") == ["1", "2"]
    assert column(block, "_diffrn.ambient_temp") == ["100.0", "100.0"]
    assert [float(said) for said in column(block, "_diffrn_radiation_wavelength.wavelength")] == [1.0677, 1.1677]
    assert column(block, "_diffrn_detector.type") == ["EIGER X 4M", "PILATUS3 6M"]
    assert column(block, "_diffrn_source.pdbx_synchrotron_beamline") == ["id30a-3", "id30a-3"]
    assert column(block, "_reflns.pdbx_diffrn_id") == ["1,2"]


def test_provenance_names_every_input_and_how_it_was_used() -> None:
    integrated = result({"Process_program": "XDS"}, [sweep(1)], "XDS")
    block = block_of(result(TYPICAL, [integrated, sweep(2)]), integrated, sweep(2), sweep(1))
    related = column(block, "_pdbx_related_exp_data_set.details")
    assert [said.partition(" ")[0] for said in related] == [f"{PROCESSED}/XDS", f"{RAW}/run_02", f"{RAW}/run_01"]
    assert column(block, "_pdbx_related_exp_data_set.data_set_type") == ["other data", *["diffraction image data"] * 2]
    assert len(column(block, "_beamcat_link.child_id")) == 3


def test_what_is_exported_is_imported_as_the_same_dataset(tmp_path: Path) -> None:
    dataset = result(TYPICAL, [sweep(1), sweep(2)])
    imported = read_back(tmp_path, dataset, sweep(1), sweep(2))
    submission = imported.submission
    wanted = {"path": dataset.path, "name": dataset.name, "proposal": "mx1111", "sample": "lyso #1", "technique": "MX"}
    assert submission.items() >= wanted.items()
    assert submission["input"] == [f"{RAW}/run_01", f"{RAW}/run_02"]
    assert imported.unplaced == []
    expected = {name: value if isinstance(value, bool | list) else str(value) for name, value in TYPICAL.items()}
    expected["Process_note"] = str(expected["Process_note"]).replace("\n;", "\n ;")
    assert submission["parameters"] == expected


def test_the_files_of_a_result_are_those_that_are_read_back(tmp_path: Path) -> None:
    dataset = result({}, []).model_copy(update={"files": [DeclaredFile(path="a b.mtz"), DeclaredFile(path="/data/c")]})
    assert read_back(tmp_path, dataset).submission["files"] == [{"path": "a b.mtz"}, {"path": "/data/c"}]


@pytest.mark.parametrize("said", ["P41212", "H 3 2", "no group at all", "P 1"])
def test_a_space_group_is_spelt_as_pdbx_does_and_read_back_as_it_was(tmp_path: Path, said: str) -> None:
    dataset = result({"MXAutoprocIntegration_space_group": said}, [sweep(1)])
    assert read_back(tmp_path, dataset).submission["parameters"] == {"MXAutoprocIntegration_space_group": said}
    written = column(block_of(dataset), "_symmetry.space_group_name_H-M")
    assert written == ["P 41 21 2" if said == "P41212" else said]


def test_any_statistics_are_read_back_as_the_same_numbers(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 (shown when the test fails)
    chance = random.Random(seed)
    for _ in range(20):
        terms = chance.sample(STATISTICS, chance.randint(1, len(STATISTICS)))
        said = {term.name: random_value(term, chance) for term in terms}
        imported = read_back(tmp_path, result(said, [sweep(1)]), sweep(1))
        assert imported.unplaced == []
        read = imported.submission["parameters"]
        assert {name: value if isinstance(value, bool) else float(value) for name, value in read.items()} == said


@pytest.mark.parametrize("word", ["unknown", "-9999", "?", "<0.05"])
def test_what_has_no_canonical_value_is_no_items_and_is_read_back_as_it_was_said(tmp_path: Path, word: str) -> None:
    dataset = result({"MXAutoprocIntegrationScaling_overall_r_merge": Kept(word)}, [sweep(1)])
    assert column(block_of(dataset), "_reflns.pdbx_Rmerge_I_obs") in ([], ["?"])
    assert read_back(tmp_path, dataset).submission["parameters"] == {
        "MXAutoprocIntegrationScaling_overall_r_merge": word
    }


def test_nothing_is_said_where_nothing_is_known() -> None:
    block = block_of(result({}, []))
    categories = {name.rstrip(".") for name in block.get_mmcif_category_names()}
    assert not categories & {"_cell", "_symmetry", "_reflns", "_reflns_shell", "_software", "_beamcat_parameter"}


def test_only_results_of_macromolecular_crystallography_are_exported() -> None:
    assert is_exportable(result(TYPICAL, [sweep(1)]))
    assert not is_exportable(sweep(1))
    assert not is_exportable(result(TYPICAL, [sweep(1)]).model_copy(update={"technique": "EM"}))


def test_a_lineage_that_is_too_long_names_every_input_and_says_what_it_does_not_describe(tmp_path: Path) -> None:
    sweeps = [sweep(number) for number in range(150)]
    merged = result(TYPICAL, sweeps)
    block = block_of(merged, *sweeps[:2])
    assert column(block, "_beamcat_lineage.details") == [
        "the nearest 3 datasets are described; of what they were made from, 148 are not"
    ]
    assert len(column(block, "_pdbx_related_exp_data_set.details")) == 150
    assert len(column(block, "_diffrn.id")) == 2
    assert read_back(tmp_path, merged, *sweeps[:2]).submission["input"] == [one.path for one in sweeps]
    assert column(block_of(merged, *sweeps), "_beamcat_lineage.details") == []
