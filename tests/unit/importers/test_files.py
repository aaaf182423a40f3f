import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clients.importers.assembly import FileNotUnderstood, Given, Imported
from clients.importers.files import read_pipeline_file as read_all
from clients.importers.names import FORMATS, names_of
from shared.runtime.settings import SettingsInvalid
from tests.builders.described import VOCABULARY
from tests.unit.importers.files_of_pipelines import (
    METADATA,
    XIA2,
    cif,
    ispyb_xml,
    merging_statistics,
    written,
)

OURS = Given(proposal="mx1111")


def read_pipeline_file(file: Path, given: Given, result: str | None = None) -> Imported:
    """The one submission in a file."""
    [imported] = read_all(file, given, result)
    return imported


def scaling(imported: Imported, statistic: str) -> list[Any]:
    parameters = imported.submission["parameters"]
    shells = ("overall", "inner", "outer")
    return [parameters.get(f"MXAutoprocIntegrationScaling_{shell}_{statistic}") for shell in shells]


def integration(imported: Imported, name: str) -> Any:
    return imported.submission["parameters"].get(f"MXAutoprocIntegration_{name}")


def unplaced(imported: Imported) -> dict[str, str]:
    return {one.place: f"{one.value}: {one.reason}" for one in imported.unplaced}


def test_an_autoproc_container_becomes_a_submission_with_its_sweep_as_input(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "autoPROC.xml", ispyb_xml(900)), OURS)
    submission = imported.submission
    assert submission["input"] == ["/data/raw/s1"]
    assert submission["files"] == [{"path": "/data/proc/summary.html"}]
    assert (submission["start"], submission["end"]) == ("2024-11-30T09:00:00Z", "2024-11-30T09:10:00+01:00")
    assert submission["parameters"]["Process_program"] == "autoPROC"
    assert submission["parameters"]["Process_version"] == "1.0.5"
    assert submission["parameters"]["MX_wavelength"] == ".96546"
    assert (integration(imported, "space_group"), integration(imported, "cell_a")) == ("P 21 21 21", "78.2")
    assert integration(imported, "end_image_number") == "900"
    assert integration(imported, "anomalous") == "true"
    assert (submission["path"], submission["name"]) == (str(tmp_path), tmp_path.name)


def test_an_r_factor_whose_scale_the_format_does_not_say_is_handed_over_as_it_stands(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "EDNA.xml", ispyb_xml(900)), OURS)
    assert scaling(imported, "r_merge") == ["6.5", "3.1", "91.0"]
    assert scaling(imported, "sigAno") == ["1.1"] * 3
    assert scaling(imported, "isa") == ["23.5"] * 3


def test_a_zones_abbreviation_is_the_facilitys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "autoPROC.xml", ispyb_xml(900).replace("09:10:00 CET", "23:10:00 CST"))
    with pytest.raises(FileNotUnderstood, match="'cst' is a time zone in several places"):
        read_pipeline_file(file, OURS)
    monkeypatch.setenv("BEAMCAT_TIME_ZONE", "Asia/Shanghai")
    assert read_pipeline_file(file, OURS).submission["end"] == "2024-11-30T23:10:00+08:00"
    monkeypatch.setenv("BEAMCAT_TIME_ZONE", "Mars/Olympus")
    with pytest.raises(
        SettingsInvalid, match="BEAMCAT_TIME_ZONE: 'Mars/Olympus' is wrong: there is no such IANA time zone"
    ):
        read_pipeline_file(file, OURS)


@pytest.mark.parametrize("program", ["autoPROC_staraniso", "XIA2_DIALS", "xia2-3dii 3.18"])
def test_the_scale_of_a_program_is_known_under_the_names_that_facilities_give_it(tmp_path: Path, program: str) -> None:
    content = ispyb_xml().replace("autoPROC 1.0.5 (20211020)", program)
    units = read_pipeline_file(written(tmp_path, "x.xml", content), OURS).submission["units"]
    assert units["MXAutoprocIntegrationScaling_outer_r_merge"] == "1"


def test_the_empty_date_of_a_database_is_no_date(tmp_path: Path) -> None:
    content = ispyb_xml().replace("Sat Nov 30 09:00:00 GMT 2024", "0000-00-00 00:00:00")
    imported = read_pipeline_file(written(tmp_path, "x.xml", content), OURS)
    assert imported.submission["start"] == "2024-11-30T09:10:00+01:00"
    assert "says that there is no value" in unplaced(imported)["AutoProcProgram.processingStartTime"]


