"""The tables and medians that benchmarks print."""

import pytest

from benchmarks.instruments.figures import medians, shown, side_by_side
from benchmarks.instruments.names import ALL


def test_a_figure_is_the_median_of_the_runs_that_have_it() -> None:
    runs = [{"cores": {"at rest": 3.0}}, {"cores": {"at rest": 1.0, "busy": 7.0}}, {"cores": {"at rest": 2.0}}]
    assert medians(runs) == {"cores": {"at rest": 2.0, "busy": 7.0}}


def test_forms_stand_side_by_side_with_the_ratio_of_the_last_to_the_first() -> None:
    lines = list(side_by_side({"apart": {"cores": {"at rest": 0.2}}, "together": {"cores": {"at rest": 0.1}}}))
    assert [line.split() for line in lines] == [
        ["apart", "together", "together", "÷", "apart"],
        ["cores"],
        ["at", "rest", "0.2", "0.1", "0.50"],
    ]
    assert len({len(line) for line in lines if line != "cores"}) == 1, "columns are aligned"


def test_a_single_form_has_no_ratio() -> None:
    assert [line.split() for line in side_by_side({"apart": {"cores": {"at rest": 0.2}}})] == [
        ["apart"],
        ["cores"],
        ["at", "rest", "0.2"],
    ]


@pytest.mark.parametrize("present", ["apart", "together"])
def test_a_process_that_only_one_form_has_leaves_the_other_cell_and_the_ratio_empty(present: str) -> None:
    columns = {form: {"cpu": {"x": 7.0} if form == present else {}} for form in ("apart", "together")}
    *_, line = side_by_side(columns)
    assert line.split() == ["x", "7"]
    assert line.endswith(" ")


def test_the_sum_comes_after_the_processes_of_every_form() -> None:
    lines = side_by_side(
        {"apart": {"cpu": {"linker": 2.0, ALL: 2.0}}, "together": {"cpu": {"pipeline": 1.0, ALL: 1.0}}}
    )
    assert [line.split()[0] for line in lines] == ["apart", "cpu", "linker", "pipeline", ALL]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.02345, "0.0234"), (1.5, "1.5"), (99.95, "100"), (1441.4, "1,441")]
)
def test_a_number_has_three_digits_or_all_those_before_the_point(value: float, text: str) -> None:
    assert shown(value) == text
