"""A condition may be written as people write it or as ICAT+ does, and a slip is answered with what works."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.index.question import AnyOf, Condition, Exists, NoneOf, Within
from services.search.query.filters import conditions_of
from services.search.query.grammar import (
    OPERATORS,
    SIGNS,
    WRITTEN,
    Comparison,
    FilterInvalid,
    comparisons,
    words_and_conditions,
)
from services.search.query.naming import Naming
from tests.builders.described import VOCABULARY

NAMING = Naming(VOCABULARY)
UP, DOWN = math.inf, -math.inf


def above(number: float) -> float:
    return math.nextafter(number, UP)


def below(number: float) -> float:
    return math.nextafter(number, DOWN)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("MX_resolution<2", [Condition("MX_resolution", Within(DOWN, below(2)))]),
        ("MX_resolution <= 2 A", [Condition("MX_resolution", Within(DOWN, 2))]),
        ("mx_RESOLUTION≤2Å", [Condition("MX_resolution", Within(DOWN, 2))]),
        ("MX_detectorDistance>15cm", [Condition("MX_detectorDistance", Within(above(150), UP))]),
        ("MX_flux>=1e12 ph/sec", [Condition("MX_flux", Within(1e12, UP))]),
        ("a > 1, b = x", [Condition("a", Within(above(1), UP)), Condition("b", AnyOf(("x",)))]),
        ("a>1,a<2", [Condition("a", Within(above(1), below(2)))]),
        ("1<a<=2", [Condition("a", Within(above(1), 2))]),
        ("2 >= a > -1", [Condition("a", Within(above(-1), 2))]),
        ("0.5 nm > MX_wavelength", [Condition("MX_wavelength", Within(DOWN, below(5)))]),
        ("2<a", [Condition("a", Within(above(2), UP))]),
        ("2theta<3", [Condition("2theta", Within(DOWN, below(3)))]),
        ("a==x", [Condition("a", AnyOf(("x",)))]),
        ("a=<2", [Condition("a", Within(DOWN, 2))]),
        ("a=>2", [Condition("a", Within(2, UP))]),
        ("a!=x", [Condition("a", NoneOf(AnyOf(("x",))))]),
        ("a <> 2", [Condition("a", NoneOf(AnyOf(("2",))))]),
        ("a~neq~x", [Condition("a", NoneOf(AnyOf(("x",))))]),
        ("a = <b>", [Condition("a", AnyOf(("<b>",)))]),
        ("a = x=y<z", [Condition("a", AnyOf(("x=y<z",)))]),
        ("a = x~y", [Condition("a", AnyOf(("x~y",)))]),
        (r"a = one\, two", [Condition("a", AnyOf(("one, two",)))]),
        ('a = "one, two", b', [Condition("a", AnyOf(("one, two",))), Condition("b", Exists())]),
        ("a='x', b>1", [Condition("b", Within(above(1), UP)), Condition("a", AnyOf(("x",)))]),
        ("a<2,b~gt~1", [Condition("a", Within(DOWN, below(2))), Condition("b", Within(above(1), UP))]),
        ("a<2,b", [Condition("a", Within(DOWN, below(2))), Condition("b", Exists())]),
        ("a~eq~x<2", [Condition("a", AnyOf(("x<2",)))]),
        ('a~eq~x="p', [Condition("a", AnyOf(('x="p',)))]),
        ("a~like~b>=", [Condition("a", conditions_of("q~like~b>=", NAMING)[0].test)]),
    ],
)
def test_a_condition_is_read_as_people_write_it(text: str, conditions: list[Condition]) -> None:
    assert conditions_of(text, NAMING) == conditions


SLIPS = [
    ("MX_resolution~lte~2", "MX_resolution~lteq~2"),
    ("MX_resolution~lte~2", "MX_resolution<=2"),
    ("MX_resolution~<~2", "MX_resolution<2"),
    ("MX_resolution~2", "MX_resolution=2"),
    ("Process_program~auto", "Process_program~like~auto"),
    ("MX_resolution~contains~2", "MX_resolution~like~2"),
    ("MX_resolution~above~2", "MX_resolution=2"),
    ("MX_resolution<", "MX_resolution<2"),
    ("MX_resolution = ", "MX_resolution=2"),
    ("MX_resolution~gt~", "MX_resolution~gt~value"),
    ("<2", "MX_resolution<2"),
    ("2 >", "MX_resolution<2"),
    ("~gt~2", "MX_resolution~lt~2"),
    ("MX_resolution<2,5", "MX_resolution<2.5"),
    ("MX_resolution<2,5 A", "MX_resolution<2.5 A"),
    (r"MX_resolution<2\,5", "MX_resolution<2.5"),
    ("MX_flux>1,000", "MX_flux>1000"),
    ("MX_flux>1,000", "MX_flux>1.000"),
    ("MX_flux>1 000", "MX_flux>1000"),
    ("MX_flux>1_000", "MX_flux>1000"),
    ("MX_flux~gt~1_000", "MX_flux~gt~1000"),
    ("MX_flux>many", "MX_flux>2"),
    ("odd<2 A", "odd<2"),
    ("1<a>2", "a>1,a>2"),
    ("1<a!=2", "a>1,a!=2"),
    ("a<b<c", "1.5<MX_resolution<2"),
    ("1<a<2<3", "1.5<MX_resolution<2"),
]


@pytest.mark.parametrize(("slip", "cure"), SLIPS)
def test_a_slip_is_answered_with_a_condition_that_works(slip: str, cure: str) -> None:
    with pytest.raises(FilterInvalid) as refused:
        conditions_of(slip, NAMING)
    assert cure in str(refused.value)
    if not cure.endswith("value"):
        assert conditions_of(cure, NAMING)


def test_a_unit_that_the_parameter_does_not_have_is_answered_with_those_it_has() -> None:
    with pytest.raises(FilterInvalid, match="give a number in one of m, cm, mm"):
        conditions_of("MX_detectorDistance<15kg", NAMING)


@pytest.mark.parametrize(
    ("text", "words", "conditions"),
    [
        ("lysozyme", "lysozyme", ""),
        ("MX_resolution<2", "", "MX_resolution<2"),
        ("lysozyme autoPROC MX_resolution < 2 A, a>1", "lysozyme autoPROC ", "MX_resolution < 2 A, a>1"),
        ("Fus 1 < MX_resolution < 2", "Fus ", "1 < MX_resolution < 2"),
        ("MX_flux~gt~1", "", "MX_flux~gt~1"),
        ("run MX_flux~gte~1", "run ", "MX_flux~gte~1"),
        ("MX_scanType=mesh", "", "MX_scanType=mesh"),
        ("a != b", "", "a != b"),
        ("run MX_flux > many", "run ", "MX_flux > many"),
        ("MX_flux<", "", "MX_flux<"),
        ("T=100K", "T=100K", ""),
        ("<100> wt>mut", "<100> wt>mut", ""),
        ("/data/a=b/x~y~z", "/data/a=b/x~y~z", ""),
        ("2024 < 2025", "2024 < 2025", ""),
    ],
)
def test_conditions_among_words_are_known_by_their_signs(text: str, words: str, conditions: str) -> None:
    assert words_and_conditions(text, NAMING.knows) == (words, conditions)


names = st.text(st.characters(exclude_categories=["Cs", "Z", "C"], exclude_characters='~,<>=!≤≥≠\\"')).filter(
    lambda name: name.strip() and not name[:1].isdigit() and name[:1] not in "+-."
)
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr)
texts = st.text(max_size=20).filter(
    lambda text: text.strip() == text != "" and text[0] not in "\"'" and text[-1] != "\\"
)
values = st.lists(st.one_of(texts, st.sampled_from([*SIGNS, "~", "x", ","])), min_size=1, max_size=4).map("".join)


def escaped(value: str) -> str:
    return value.replace(",", "\\,")


@given(names, st.sampled_from(["lt", "lteq", "gt", "gteq"]), numbers, st.sampled_from(["", " "]))
def test_an_order_means_the_same_in_either_writing(name: str, operator: str, number: str, blank: str) -> None:
    written = f"{name}{blank}{WRITTEN[operator]}{blank}{number}"
    assert conditions_of(written, NAMING) == conditions_of(f"{name}~{operator}~{number}", NAMING)


@given(names, st.sampled_from(["eq", "neq"]), values)
def test_an_equation_means_the_same_in_either_writing(name: str, operator: str, value: str) -> None:
    if any(f"~{known}" in value.lower() for known in OPERATORS) or value != value.strip() or value[0] in "\"'":
        return  # read as ICAT+ does, or without what surrounds it
    written = f"{name} {WRITTEN[operator]} {escaped(value)}"
    assert conditions_of(written, NAMING) == conditions_of(f"{name}~{operator}~{escaped(value)}", NAMING)


@given(names, numbers, numbers, st.sampled_from(["<", "<="]), st.sampled_from(["<", "<="]))
def test_a_number_between_two_is_both_conditions(name: str, low: str, high: str, first: str, second: str) -> None:
    both = f"{name}~{'gteq' if '=' in first else 'gt'}~{low},{name}~{'lteq' if '=' in second else 'lt'}~{high}"
    assert conditions_of(f"{low}{first}{name}{second}{high}", NAMING) == conditions_of(both, NAMING)


@given(st.lists(st.tuples(names, st.sampled_from(OPERATORS), values), min_size=1, max_size=4))
def test_what_icat_understands_keeps_its_meaning(said: list[tuple[str, str, str]]) -> None:
    text = ",".join(f"{name}~{operator}~{escaped(value)}" for name, operator, value in said)
    if "\\\\," in text or any(value.endswith("\\") for _, _, value in said):
        return  # a backslash before the comma that ends a condition keeps it, in either grammar
    expected = [Comparison(name, operator, value) for name, operator, value in said]
    assert list(comparisons(text)) == expected


@given(st.text(max_size=60) | st.lists(st.sampled_from([*SIGNS, "a", "2", ",", "~", '"', " ", "eq"])).map("".join))
def test_any_text_is_understood_or_refused(text: str) -> None:
    with suppress(FilterInvalid):
        assert all(condition.name for condition in conditions_of(text, NAMING))