@pytest.mark.parametrize("nothing", ["None", "n/a", "0000-00-00 00:00:00", ""])
def test_a_word_for_no_start_is_no_start(tmp_path: Path, nothing: str) -> None:
    content = METADATA | {"startDate": nothing, "endDate": "2024-11-30T10:00:00+01:00"}
    imported = read_pipeline_file(written(tmp_path, "metadata.json", content), OURS)
    assert imported.submission["start"] == imported.submission["end"] == "2024-11-30T10:00:00+01:00"
    assert [finding.code for finding in imported.findings] == ["start_assumed"]


def test_a_sample_whose_name_is_a_number_has_it_as_text(tmp_path: Path) -> None:
    content = METADATA | {"Sample_name": 12}
    imported = read_pipeline_file(written(tmp_path, "metadata.json", content), OURS)
    assert imported.submission["sample"] == "12"


def test_what_has_no_place_is_listed(tmp_path: Path) -> None:
    listed = unplaced(read_pipeline_file(written(tmp_path, "autoPROC.xml", ispyb_xml(900)), OURS))
    assert listed["AutoProcScalingStatistics[outerShell].resIOverSigI2"].startswith("1.9")
    assert listed["AutoProcIntegration.cell_a"] == "78.11: AutoProc.refinedCell_a says 78.2, which was taken"
    assert listed["AutoProcProgram.processingPrograms"].startswith("20211020")


def test_what_sweeps_say_differently_is_of_none_of_them(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "autoPROC.xml", ispyb_xml(900, 400)), OURS)
    assert imported.submission["input"] == ["/data/raw/s1", "/data/raw/s2"]
    assert integration(imported, "start_image_number") == "1"
    assert integration(imported, "end_image_number") is None
    listed = unplaced(imported)
    assert "the sweeps differ" in listed["AutoProcIntegrationContainer[1].AutoProcIntegration.endImageNumber"]
    assert "the sweeps differ" in listed["AutoProcIntegrationContainer[2].AutoProcIntegration.endImageNumber"]


def test_what_the_user_gives_stands_above_the_file(tmp_path: Path) -> None:
    given = Given("mx2222", "id30b", "lyso", "/data/p/x", "x", ("/data/raw/other",))
    imported = read_pipeline_file(written(tmp_path, "autoPROC.xml", ispyb_xml(900)), given)
    wanted = {"proposal": "mx2222", "beamline": "id30b", "sample": "lyso", "path": "/data/p/x", "name": "x"}
    assert imported.submission.items() >= wanted.items()
    assert imported.submission["input"] == ["/data/raw/other"]
    assert "/data/raw/s1" in unplaced(imported)["input"]


def test_xia2_json_gives_statistics_cell_space_group_and_anomalous_flag(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "xia2.json", XIA2), OURS)
    assert scaling(imported, "r_merge") == [0.05, 0.02, 0.9]
    assert scaling(imported, "n_total_unique_observations") == [50000, 2600, 3600]
    assert integration(imported, "cell_c") == 150.0
    assert integration(imported, "space_group") == "P 41 21 2"
    assert integration(imported, "anomalous") is True
    assert imported.submission["parameters"]["MX_wavelength"] == 0.9795
    listed = " ".join(f"{place} {what}" for place, what in unplaced(imported).items())
    for told in ("Anomalous slope", "P 43 21 2", "_working_directory"):
        assert told in listed


def test_merging_statistics_give_the_innermost_and_the_outermost_bin(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "scaled.json", merging_statistics()), OURS)
    assert scaling(imported, "r_merge") == [0.06, 0.02, 0.8]
    assert scaling(imported, "r_meas_within_IPlus_IMinus") == [0.07, 0.03, 0.9]
    assert scaling(imported, "resolution_limit_high") == pytest.approx([2.0, 5.0, 2.0])
    assert scaling(imported, "resolution_limit_low") == pytest.approx([50.0, 50.0, 2.5])
    assert unplaced(imported)["datasets.All data.merging_stats.r_merge[2]"].startswith("0.05: it lies between")
    assert "datasets.All data.merging_stats.overall.i_mean" in unplaced(imported)


