"""Laws across parameters: each is told with what was found, what was expected and why."""

from typing import Any

import pytest

from services.validator.rules import check_of
from shared.events.dataset import Parameter
from shared.events.sections import Finding, Severity
from shared.vocabulary.rules import Rule

SWEEP = {"start": "start", "end": "end", "step": "step", "overlap": "overlap", "count": "count"}
CELL = {"space_group": "group", "lengths": ["a", "b", "c"], "angles": ["alpha", "beta", "gamma"]}


def findings(rule: dict[str, Any], **values: Any) -> list[Finding]:
    parameters: dict[str, Parameter] = {
        name: {"value": value, "original": str(value)} for name, value in values.items()
    }
    return list(check_of(Rule.model_validate(rule | {"because": "so it is"}))(parameters))


def codes(rule: dict[str, Any], **values: Any) -> list[str]:
    return [finding.code for finding in findings(rule, **values)]


def test_parameters_ascend_and_a_gap_among_them_is_stepped_over() -> None:
    rule = {"ascending": ["low", "middle", "high"]}
    assert codes(rule, low=1, middle=2.0, high=2) == []
    assert codes(rule, low=3, high=2) == ["order_broken"]
    assert codes(rule, low=3, middle=2, high=1) == ["order_broken"] * 2


def test_what_is_no_number_is_not_compared() -> None:
    rule = {"ascending": ["low", "high"]}
    assert codes(rule, low="5 or so", high=2) == []
    assert codes(rule, low=True, high=0) == []
    assert codes(rule, low=[5.0], high=2) == []


def test_two_names_of_one_quantity_agree_within_a_hundredth_unless_the_rule_says_otherwise() -> None:
    assert codes({"equal": ["one", "other"]}, one=1.5, other=1.51) == []
    assert codes({"equal": ["one", "other"]}, one=1.5, other=1.6) == ["values_differ"]
    assert codes({"equal": ["one", "other"], "tolerance": 0.1}, one=1.5, other=1.6) == []
    assert codes({"equal": ["one", "other"]}, one=1.5) == []


def test_a_finding_says_what_was_found_what_was_expected_and_why() -> None:
    [finding] = findings({"sweep": SWEEP, "severity": "error"}, start=10, end=409, step=0.1, count=4000)
    assert (finding.severity, finding.parameter) == (Severity.ERROR, "end")
    assert (finding.value, finding.expected) == ("409", "410")
    assert finding.message == "end = 409, but start = 10 and 4000 images of 0.1 end at 410; so it is"
    assert finding.cure == "correct one of them"


@pytest.mark.parametrize(
    ("values", "broken"),
    [
        ({"start": 0, "end": 400, "step": 0.1, "count": 4000}, False),
        ({"start": 0, "end": 399.9, "step": 0.1, "count": 4000}, False),  # the last image begins there
        ({"start": 0, "end": 399.8, "step": 0.1, "count": 4000}, True),
        ({"start": 90, "end": 0, "step": -0.5, "count": 180}, False),  # backwards
        ({"start": 0, "end": 100, "step": 1.0, "overlap": 0.5, "count": 200}, False),
        ({"start": 0, "end": 200, "step": 1.0, "overlap": 0.5, "count": 200}, True),
        ({"start": 0, "end": 271, "step": 1, "overlap": -89, "count": 4}, True),
        ({"start": 0, "end": 360, "step": 1, "overlap": -89, "count": 4}, False),  # wedges of a characterisation
        ({"end": 400, "step": 0.1, "count": 4000}, False),  # no start, no judgement
    ],
)
def test_a_sweep_ends_where_its_images_end(values: dict[str, float], broken: bool) -> None:  # noqa: FBT001
    assert codes({"sweep": SWEEP}, **values) == (["sweep_inconsistent"] if broken else [])


@pytest.mark.parametrize(
    ("group", "cell"),
    [
        ("P 21 21 21", (52.1, 71.4, 88.0, 90, 90, 90)),
        ("P212121", (52.1, 71.4, 88.0, 90, 90, 90)),
        ("P 43 21 2", (78.12, 78.13, 37.2, 90, 90, 90)),  # as refined, not as rounded
        ("P 61 2 2", (78.1, 78.1, 137, 90, 90, 120)),
        ("R 3 2", (78.1, 78.1, 137, 90, 90, 120)),
        ("R 3 2", (78.1, 78.1, 78.1, 80, 80, 80)),  # the rhombohedral setting of the same group
        ("H3", (78.1, 78.1, 137, 90, 90, 120)),
        ("C 1 2 1", (78.1, 60.1, 137, 90, 101, 90)),
        ("P 1", (78.1, 60.1, 137, 90.3, 101, 97)),
        ("I 2 3", (78.1, 78.1, 78.1, 90, 90, 90)),
    ],
)
def test_a_cell_that_its_space_group_permits_is_in_order(group: str, cell: tuple[float, ...]) -> None:
    names = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), cell, strict=True))
    assert codes({"cell": CELL}, group=group, **names) == []


@pytest.mark.parametrize(
    ("group", "cell", "code"),
    [
        ("P 43 21 2", (78.1, 81.4, 37.2, 90, 90, 90), "cell_implausible"),
        ("P 21 21 21", (52.1, 71.4, 88.0, 90, 91, 90), "cell_implausible"),
        ("P 61 2 2", (78.1, 78.1, 137, 90, 90, 90), "cell_implausible"),
        ("F 4 3 2", (78.1, 78.1, 79.0, 90, 90, 90), "cell_implausible"),
        ("R 3 2:H", (78.1, 78.1, 78.1, 80, 80, 80), "cell_implausible"),
        ("P 1", (78.1, 60.1, 137, 90, 90, 180), "cell_implausible"),  # without volume
        ("P 1", (78.1, 60.1, 137, 150, 150, 150), "cell_implausible"),  # no three axes have these angles
        ("P 1", (78.1, 60.1, 137, 5e-324, 90, 90), "cell_implausible"),
    ],
)
def test_a_cell_that_its_space_group_forbids_is_told(group: str, cell: tuple[float, ...], code: str) -> None:
    names = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), cell, strict=True))
    assert codes({"cell": CELL}, group=group, **names) == [code]


@pytest.mark.parametrize("group", ["P 7", ""])
def test_a_cell_is_not_judged_by_what_is_no_space_group(group: str) -> None:
    assert codes({"cell": CELL}, group=group, a=52.1, b=71.4, c=88.0, alpha=90, beta=91, gamma=90) == []


def test_half_a_cell_is_not_judged() -> None:
    assert codes({"cell": CELL}, group="P 43 21 2", a=78.1, b=81.4) == []
    assert codes({"cell": CELL}, group="P 43 21 2", a=0, b=0, c=0, alpha=0, beta=0, gamma=0) == []


@pytest.mark.parametrize("laws", [{}, {"ascending": ["a", "b"], "equal": ["a", "b"]}])
def test_a_rule_states_one_law(laws: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of ascending, equal, sweep and cell"):
        Rule.model_validate(laws | {"because": "so it is"})
