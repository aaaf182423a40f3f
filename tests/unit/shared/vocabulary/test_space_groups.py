"""A space group has one name, however people and programs write it."""

import gemmi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vocabulary.space_groups import on_rhombohedral_axes, pdbx_name, space_group, spellings


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "R 3 2:H",
            ("H32", "H 3 2", "R32", "R 3 2", "R 3 2 :H", "R 3 2:H", "R32:h", "r 32", "R 3 2 H", "155", " 155 "),
        ),
        ("R 3 2:R", ("R 3 2:R", "R32:R", "R 3 2 :r")),
        ("R 3:H", ("H3", "R3", "146", "146.0", "H 3")),
        ("R -3 m:H", ("R-3m", "H-3m", "R \u22123 m", "166")),
        ("P 21 21 21", ("P212121", "p212121", "P 21 21 21", "19", "P2(1)2(1)2(1)", "P 2_1 2_1 2_1", "P2₁2₁2₁")),
        ("P 21 21 21", ("P 21 21 21 (No. 19)", "P212121 #19", "P 21 21 21 [no 19]", "P 21 21 21 (19)", "'P 21 21 21'")),
        ("P 1 21 1", ("P21", "P 21", "P 1 21 1", "P1211", "4", "P2(1)")),
        ("P 41 21 2", ("P41212", "P4(1)2(1)2", "P 41 21 2", "92")),
        ("C 1 2 1", ("C2", "C 2", "C121", "C 1 2 1", "5")),
        ("I 1 2 1", ("I2", "I121", "I 1 2 1")),
        ("P 1", ("P1", "P 1", "1")),
        ("P 63 2 2", ("P6322", "P 63 2 2", "182")),
    ],
)
def test_all_spellings_are_one_group(name: str, texts: tuple[str, ...]) -> None:
    assert {text: space_group(text) for text in texts} == dict.fromkeys(texts, name)


@pytest.mark.parametrize("text", ["", "  ", "0", "231", "1155", "-1", "19.5", "P 7", "lysozyme", "No. 19", "P" * 1000])
def test_what_is_no_space_group_has_no_name(text: str) -> None:
    assert space_group(text) is None
    assert list(spellings(text)) == []
    assert pdbx_name(text) == text


@pytest.mark.parametrize("text", ["R32", "R 3 2", "155", "R3", "146"])
def test_a_name_that_leaves_the_axes_open_may_mean_the_other_ones(text: str) -> None:
    assert on_rhombohedral_axes(text) in {"R 3 2:R", "R 3:R"}


@pytest.mark.parametrize("text", ["H32", "H 3 2", "h32", "R 3 2:H", "R 3 2:R", "R32 H", "P 21 21 21", "19", "x"])
def test_a_name_that_says_its_axes_means_no_others(text: str) -> None:
    assert on_rhombohedral_axes(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("R 3 2:H", "H 3 2"), ("H32", "H 3 2"), ("R 3 2:R", "R 3 2"), ("P212121", "P 21 21 21"), ("R -3:H", "H -3")],
)
def test_a_group_on_hexagonal_axes_begins_with_h_in_mmcif(text: str, name: str) -> None:
    assert pdbx_name(text) == name
    assert gemmi.find_spacegroup_by_name(name) is not None


CHIRAL = [group for group in gemmi.spacegroup_table_itb() if group.is_sohncke()]
"""Those that a protein crystal can have."""


@given(st.sampled_from(CHIRAL), st.data())
def test_whatever_a_group_is_called_it_is_found_by_any_other_name(group: gemmi.SpaceGroup, data: st.DataObject) -> None:
    names = [group.xhm(), group.xhm().replace(" ", "")]
    if group.ext != "R":  # whose axes must be said
        names += [group.hm, group.short_name(), group.hm.replace(" ", "")]
    asked = data.draw(st.sampled_from([*names, str(group.number)]))
    catalogued = data.draw(st.sampled_from([*names, str(group.number)] if group.is_reference_setting() else names))
    name = space_group(catalogued)
    assert name is not None
    assert gemmi.find_spacegroup_by_name(name).number == group.number
    assert space_group(name) == name, "the one name is its own"
    assert name in set(spellings(asked))
