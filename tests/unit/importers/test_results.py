"""One result is one dataset: several in a file are told apart, and never mixed."""

import bz2
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.importers.assembly import FileNotUnderstood, Given, Imported
from clients.importers.files import read_pipeline_file
from tests.unit.importers.files_of_pipelines import (
    METADATA,
    PROGRAM,
    SHELL,
    XIA2,
    ispyb_xml,
    merging_statistics,
    written,
)

OURS = Given(proposal="mx1111", path="/data/p/result_{result}")
SCALED = "MXAutoprocIntegrationScaling_"
STATISTICS = (("overall", 48.1, 1.8), ("innerShell", 48.1, 4.9), ("outerShell", 1.83, 1.8))
ELLIPSOID = "".join(f"<resolutionEllipsoidValue{n}>{n}.5</resolutionEllipsoidValue{n}>" for n in (1, 2, 3))
AXES = "<resolutionEllipsoidAxis11>.70287</resolutionEllipsoidAxis11>"


def crystal(wavelength: str = ".9655", group: str = "P 1", cell: float = 78.2) -> str:
    return (
        f"<AutoProc><spaceGroup>{group}</spaceGroup><wavelength>{wavelength}</wavelength>"
        f"<refinedCell_a>{cell}</refinedCell_a></AutoProc>"
    )


def scaling(r: float, sweep: int = 1, extra: str = "", statistics: str = "") -> str:
    statistics = statistics or "".join(
        SHELL.format(shell=shell, low=low, high=high, r=r) for shell, low, high in STATISTICS
    )
    return (
        f"<AutoProcScalingContainer><AutoProcScaling>{extra}</AutoProcScaling>{statistics}"
        f"<AutoProcIntegrationContainer><Image><fileLocation>/data/raw/s{sweep}</fileLocation></Image>"
        f"<AutoProcIntegration><endImageNumber>{sweep}00</endImageNumber></AutoProcIntegration>"
        "</AutoProcIntegrationContainer></AutoProcScalingContainer>"
    )


def container(*parts: str) -> str:
    return f"<AutoProcContainer>{PROGRAM}{''.join(parts)}</AutoProcContainer>"


def read(folder: Path, content: object, result: str | None = None, given: Given = OURS) -> list[Imported]:
    return read_pipeline_file(written(folder, "file", content), given, result)


def value(imported: Imported, name: str) -> Any:
    return imported.submission["parameters"].get(name)


def r_merge(imported: Imported) -> Any:
    return value(imported, f"{SCALED}overall_r_merge")


def listed(imported: Imported) -> dict[str, str]:
    return {one.place: f"{one.value}: {one.reason}" for one in imported.unplaced}


def refusal(folder: Path, content: object, result: str | None = None, given: Given = OURS) -> str:
    with pytest.raises(FileNotUnderstood) as refused:
        read(folder, content, result, given)
    return str(refused.value)


SWEEPS = container(crystal(), scaling(5.0, 1), crystal(), scaling(6.0, 2))
WAVELENGTHS = container(crystal(".9655"), scaling(5.0), crystal(".9792"), scaling(6.0))
CRYSTALS = container(crystal(group="P 1"), scaling(5.0), crystal(group="P 21"), scaling(6.0))


@pytest.mark.parametrize("content", [SWEEPS, WAVELENGTHS, CRYSTALS])
def test_several_results_are_refused_with_the_list_of_what_is_there(tmp_path: Path, content: str) -> None:
    told = refusal(tmp_path, content)
    assert "holds 2 results" in told
    assert "--result N" in told
    assert "--result all with --path" in told
    first, second = told.splitlines()[1:]
    assert first.startswith("  1: AutoProcScalingContainer[1]: P 1, wavelength .9655 Å, 48.1 to 1.8 Å")
    assert second.startswith("  2: AutoProcScalingContainer[2]: ")


