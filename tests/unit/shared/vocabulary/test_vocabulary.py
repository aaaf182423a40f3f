"""One name, one meaning: aliases, letter case, and the files that say so."""

from pathlib import Path

import pytest

from shared.vocabulary.datafiles import DataFileInvalid
from shared.vocabulary.vocabulary import Vocabulary
from tests.builders.described import VOCABULARY


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("MX_detectorDistance", "MX_detectorDistance"),
        ("mx_DETECTORdistance", "MX_detectorDistance"),
        ("MX_crystalPositionName", "MX_positionName"),
        ("MX_inflectioEnergy", "MX_inflectionEnergy"),
        ("mxautoprocintegrationscaling_outer_CCNO", "MXAutoprocIntegrationScaling_outer_ccAno"),
        ("MXAutoprocIntegrationScaling_inner_cc_ano", "MXAutoprocIntegrationScaling_inner_ccAno"),
        ("SamplePaleo_collection_number", "Sample_collection_number"),
    ],
)
def test_every_spelling_leads_to_the_canonical_name(said: str, meant: str) -> None:
    term = VOCABULARY.resolve(said)
    assert term is not None
    assert term.name == meant


def test_a_name_that_nobody_knows_resolves_to_nothing() -> None:
    assert VOCABULARY.resolve("nonsense") is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("MX_detektorDistance", "MX_detectorDistance"),
        ("MX_exposure_time", "MX_exposureTime"),
        ("Smaple_name", "Sample_name"),
        ("MX_numberOfImmages", "MX_numberOfImages"),
        ("nonsense", None),
        ("MX_" + "x" * 100_000, None),
    ],
)
def test_a_slip_of_the_pen_is_recognised(said: str, meant: str | None) -> None:
    assert VOCABULARY.suggest(said) == meant


def test_what_only_icat_describes_is_loose() -> None:
    assert VOCABULARY.terms["Sample_thickness"].loose
    assert not VOCABULARY.terms["MXAutoprocIntegration_cell_a"].loose


def test_upstream_defects_are_settled() -> None:
    cell = VOCABULARY.terms["MXAutoprocIntegration_cell_a"]
    assert (cell.type, cell.unit) == ("number", "Å")
    assert VOCABULARY.terms["MX_motors_value"].type == "vector"
    assert VOCABULARY.terms["MX_motors_value"].unit is None


OWN = """\
title = "Our own"

[units]
furlong = "furlong"

[expand]
side = ["left", "right"]

[parameter]
"OURS_{side}_gap" = { type = "number", unit = "furlong", plausible = [0, 5], aliases = ["ours_{side}"], local = true }
"""


def test_a_facility_adds_parameters_units_and_aliases_by_adding_a_file(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(OWN)
    term = Vocabulary.load([tmp_path]).resolve("OURS_LEFT")
    assert term is not None
    assert term.name == "OURS_left_gap"
    assert term.conversions["m"](201.168) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        (
            "local = true",
            "local = false",
            "line 10, parameter.OURS_{side}_gap: OURS_left_gap is not defined by ICAT; set local = true",
        ),
        ('"OURS_{side}_gap"', "OURS_gap", "ours_{side} of parameter OURS_gap holds a brace"),
        (
            "[parameter]",
            '[parameter]\nMX_sampx = { type = "text" }',
            "line 10, parameter.MX_sampx: MX_sampx is described twice",
        ),
        (
            "[parameter]",
            '[parameter]\nSample_thickness = { type = "text", local = true }',
            "line 10, parameter.Sample_thickness: Sample_thickness is defined by ICAT",
        ),
        (
            '["ours_{side}"]',
            '["ours"]',
            "line 10, parameter.OURS_{side}_gap: the alias ours is another parameter, or an alias of another",
        ),
        (
            '["ours_{side}"]',
            '["MX_sampx"]',
            "line 10, parameter.OURS_{side}_gap: the alias MX_sampx is another parameter",
        ),
        ("[0, 5]", "[5, 0]", "a range goes from the lower to the higher"),
        ("[0, 5]", "[0, 5], hard = [1, 9]", "reaches beyond the hard range"),
        ('unit = "furlong"', 'unit = "smoot"', "line 10, parameter.OURS_{side}_gap: the unit smoot is not listed"),
        ('= "furlong"', '= "smoots_of_bridge"', "line 4, units.furlong: furlong: smoots_of_bridge is not a unit"),
        ('type = "number"', 'type = "numbre"', "line 10, parameter.OURS_{side}_gap.type"),
        ("plausible", "plausibel", "line 10, parameter.OURS_{side}_gap.plausibel: unknown key"),
    ],
)
def test_a_bad_vocabulary_file_is_one_clear_error(tmp_path: Path, good: str, bad: str, complaint: str) -> None:
    (tmp_path / "ours.toml").write_text(OWN.replace(good, bad, 1))
    with pytest.raises(DataFileInvalid) as caught:
        Vocabulary.load([tmp_path])
    assert complaint in str(caught.value)


ITEMS = """\
title = "Our own"

[expand]
shell = ["overall", "outer"]
axis = ["x", "y"]

[parameter]
"OURS_{shell}_r" = { type = "number", local = true, mmcif = { overall = "_a.r", outer = "_b.r" }, mmcif_factor = 0.01 }
"OURS_{axis}" = { type = "number", local = true, mmcif = "_axis.{axis}" }
"OURS_none" = { type = "number", local = true }
"""


def test_an_item_of_mmcif_is_said_once_for_all_or_by_the_value_of_the_placeholder(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(ITEMS)
    terms = Vocabulary.load([tmp_path]).terms
    assert [terms[f"OURS_{end}"].mmcif for end in ("overall_r", "outer_r", "y", "none")] == [
        "_a.r",
        "_b.r",
        "_axis.y",
        None,
    ]
    assert [terms[f"OURS_{end}"].mmcif_factor for end in ("outer_r", "y")] == [0.01, 1]
    (tmp_path / "ours.toml").write_text(ITEMS.replace("{ overall =", "{ overal ="))
    with pytest.raises(DataFileInvalid, match="overal is not a value of a placeholder"):
        Vocabulary.load([tmp_path])
