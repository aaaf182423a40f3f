"""The vocabulary covers ICAT and every name that producers are known to send."""

import tomllib
from pathlib import Path
from typing import Literal

import pytest

from shared.vocabulary.datafiles import SCHEMAS, DataFileInvalid, Table, read_data_file
from shared.vocabulary.icat import icat_parameters
from shared.vocabulary.vocabulary import Vocabulary, load_combining
from tests.builders.described import COMBINING, VOCABULARY

SHELLS = ("overall", "inner", "outer")
SCALING = "MXAutoprocIntegrationScaling_"
TYPED_FAMILIES = (
    "MX",
    "SAXS",
    "saxs",
    "EM",
    "SSX",
    "FLUO",
    "xrf",
    "HTXRPD",
    "InstrumentSource_",
    "Source_",
    "InstrumentMonochromator",
    "InstrumentBeam_",
    "InstrumentCryostat01_",
    "InstrumentLaser",
    *(f"InstrumentDetector{number:02}_" for number in range(1, 11)),
    "SampleTracking",
    "SampleChanger_",
    "SampleProtein_",
    "Process_",
    "Workflow_",
)


class Item(Table):
    """An item of mmCIF as its dictionary has it."""

    dictionary: Literal["PDBx", "imgCIF"]
    type: Literal["float", "int", "text", "code", "date"]
    unit: str | None = None


class Items(Table):
    """The items that the vocabulary may name."""

    item: dict[str, Item]


SEED: dict[str, str] = tomllib.loads((Path(__file__).parent / "seed_names.toml").read_text())["means"]
REALLY_EMITTED = (
    "MX_element MX_edgeEnergy MX_startEnergy MX_endEnergy MX_peakEnergy MX_inflectioEnergy MX_remoteEnergy "
    "MX_peakFPrime MX_peakFDoublePrime MX_inflectionFPrime MX_inflectionFDoublePrime MX_comments group_by "
    "input_datasets beamlineID investigationId monoStripe energyBandwidth detector_id"
)


def test_all_114_names_of_the_seed_resolve_to_what_they_mean() -> None:
    resolved = {name: term.name for name in SEED if (term := VOCABULARY.resolve(name))}
    assert len(SEED) == 114
    assert resolved == SEED


def test_every_parameter_of_icat_resolves() -> None:
    names = list(icat_parameters())
    assert len(names) >= 1261
    assert [name for name in names if VOCABULARY.resolve(name) is None] == []


def test_no_two_parameters_differ_by_letter_case_alone() -> None:
    lowered = [name.lower() for name in VOCABULARY.terms]
    assert len(lowered) == len(set(lowered))


@pytest.mark.parametrize("name", REALLY_EMITTED.split())
def test_what_clients_really_emit_is_known(name: str) -> None:
    assert VOCABULARY.resolve(name) is not None


@pytest.mark.parametrize("family", TYPED_FAMILIES)
def test_a_family_that_has_techniques_is_typed_here_and_not_left_to_icat(family: str) -> None:
    of_icat = [name for name in icat_parameters() if name.startswith(family)]
    assert of_icat
    assert [name for name in of_icat if (term := VOCABULARY.resolve(name)) is None or term.loose] == []


def test_the_families_of_mx_have_196_parameters() -> None:
    assert sum(name.startswith("MX") for name in icat_parameters()) == 196


def test_every_number_has_a_unit_or_a_reason_for_none() -> None:
    numbers = [term for term in VOCABULARY.terms.values() if term.type in ("number", "integer", "vector")]
    assert [term.name for term in numbers if not (term.loose or term.unit or term.no_unit)] == []


def test_a_ratio_has_a_range_beyond_which_its_scale_is_doubted() -> None:
    ratios = {term.name: term.scale for term in VOCABULARY.terms.values() if term.scale}
    assert len(ratios) >= 40
    for name, scale in ratios.items():
        term = VOCABULARY.terms[name]
        assert (term.type, term.plausible) == ("number", scale.likely), name
        assert scale.possible[0] <= scale.likely[0] <= scale.likely[1] <= scale.possible[1], name
        assert (term.unit is None) == (scale.per_cent is not None), f"{name}: only a fraction can come in per cent"
        assert term.unit in (None, "%"), name