def test_a_list_shorter_than_the_bins_is_of_no_shell(tmp_path: Path) -> None:
    content = merging_statistics()
    content["datasets"]["All data"]["merging_stats"]["cc_one_half"] = [0.99, 0.4]
    imported = read_pipeline_file(written(tmp_path, "scaled.json", content), OURS)
    assert scaling(imported, "cc_half") == [None, None, None]
    assert {"datasets.All data.merging_stats.cc_one_half[1]", "datasets.All data.merging_stats.cc_one_half[2]"} <= set(
        unplaced(imported)
    )
    assert scaling(imported, "r_merge") == [0.06, 0.02, 0.8]


def test_one_bin_alone_is_the_outer_shell(tmp_path: Path) -> None:
    content = {"overall": {"r_merge": 0.06}, "r_merge": [0.06]}
    imported = read_pipeline_file(written(tmp_path, "scaled.json", content), OURS)
    assert scaling(imported, "r_merge") == [0.06, None, 0.06]


def test_a_value_beyond_the_three_shells_of_xia2_is_listed(tmp_path: Path) -> None:
    content = json.loads(json.dumps(XIA2))
    [statistics] = content["_crystals"]["DEFAULT"]["_scaler"]["_scalr_statistics"].values()
    name = next(name for name, values in statistics.items() if len(values) == 3)
    statistics[name].append(0.123)
    imported = read_pipeline_file(written(tmp_path, "xia2.json", content), OURS)
    assert any(value.startswith("0.123") for value in unplaced(imported).values())


@pytest.mark.parametrize("spelt", [str.lower, str.upper, str.swapcase])
def test_elements_of_xml_are_known_in_any_letter_case(tmp_path: Path, spelt: Callable[[str], str]) -> None:
    content = ispyb_xml()
    odd = re.sub(r"(?<=</)\w+|(?<=<)\w+", lambda name: spelt(name[0]), content)
    read, expected = (read_pipeline_file(written(tmp_path, "x.xml", each), OURS) for each in (odd, content))
    assert read.submission == expected.submission
    assert [each.value for each in read.unplaced] == [each.value for each in expected.unplaced]


def test_a_block_of_cif_may_begin_in_capitals(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "x.cif", cif().replace("data_xia2", "DATA_xia2")), OURS)
    assert integration(imported, "cell_a") == "57.80"


def test_mmcif_is_read_by_the_vocabularys_items_and_what_stands_for_them(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "xia2.mmcif", cif()), OURS)
    assert integration(imported, "cell_a") == "57.80"
    assert integration(imported, "space_group") == "P 41 21 2"
    assert scaling(imported, "r_merge") == ["0.061", "0.020", "0.900"]
    assert scaling(imported, "mean_I_over_sigI") == [None, "40.0", "0.9"]
    assert imported.submission["parameters"]["MX_wavelength"] == "0.9795"
    assert imported.submission["parameters"]["Process_program"] == "DIALS"
    listed = unplaced(imported)
    assert listed["_pdbx_diffrn_unmerged_refln"].startswith("500 rows")
    assert listed["_reflns.phenix_mean_I"].startswith("12.5")
    assert "PHASER" in listed["_software[1].name"]
    assert listed["_reflns_shell[2].Rmerge_I_obs"].startswith("0.100: it lies between")


