"""The book of techniques: what a submission is, and what it may come from."""

from pathlib import Path

import pytest

from shared.vocabulary.datafiles import DataFileInvalid
from shared.vocabulary.kinds import Kind, Traits
from shared.vocabulary.techniques import Technique, TechniqueBook
from tests.builders.described import TECHNIQUES


def _kind_of(traits: Traits) -> str | None:
    technique = TECHNIQUES.technique_of(traits)
    kind = technique.kind_of(traits) if technique else None
    return kind.name if kind else None


@pytest.mark.parametrize(
    ("scan_type", "inputs", "kind"),
    [
        ("datacollection", 0, "mx.raw.datacollection"),
        ("OSC", 0, "mx.raw.datacollection"),
        ("Helical", 0, "mx.raw.datacollection"),
        ("mesh", 0, "mx.raw.mesh"),
        ("line", 0, "mx.raw.line"),
        ("characterisation", 0, "mx.raw.characterisation"),
        ("energy_scan", 0, "mx.raw.energyscan"),
        ("xrf", 0, "mx.raw.xfe"),
        ("snapshots", 0, "mx.raw.generic"),
        ("", 0, "mx.raw.generic"),
        ("integration", 1, "mx.processed.integration"),
        ("integration", 0, "mx.processed.integration"),
        ("integration", 2, "mx.processed.merge"),
        ("merge", 4, "mx.processed.merge"),
        ("datacollection", 1, "mx.processed.generic"),
        ("refinement", 1, "mx.processed.generic"),
    ],
)
def test_scan_type_and_inputs_tell_the_kind(scan_type: str, inputs: int, kind: str) -> None:
    assert _kind_of(Traits(input_count=inputs, definition="MX", scan_type=scan_type)) == kind


@pytest.mark.parametrize(
    "traits",
    [
        Traits(0, definition="mx"),
        Traits(0, definition="SAD MX"),
        Traits(0, technique_pid="https://w3id.org/PaN/ESRFET#MX"),
        Traits(0, technique_pid="https://w3id.org/PaN/ESRFET#SAD https://w3id.org/PaN/ESRFET#MX"),
        Traits(0, parameters=("Sample_name", "MXAutoprocIntegration_cell_a")),
    ],
)
def test_definition_pid_or_parameters_tell_the_technique(traits: Traits) -> None:
    technique = TECHNIQUES.technique_of(traits)
    assert technique is not None
    assert technique.name == "MX"


@pytest.mark.parametrize(
    ("traits", "kind"),
    [
        (Traits(0, definition="MX SSX", parameters=("MX_flux",)), "ssx.raw.run"),
        (Traits(0, definition="SSX MX"), "ssx.raw.run"),
        (Traits(0, parameters=("MX_flux", "SSXChip_model")), "ssx.raw.run"),
        (Traits(0, definition="XRF MX", scan_type="xrf"), "mx.raw.xfe"),
        (Traits(0, definition="XRF"), "xrf.raw.map"),
        (Traits(0, technique_pid="http://purl.org/pan-science/PaNET/PaNET01310"), "ssx.raw.run"),
    ],
)
def test_of_several_techniques_the_one_that_outranks_the_others_is_meant(traits: Traits, kind: str) -> None:
    assert _kind_of(traits) == kind


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        (["MXMRPhasing_LLG"], "mx.processed.mrphasing"),
        (["MXSAD_step"], "mx.processed.sadphasing"),
        (["MXMRRefinement_R_free", "MXMRPhasing_LLG"], "mx.processed.refinement"),
        (["MXMRLigandFitting_ligand_name", "MXMRRefinement_R_free"], "mx.processed.ligandfit"),
        (["MX_flux"], "mx.processed.generic"),
        (["EMMotionCorrection_total_motion"], "cryoem.processed.motioncorrection"),
        (["EM_voltage", "EMCTF_defocus_u"], "cryoem.processed.ctf"),
        (["SAXS_frames_averaged"], "biosaxs.processed.average"),
        (["SAXS_frames_averaged", "SAXS_guinier_rg"], "biosaxs.processed.subtraction"),
    ],
)
def test_a_step_that_names_itself_nowhere_is_known_by_what_it_says(parameters: list[str], kind: str) -> None:
    assert _kind_of(Traits(1, parameters=tuple(parameters))) == kind


def test_a_technique_that_no_file_describes_is_unknown() -> None:
    assert TECHNIQUES.technique_of(Traits(0, definition="CALORIC", parameters=("Sample_name",))) is None


def test_inputs_are_awaited_as_long_as_the_kind_says() -> None:
    kind = TECHNIQUES.kind("mx.processed.integration")
    assert kind is not None
    assert kind.await_inputs_seconds == 7 * 24 * 3600


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("mx.processed.integration", ["mx.raw.datacollection"]),
        ("mx.processed.integration", ["mx.raw.generic"]),
        ("mx.processed.merge", ["mx.raw.datacollection"] * 4),
        ("mx.processed.merge", ["mx.processed.integration", "mx.processed.integration"]),
        ("mx.processed.generic", ["generic.raw", "mx.processed.merge"]),
    ],
)
def test_permitted_inputs_meet_no_objection(kind: str, inputs: list[str]) -> None:
    described = TECHNIQUES.kind(kind)
    assert described is not None
    assert described.objection_to(inputs) is None