def test_all_75_scaling_parameters_are_typed() -> None:
    terms = [term for name, term in VOCABULARY.terms.items() if name.startswith(SCALING)]
    assert len(terms) == 75
    assert {term.type for term in terms} == {"number", "integer", "boolean"}


def test_every_unit_of_icat_can_be_converted_to() -> None:
    without = {term.unit for term in VOCABULARY.terms.values() if term.unit and not term.conversions}
    assert without == set()


def test_a_deprecated_name_leads_to_its_successor() -> None:
    term = VOCABULARY.resolve("MX_crystalPositionName")
    assert term is not None
    assert term.name == "MX_positionName"


ITEMS = read_data_file(SCHEMAS / "mmcif" / "items.toml", Items).item
NUMERIC = {"float": {"number", "integer"}, "int": {"integer", "number"}, "date": {"time"}}
UNITS_AS_THEY_ARE = {"mm or pixels, as reference_center_units says": "mm"}
OF_THE_SAME_SENSE = {("μm", "mm"): 1000, ("mm", "m"): 1000}


def test_every_item_of_mmcif_that_the_vocabulary_names_is_one_and_every_one_that_is_listed_is_named() -> None:
    assert {term.mmcif for term in VOCABULARY.terms.values() if term.mmcif} == set(ITEMS)


def test_a_value_in_its_unit_times_the_factor_is_a_value_in_the_unit_of_its_item() -> None:
    wrong = []
    for term in VOCABULARY.terms.values():
        if term.mmcif is None or term.type == "text":
            continue
        item = ITEMS[term.mmcif]
        unit = UNITS_AS_THEY_ARE.get(item.unit or "", item.unit)
        factor = OF_THE_SAME_SENSE.get((unit or "", term.unit or ""), 1 if unit == term.unit else None)
        is_of_its_type = item.type not in NUMERIC or term.type in NUMERIC[item.type]
        if not is_of_its_type or (item.type != "text" and abs(term.mmcif_factor) != factor):
            wrong.append(term.name)
    assert wrong == []


def test_21_of_the_24_statistics_of_a_shell_have_an_item() -> None:
    for shell in SHELLS:
        terms = [term for name, term in VOCABULARY.terms.items() if name.startswith(f"{SCALING}{shell}_")]
        without = {term.name.removeprefix(f"{SCALING}{shell}_") for term in terms if term.mmcif is None}
        assert len(terms) == 24
        assert without == {"fractional_partial_bias", "anomalous", "isa"}


def test_no_two_statistics_of_a_shell_are_one_item() -> None:
    for shell in SHELLS:
        items = [t.mmcif for name, t in VOCABULARY.terms.items() if name.startswith(f"{SCALING}{shell}_")]
        named = [item for item in items if item]
        assert len(named) == len(set(named)) == 21


def test_parts_reckon_with_numbers_and_reach_from_a_beginning_to_an_end() -> None:
    for name, rule in COMBINING.rules.items():
        if rule in ("sum", "min", "max"):
            assert VOCABULARY.terms[name].type in ("number", "integer"), name
    for name, ends in COMBINING.extents.items():
        assert COMBINING.rules[name] == "sum"
        assert [COMBINING.rules[end] for end in ends] == ["first", "last"]


def test_a_facility_says_what_parts_of_its_own_parameters_make(tmp_path: Path) -> None:
    own = """title = "own"
[parameter]
XYZ_shots = { type = "integer", no_unit = "a count", local = true }
[parts.combine]
sum = ["XYZ_shots"]
"""
    (tmp_path / "own.toml").write_text(own)
    assert "XYZ_shots" in Vocabulary.load([tmp_path]).terms
    assert load_combining([tmp_path]).rules == {**COMBINING.rules, "XYZ_shots": "sum"}


def test_parts_of_a_parameter_that_does_not_exist_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('title = "own"\n[parts.combine]\nsum = ["MX_numberOfImags"]\n')
    with pytest.raises(DataFileInvalid, match=r"own\.toml, parts: MX_numberOfImags is not a parameter"):
        Vocabulary.load([tmp_path])