@pytest.mark.parametrize("content", [SWEEPS, WAVELENGTHS, CRYSTALS])
def test_a_chosen_result_is_all_its_own_and_the_others_are_listed(tmp_path: Path, content: str) -> None:
    [imported] = read(tmp_path, content, "2")
    assert r_merge(imported) == "6.0"
    assert imported.submission["path"] == "/data/p/result_2"
    others = [one for one in imported.unplaced if one.reason == "it is of result 1, which was not taken"]
    assert {one.value for one in others} >= {"5.0", "48.1", "1.8", ".9655", "78.2"}
    [finding] = imported.findings
    assert (finding.code, "result 2 was taken" in finding.message) == ("result_chosen", True)


def test_a_result_of_one_sweep_has_that_sweep_as_input(tmp_path: Path) -> None:
    [imported] = read(tmp_path, SWEEPS, "2")
    assert imported.submission["input"] == ["/data/raw/s2"]
    assert value(imported, "MXAutoprocIntegration_end_image_number") == "200"


def test_all_results_are_datasets_with_a_path_each(tmp_path: Path) -> None:
    imported = read(tmp_path, WAVELENGTHS, "all")
    assert [one.submission["path"] for one in imported] == ["/data/p/result_1", "/data/p/result_2"]
    assert [value(one, "MX_wavelength") for one in imported] == [".9655", ".9792"]
    assert [r_merge(one) for one in imported] == ["5.0", "6.0"]