def test_metadata_of_mxcube_is_handed_over_under_its_own_names(tmp_path: Path) -> None:
    imported = read_pipeline_file(written(tmp_path, "metadata.json", METADATA), Given())
    wanted = {"name": METADATA["datasetName"], "path": METADATA["location"], "proposal": "mx1111", "sample": "lyso"}
    assert imported.submission.items() >= wanted.items()
    assert imported.submission["complete"] is False
    assert imported.submission["parameters"] == {"MX_numberOfImages": 900, "lims": "ICAT"}
    assert set(unplaced(imported)) == {"experimentPlan[1].key", "experimentPlan[1].value"}


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb">]><AutoProcContainer>&b;</AutoProcContainer>'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (BOMB, "has a document type"),
        ("<a>" * 50, "more than 20 levels"),
        ("<AutoProcContainer>", "is not XML"),
        ("<html></html>", "root is html"),
        ("<AutoProcContainer/>", "is empty"),
        ('{"_crystals": {}}', "holds no result"),
        ('{"a": 1}', "none of: metadata.json"),
        ("{", "is not JSON"),
        ("[1]", "no JSON object"),
        ('{"overall": {"r_merge": 0.1, "cc_anom": 0, "r_merge": 0.2}}', "'r_merge' twice"),
        ("data_a\n_b.c", "is not CIF"),
        ("data_a\n_b.c 1\n", "no item"),
        ("PDB", "neither XML, JSON nor CIF"),
        ("", "neither XML, JSON nor CIF"),
        ('{"datasetName": "a", "location": "/data/a"}', "--proposal"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(FileNotUnderstood, match=complaint):
        read_pipeline_file(written(tmp_path, "file", content), Given())


@pytest.mark.parametrize("format_name", sorted(file.stem for file in FORMATS.glob("*.toml")))
def test_every_target_of_a_format_is_a_parameter_or_a_field(format_name: str) -> None:
    vocabulary = VOCABULARY
    fields = {"name", "path", "proposal", "beamline", "sample", "start", "end", "technique"}
    fields |= {"complete", "investigation_id", "input", "files"}
    names = names_of(format_name)
    assert all(any(name.startswith(beginning) for name in names.said) for beginning in names.by_sweep)
    for target in [*names.said.values(), *names.parameters]:
        for shell in ("overall", "inner", "outer"):
            filled = target.replace("{shell}", shell)
            field = filled.removeprefix("submission.")
            assert field in fields if field != filled else filled in vocabulary.terms, target


def test_no_statistic_of_the_vocabulary_is_missing_from_the_names_of_ispyb() -> None:
    prefix = "MXAutoprocIntegrationScaling_overall_"
    known = {name for name in VOCABULARY.terms if name.startswith(prefix)}
    read = {target.replace("{shell}", "overall") for target in names_of("ispyb").said.values()}
    assert len(known) == 24
    assert known <= read


JUNK: list[Any] = [None, [], {}, "", "x", -1, [None], {"a": {}}, [[1]], True, 1e400]


def spoilt(content: Any, chance: random.Random) -> Any:
    """The same with one value somewhere replaced by junk."""
    if not isinstance(content, dict | list) or not content or chance.random() < 0.1:
        return chance.choice(JUNK)
    places = list(content) if isinstance(content, dict) else list(range(len(content)))
    chosen = chance.choice(places)
    copy = content.copy()
    copy[chosen] = spoilt(content[chosen], chance)
    return copy


@pytest.mark.parametrize("content", [XIA2, METADATA, merging_statistics(), {"AutoProc": {"spaceGroup": "P 1"}}])
def test_a_spoilt_file_is_read_or_refused_in_words(tmp_path: Path, content: Any) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 (shown when the test fails)
    chance = random.Random(seed)
    for _ in range(200):
        file = written(tmp_path, "spoilt.json", spoilt(content, chance))
        with suppress(FileNotUnderstood):
            json.dumps(read_pipeline_file(file, OURS).submission, allow_nan=False)


def test_a_spoilt_xml_file_is_read_or_refused_in_words(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 (shown when the test fails)
    chance = random.Random(seed)
    pieces = re.split(r"(?=<)", ispyb_xml(900, 400))
    for _ in range(200):
        start, end = sorted(chance.randrange(len(pieces)) for _ in range(2))
        change = chance.choice([[], pieces[start:end] * 2, ["<x>1</x>"], [chance.choice(pieces)]])
        content = "".join([*pieces[:start], *change, *pieces[end:]])
        with suppress(FileNotUnderstood):
            for imported in read_all(written(tmp_path, "spoilt.xml", content), OURS, "1"):
                json.dumps(imported.submission, allow_nan=False)


@pytest.mark.parametrize(
    ("whole", "shells", "unit"),
    [
        ("0.995", ("99.9", "98.1"), "1"),
        ("1.0", ("100.0", "100.0"), "1"),
        ("99.5", ("99.9", "98.1"), None),
        ("0.995", ("0.999", "0.981"), None),
        ("0.8", ("0.9", "98.1"), None),
        ("0.995", (), None),
        ("0.995", ("?", "x"), None),
    ],
)
def test_a_completeness_of_the_whole_that_can_only_be_a_fraction_is_one(
    tmp_path: Path, whole: str, shells: tuple[str, ...], unit: str | None
) -> None:
    rows = "".join(f"{2.0 - number} {shell}\n" for number, shell in enumerate(shells))
    loop = f"loop_\n_reflns_shell.d_res_high\n_reflns_shell.percent_possible_all\n{rows}" if shells else ""
    content = f"data_x\n_cell.length_a 57.8\n_reflns.percent_possible_obs {whole}\n{loop}"
    imported = read_pipeline_file(written(tmp_path, "xia2.mmcif", content), OURS)
    assert scaling(imported, "completeness")[0] == whole, "what was said stays as it is"
    assert imported.submission.get("units", {}).get("MXAutoprocIntegrationScaling_overall_completeness") == unit