@pytest.mark.parametrize(
    ("kind", "inputs", "found"),
    [
        ("mx.processed.integration", [], "found none"),
        ("mx.processed.integration", ["mx.processed.merge"], "found 1 of kind mx.processed.merge"),
        ("mx.processed.integration", ["mx.raw.mesh", "mx.raw.mesh"], "found 2 of kind mx.raw.mesh"),
        ("mx.processed.merge", ["mx.raw.datacollection"], "found 1 of kind mx.raw.datacollection"),
        ("mx.processed.merge", ["mx.raw.line", "generic.raw"], "1 of kind generic.raw"),
    ],
)
def test_an_objection_says_what_was_expected_and_what_was_found(kind: str, inputs: list[str], found: str) -> None:
    described = TECHNIQUES.kind(kind)
    assert described is not None
    objection = described.objection_to(inputs)
    assert objection is not None
    assert f"a dataset of kind {kind} comes from" in objection
    assert found in objection


def test_each_relation_has_its_own_number() -> None:
    kind = Kind.model_validate(
        {
            "name": "x.processed.subtracted",
            "title": "sample less buffer",
            "type": "processed",
            "input": [{"kinds": ["x.raw.sample"], "max": 1}, {"kinds": ["x.raw.buffer"], "min": 0, "max": 2}],
        }
    )
    assert kind.objection_to(["x.raw.sample", "x.raw.buffer", "x.raw.buffer"]) is None
    assert kind.objection_to(["x.raw.sample"]) is None
    assert kind.objection_to(["x.raw.buffer"]) == (
        "a dataset of kind x.processed.subtracted comes from 1 of kind x.raw.sample and 0 to 2 of kind x.raw.buffer; "
        "found 1 of kind x.raw.buffer"
    )


def test_a_kind_that_lists_no_relation_is_free_and_one_with_an_empty_list_has_none() -> None:
    free = Kind.model_validate({"name": "x.any", "title": "any", "type": "processed"})
    bound = Kind.model_validate({"name": "x.none", "title": "none", "type": "raw", "input": []})
    assert free.objection_to(["whatever.raw"]) is None
    assert "comes from no inputs; found 1 of kind whatever.raw" in str(bound.objection_to(["whatever.raw"]))


CALORIC = """\
name = "CALORIC"
title = "Caloric by melting"
pid = "https://facility.example/techniques#CALORIC"
definitions = ["CALORIC"]

[[kind]]
name = "caloric.raw.frame"
title = "Frames"
type = "raw"
"""


def test_a_facility_adds_a_technique_by_adding_a_file(tmp_path: Path) -> None:
    (tmp_path / "caloric.toml").write_text(CALORIC)
    technique = TechniqueBook.load([tmp_path]).technique_of(Traits(0, definition="CALORIC"))
    assert technique is not None
    assert technique.name == "CALORIC"


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ('definitions = ["CALORIC"]', 'definitions = ["MX"]', "definitions: mx is claimed by"),
        ('"caloric.raw.frame"', '"mx.raw.mesh"', "kind: mx.raw.mesh is claimed by"),
        ("https://facility.example/techniques#CALORIC", "https://w3id.org/PaN/ESRFET#MX", "is claimed by"),
        ('type = "raw"', 'type = "raw"\nawait_inputs = "soon"', "line 10, kind[1].await_inputs: a duration is written"),
        ('type = "raw"', 'type = "cooked"', "line 9, kind[1].type"),
        ('type = "raw"', 'type = "raw"\nmatch.scantype = ["x"]', "line 10, kind[1].match.scantype: unknown key"),
        (
            'type = "raw"',
            'type = "raw"\n[[kind]]\nname = "caloric.raw.frame"\ntitle = "again"\ntype = "raw"',
            "the kind caloric.raw.frame is described 2 times",
        ),
    ],
)
def test_a_bad_technique_file_is_one_clear_error(tmp_path: Path, good: str, bad: str, complaint: str) -> None:
    (tmp_path / "caloric.toml").write_text(CALORIC.replace(good, bad))
    with pytest.raises(DataFileInvalid) as caught:
        TechniqueBook.load([tmp_path])
    assert complaint in str(caught.value)
    assert "caloric.toml" in str(caught.value)


def test_every_technique_has_a_kind_for_whatever_its_beamline_sends() -> None:
    def falls_through(technique: Technique, inputs: int) -> bool:
        return technique.kind_of(Traits(inputs, scan_type="never heard of")) is None

    assert [t.name for t in TECHNIQUES.techniques if falls_through(t, 0) or falls_through(t, 1)] == []