@pytest.mark.parametrize(
    ("result", "given", "complaint"),
    [
        ("all", Given(proposal="mx1", path="/data/p/same"), "needs a path of its own"),
        ("all", Given(proposal="mx1"), "needs a path of its own"),
        ("all", Given(proposal="mx1", path="/data/{result}", name="same"), "--name would be the same"),
        ("3", OURS, "there is no result 3"),
        ("0", OURS, "there is no result 0"),
        ("second", OURS, "there is no result second"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(tmp_path: Path, result: str, given: Given, complaint: str) -> None:
    assert complaint in refusal(tmp_path, SWEEPS, result, given)


def test_a_file_with_one_result_needs_no_choice_and_has_no_second(tmp_path: Path) -> None:
    for result in (None, "1", "all"):
        assert r_merge(read(tmp_path, ispyb_xml(900), result)[0]) == "6.5"
    assert "there is no result 2" in refusal(tmp_path, ispyb_xml(900), "2")


def test_of_staraniso_beside_isotropic_results_the_last_is_taken_with_all_sweeps(tmp_path: Path) -> None:
    content = container(crystal(), scaling(5.0, 1), crystal(), scaling(6.0, 2, AXES + ELLIPSOID))
    [imported] = read(tmp_path, content)
    assert r_merge(imported) == "6.0"
    limits = [value(imported, f"MXAutoprocIntegration_diffraction_limit_direction_{n}") for n in (1, 2, 3)]
    assert limits == ["1.5", "2.5", "3.5"]
    assert imported.submission["input"] == ["/data/raw/s1", "/data/raw/s2"]
    assert value(imported, "MXAutoprocIntegration_end_image_number") is None
    told = listed(imported)
    assert told["AutoProcScalingContainer[2].AutoProcScaling.resolutionEllipsoidAxis11"].startswith(".70287")
    assert any(place.startswith("AutoProcScalingContainer[1].AutoProcScalingStatistics") for place in told)
    assert [finding.code for finding in imported.findings] == ["result_chosen"]


def test_staraniso_at_several_wavelengths_is_refused(tmp_path: Path) -> None:
    content = container(crystal(".9655"), scaling(5.0), crystal(".9792"), scaling(6.0, 2, ELLIPSOID))
    assert "holds 2 results" in refusal(tmp_path, content)


def test_an_empty_ellipsoid_is_not_staranisos(tmp_path: Path) -> None:
    empty = "<resolutionEllipsoidValue1></resolutionEllipsoidValue1>"
    assert "holds 2 results" in refusal(tmp_path, container(crystal(), scaling(5.0), scaling(6.0, 2, empty)))


def test_each_scaling_belongs_to_the_crystal_before_it(tmp_path: Path) -> None:
    content = container(crystal(cell=78.2), scaling(5.0), scaling(5.5), crystal(cell=80.1), scaling(6.0))
    cells = [value(one, "MXAutoprocIntegration_cell_a") for one in read(tmp_path, content, "all")]
    assert cells == ["78.2", "78.2", "80.1"]


def test_what_belongs_together_must_be_certain(tmp_path: Path) -> None:
    crystals = [{"spaceGroup": "P 1"}, {"spaceGroup": "P 2"}]
    scalings = [{"AutoProcScaling": {"recordTimeStamp": f"2024-11-30 09:0{n}:00"}} for n in range(3)]
    content = {"AutoProc": crystals, "AutoProcScalingContainer": scalings}
    assert "cannot be told which of 2 AutoProc" in refusal(tmp_path, content)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_value_of_one_result_is_in_the_submission_of_another(data: st.DataObject) -> None:
    count = data.draw(st.integers(min_value=2, max_value=5))
    ellipsoids = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    own = [
        [f"{number}{place:02d}.25" for place in range(12)]  # every number is of one result alone
        for number in range(1, count + 1)
    ]
    parts = []
    for number, (values, has_ellipsoid) in enumerate(zip(own, ellipsoids, strict=True), 1):
        statistics = "".join(
            f"<AutoProcScalingStatistics><scalingStatisticsType>{shell}</scalingStatisticsType><rMerge>{values[place]}"
            f"</rMerge><completeness>{values[place + 3]}</completeness></AutoProcScalingStatistics>"
            for place, shell in enumerate(("overall", "innerShell", "outerShell"))
        )
        ellipsoid = "".join(
            f"<resolutionEllipsoidValue{axis}>{values[5 + axis]}</resolutionEllipsoidValue{axis}>" for axis in (1, 2, 3)
        )
        extra = ellipsoid if has_ellipsoid else ""
        parts += [crystal(wavelength=values[9], cell=float(values[10])), scaling(0, number, extra, statistics)]
    with TemporaryDirectory() as folder:
        for number, values in enumerate(own, 1):
            [imported] = read(Path(folder), container(*parts), str(number))
            numbers = {said for said in imported.submission["parameters"].values() if str(said).endswith(".25")}
            foreign = {value for other in own if other is not values for value in other}
            assert numbers & foreign == set()
            assert numbers <= set(values)
            assert len(numbers) == (11 if ellipsoids[number - 1] else 8)


def shells(*of: tuple[str, float, float, float]) -> str:
    return "".join(SHELL.format(shell=shell, low=low, high=high, r=r) for shell, low, high, r in of)


def test_statistics_of_two_wavelengths_in_one_scaling_are_two_results(tmp_path: Path) -> None:
    statistics = shells(*((shell, low, high, r) for r in (5.0, 6.0) for shell, low, high in STATISTICS))
    content = container(crystal(), scaling(0, statistics=statistics))
    assert [r_merge(one) for one in read(tmp_path, content, "all")] == ["5.0", "6.0"]
    assert "holds 2 results" in refusal(tmp_path, content)


def test_statistics_that_stand_twice_are_one_result(tmp_path: Path) -> None:
    statistics = shells(*((shell, low, high, 5.0) for _ in range(2) for shell, low, high in STATISTICS))
    [imported] = read(tmp_path, container(crystal(), scaling(0, statistics=statistics)))
    assert r_merge(imported) == "5.0"


def test_a_shell_that_stands_twice_differently_is_refused(tmp_path: Path) -> None:
    statistics = shells(("overall", 48.1, 1.8, 5.0), ("overall", 48.1, 1.8, 6.0), ("innerShell", 48.1, 4.9, 3.0))
    assert "a shell has several" in refusal(tmp_path, container(crystal(), scaling(0, statistics=statistics)))


def test_shells_under_each_others_names_are_exchanged_and_that_is_told(tmp_path: Path) -> None:
    statistics = shells(("overall", 48.1, 1.8, 5.0), ("outerShell", 48.1, 4.9, 3.0), ("innerShell", 1.83, 1.8, 91.0))
    [imported] = read(tmp_path, container(crystal(), scaling(0, statistics=statistics)))
    assert [value(imported, f"{SCALED}{shell}_r_merge") for shell in ("inner", "outer")] == ["3.0", "91.0"]
    assert [finding.code for finding in imported.findings] == ["shells_exchanged"]


@pytest.mark.parametrize(("kind", "shell"), [("Overall", "overall"), ("inner_shell", "inner"), ("OUTER", "outer")])
def test_a_shell_is_known_by_any_spelling(tmp_path: Path, kind: str, shell: str) -> None:
    [imported] = read(tmp_path, container(crystal(), scaling(0, statistics=shells((kind, 48.1, 1.8, 5.0)))))
    assert value(imported, f"{SCALED}{shell}_r_merge") == "5.0"


def test_statistics_of_no_known_shell_are_listed(tmp_path: Path) -> None:
    [imported] = read(tmp_path, container(crystal(), scaling(0, statistics=shells(("middle", 48.1, 1.8, 5.0)))))
    assert not any(name.startswith(SCALED) for name in imported.submission["parameters"])
    assert "not said of the overall" in listed(imported)["AutoProcScalingStatistics.rMerge"]


@pytest.mark.parametrize("name", ["RMERGE", "rmerge", "rMerge"])
def test_a_statistic_is_known_in_any_case(tmp_path: Path, name: str) -> None:
    [imported] = read(tmp_path, ispyb_xml(900).replace("rMerge>", f"{name}>"))
    assert r_merge(imported) == "6.5"


@pytest.mark.parametrize(
    ("before", "encoding"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "latin-1"),
        ("\ufeff", "utf-8"),
        ("", "utf-16"),
        ('\r\n<?xml version="1.0"?>\r\n', "utf-8"),
        ("<!-- written by é -->", "utf-8"),
    ],
)
def test_an_xml_file_is_read_in_any_encoding(tmp_path: Path, before: str, encoding: str) -> None:
    text = before + ispyb_xml(900).partition("?>")[2].replace("autoPROC 1.0.5", "autoPROCé 1.0.5")
    file = tmp_path / "autoPROC.xml"
    file.write_bytes(text.replace("><", ">\r\n<!-- a comment --><").encode(encoding))
    [imported] = read_pipeline_file(file, OURS)
    assert (r_merge(imported), value(imported, "Process_program")) == ("6.5", "autoPROCé")


def test_namespaces_attributes_and_a_root_around_the_container_lose_nothing(tmp_path: Path) -> None:
    inside = ispyb_xml(900).partition("?>")[2]
    inside = inside.replace("<rMerge>6.5", '<rMerge unit="percent">6.5').replace(
        "AutoProcContainer", "i:AutoProcContainer"
    )
    content = f'<XSDataInputStoreAutoProc xmlns:i="http://x"><job>17</job>{inside}</XSDataInputStoreAutoProc>'
    [imported] = read(tmp_path, content)
    assert r_merge(imported) == "6.5"
    told = listed(imported)
    assert told["AutoProcScalingStatistics[overall].rMerge@unit"].startswith("percent")
    assert told["job[1]"] == "17: it stands outside AutoProcContainer"


@pytest.mark.parametrize(
    ("said", "program", "version"),
    [
        ("xia2 3dii", "xia2 3dii", None),
        ("xia2 dials", "xia2 dials", None),
        ("fast_dp", "fast_dp", None),
        ("autoPROC v1.1.7", "autoPROC", "v1.1.7"),
        ("xia2 3.22.1-g0123abc", "xia2", "3.22.1-g0123abc"),
        ("XDS 20230630", "XDS", "20230630"),
    ],
)
def test_a_version_is_what_looks_like_one(tmp_path: Path, said: str, program: str, version: str | None) -> None:
    [imported] = read(tmp_path, ispyb_xml(900).replace("autoPROC 1.0.5 (20211020)", said))
    assert (value(imported, "Process_program"), value(imported, "Process_version")) == (program, version)


def test_a_program_never_has_the_version_of_another(tmp_path: Path) -> None:
    second = "<AutoProcProgram><processingPrograms>REFMAC 5.8</processingPrograms></AutoProcProgram>"
    content = ispyb_xml(900).replace("autoPROC 1.0.5 (20211020)", "fast_dp")
    [imported] = read(tmp_path, content.replace("</AutoProcProgramContainer>", f"{second}</AutoProcProgramContainer>"))
    assert (value(imported, "Process_program"), value(imported, "Process_version")) == ("fast_dp", None)
    assert any(text.startswith("REFMAC 5.8") for text in listed(imported).values())


SOFTWARE = "loop_\n_software.name\n_software.version\n_software.classification\n"


@pytest.mark.parametrize(
    ("rows", "made_by"),
    [
        ("XDS ? 'data reduction'\nREFMAC 5.8 refinement\n", ("XDS", None)),
        ("REFMAC 5.8 refinement\nXSCALE 2023 'data scaling'\n", ("XSCALE", "2023")),
        ("AIMLESS 0.7 'data scaling'\nXDS 2023 'data reduction'\n", ("XDS", "2023")),
        ("REFMAC 5.8 refinement\nPHASER 2.8 phasing\n", (None, None)),
        ("DIALS 3.14 ?\nREFMAC 5.8 refinement\n", ("DIALS", "3.14")),
    ],
)
def test_name_and_version_of_a_cif_are_of_the_program_that_reduced_the_data(
    tmp_path: Path, rows: str, made_by: tuple[str | None, str | None]
) -> None:
    [imported] = read(tmp_path, f"data_x\n_cell.length_a 57.8\n{SOFTWARE}{rows}")
    assert (value(imported, "Process_program"), value(imported, "Process_version")) == made_by
    said = {word for row in rows.splitlines() for word in row.split()[:2]} - {"?"}
    assert said - set(made_by) <= {one.value for one in imported.unplaced}


def block(name: str, r: float) -> str:
    return f"data_{name}\n_cell.length_a 57.8\n_reflns.pdbx_Rmerge_I_obs {r}\n"


def test_blocks_of_a_cif_are_results_but_for_those_without_statistics(tmp_path: Path) -> None:
    one = block("first", 0.05) + "data_unmerged\n_cell.length_a 57.9\n"
    [imported] = read(tmp_path, one)
    assert (r_merge(imported), value(imported, "MXAutoprocIntegration_cell_a")) == ("0.05", "57.8")
    assert "no statistics" in listed(imported)["data_unmerged"]
    assert "1: data_first" in refusal(tmp_path, one + block("second", 0.06))
    assert r_merge(read(tmp_path, one + block("second", 0.06), "2")[0]) == "0.06"


TWO_SETS = """\
data_two
_cell.length_a 57.8
loop_
_diffrn_radiation.diffrn_id
_diffrn_radiation.wavelength_id
1 1
2 2
loop_
_diffrn_radiation_wavelength.id
_diffrn_radiation_wavelength.wavelength
1 0.9655
2 0.9792
loop_
_reflns.pdbx_ordinal
_reflns.pdbx_diffrn_id
_reflns.pdbx_Rmerge_I_obs
1 1 0.05
2 2 0.06
loop_
_reflns_shell.pdbx_diffrn_id
_reflns_shell.d_res_high
_reflns_shell.Rmerge_I_obs
1 1.5 0.5
1 4.0 0.02
2 1.6 0.6
2 4.2 0.03
"""


def test_data_sets_of_one_block_are_told_apart(tmp_path: Path) -> None:
    assert "data_two data set 2" in refusal(tmp_path, TWO_SETS)
    first, second = read(tmp_path, TWO_SETS, "all")
    assert [r_merge(one) for one in (first, second)] == ["0.05", "0.06"]
    assert [value(one, f"{SCALED}outer_r_merge") for one in (first, second)] == ["0.5", "0.6"]
    assert [value(one, f"{SCALED}inner_r_merge") for one in (first, second)] == ["0.02", "0.03"]
    assert [value(one, "MX_wavelength") for one in (first, second)] == ["0.9655", "0.9792"]


def test_shells_that_are_of_no_data_set_are_refused(tmp_path: Path) -> None:
    without = TWO_SETS.replace("_reflns_shell.pdbx_diffrn_id", "_reflns_shell.number_obs")
    assert "pdbx_diffrn_id" in refusal(tmp_path, without)


@pytest.mark.parametrize("whole", ["1", "?"])
def test_shells_of_another_data_set_than_the_whole_are_refused(tmp_path: Path, whole: str) -> None:
    one_set = TWO_SETS.replace("2 2 0.06\n", "").replace("1 1 0.05", f"1 {whole} 0.05")
    assert "shells of other pdbx_diffrn_id" in refusal(tmp_path, one_set)


def test_a_category_in_two_loops_is_read_from_both(tmp_path: Path) -> None:
    loops = (
        "loop_\n_reflns_shell.d_res_high\n_reflns_shell.Rmerge_I_obs\n4.0 0.02\n1.5 0.5\n"
        "loop_\n_reflns_shell.d_res_low\n_reflns_shell.pdbx_CC_half\n48.0 0.99\n1.6 0.4\n"
    )
    [imported] = read(tmp_path, f"data_a\n_reflns.pdbx_Rmerge_I_obs 0.05\n{loops}")
    assert [value(imported, f"{SCALED}outer_{name}") for name in ("r_merge", "cc_half")] == ["0.5", "0.4"]
    assert "two loops" in refusal(tmp_path, f"data_a\n_reflns.pdbx_Rmerge_I_obs 0.05\n{loops}1.5 0.3\n")


def test_shells_that_say_only_their_low_limit_are_ordered_by_it(tmp_path: Path) -> None:
    shells = "loop_\n_reflns_shell.d_res_low\n_reflns_shell.Rmerge_I_obs\n1.6 0.5\n48.0 0.02\n"
    [imported] = read(tmp_path, f"data_a\n_reflns.pdbx_Rmerge_I_obs 0.05\n{shells}")
    assert [value(imported, f"{SCALED}{shell}_r_merge") for shell in ("inner", "outer")] == ["0.02", "0.5"]


def test_sweeps_of_one_result_that_differ_in_wavelength_have_none(tmp_path: Path) -> None:
    one_set = TWO_SETS.replace("2 2 0.06\n", "").replace("1 1 0.05", "1 1,2 0.05")
    [imported] = read(tmp_path, one_set)
    assert value(imported, "MX_wavelength") is None
    assert "the sweeps differ" in listed(imported)["_diffrn_radiation_wavelength[2].wavelength"]


def mad() -> dict[str, Any]:
    """xia2.json of two wavelengths."""
    content: dict[str, Any] = json.loads(json.dumps(XIA2))
    crystal = content["_crystals"]["DEFAULT"]
    crystal["_wavelengths"] = {"PEAK": {"_wavelength": 0.9792}, "REMOTE": {"_wavelength": 0.9655}}
    crystal["_scaler"]["_scalr_statistics"] = {
        json.dumps(["AUTOMATIC", "DEFAULT", wave]): {"Rmerge(I)": [r, r, r]}
        for wave, r in (("PEAK", 0.05), ("REMOTE", 0.06))
    }
    crystal["_scaler"]["_scalr_integraters"] = {
        "0": {"_intgr_dname": "PEAK", "_intgr_wedge": [1, 900]},
        "1": {"_intgr_dname": "REMOTE", "_intgr_wedge": [1, 450]},
    }
    return content


def test_wavelengths_and_crystals_of_xia2_are_results(tmp_path: Path) -> None:
    peak, remote = read(tmp_path, mad(), "all")
    assert [(r_merge(one), value(one, "MX_wavelength")) for one in (peak, remote)] == [(0.05, 0.9792), (0.06, 0.9655)]
    assert [value(one, "MXAutoprocIntegration_end_image_number") for one in (peak, remote)] == [900, 450]
    two = {"_crystals": dict.fromkeys(("A", "B"), XIA2["_crystals"]["DEFAULT"])}
    assert "2: B " in refusal(tmp_path, two)


def test_data_sets_of_merging_statistics_are_results(tmp_path: Path) -> None:
    content = merging_statistics()
    content["datasets"]["cluster 1"] = json.loads(json.dumps(content["datasets"]["All data"]))
    content["datasets"]["cluster 1"]["merging_stats"]["overall"]["r_merge"] = 0.04
    assert "1: datasets.All data.merging_stats" in refusal(tmp_path, content)
    assert r_merge(read(tmp_path, content, "2")[0]) == 0.04


def test_bins_from_the_highest_resolution_on_are_turned_round(tmp_path: Path) -> None:
    content = merging_statistics()
    plain = content["datasets"]["All data"]["merging_stats"]
    for name, bins in plain.items():
        plain[name] = bins[::-1] if isinstance(bins, list) else bins
    [imported] = read(tmp_path, content)
    assert [value(imported, f"{SCALED}{shell}_r_merge") for shell in ("inner", "outer")] == [0.02, 0.8]


def test_a_number_that_is_none_is_listed_in_json_too(tmp_path: Path) -> None:
    text = json.dumps(XIA2).replace("0.9]", "NaN]")
    [imported] = read(tmp_path, text)
    assert value(imported, f"{SCALED}outer_r_merge") is None
    assert any("not a number" in reason for reason in listed(imported).values())


@pytest.mark.parametrize("word", ["N/A", "-", "None", "***"])
def test_a_word_for_no_value_is_listed(tmp_path: Path, word: str) -> None:
    [imported] = read(tmp_path, ispyb_xml(900).replace("<rMerge>6.5", f"<rMerge>{word}"))
    assert r_merge(imported) is None
    assert "no value" in listed(imported)["AutoProcScalingStatistics[overall].rMerge"]


@pytest.mark.parametrize(
    ("content", "path", "technique"),
    [
        ({**METADATA, "MX_directory": "/data/other"}, METADATA["location"], "MX"),
        ({"MX_directory": "/data/visitor/run_1", "Sample_name": "lyso"}, "/data/visitor/run_1", "MX"),
        ({"MX_directory": "/data/visitor/run_1", "SSX_experiment_type": "x"}, "/data/visitor/run_1", "SSX"),
        ({"SSXChip_model": "SOS"}, None, "SSX"),
    ],
)
def test_metadata_of_every_release_and_of_serial_crystallography_is_known(
    tmp_path: Path, content: dict[str, Any], path: str | None, technique: str
) -> None:
    [imported] = read(tmp_path, content, given=Given(proposal="mx1111"))
    assert imported.submission["path"] == (path or str(tmp_path))
    assert imported.submission["technique"] == technique
    assert value(imported, "MX_directory") == content.get("MX_directory")


def test_metadata_hands_over_words_for_no_value_for_the_validator_to_judge(tmp_path: Path) -> None:
    [imported] = read(tmp_path, {**METADATA, "MX_aperture": "None"}, given=Given())
    assert value(imported, "MX_aperture") == "None"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [({"a": 1, "b": 2}, "its first names are: a, b"), ({"path": "/data/x", "parameters": {}}, "without --from")],
)
def test_json_that_is_not_known_is_refused_with_a_hint(tmp_path: Path, content: object, complaint: str) -> None:
    assert complaint in refusal(tmp_path, content)


def test_the_tags_of_a_cif_are_known_in_any_case(tmp_path: Path) -> None:
    [imported] = read(tmp_path, "data_x\n_CELL.Length_A 57.8\n_reflns.pdbx_rmerge_i_obs 0.05\n_Symmetry.Entry_ID x\n")
    assert (value(imported, "MXAutoprocIntegration_cell_a"), r_merge(imported)) == ("57.8", "0.05")
    assert imported.unplaced == []


def test_a_compressed_file_is_refused_with_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "xia2.mmcif.bz2"
    file.write_bytes(bz2.compress(b"data_x"))
    with pytest.raises(FileNotUnderstood, match="decompress it first"):
        read_pipeline_file(file, OURS)
