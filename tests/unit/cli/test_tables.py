"""A table fits its terminal, and no word of it is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from clients.cli.terminal.tables import LONGEST_CELL, table

PATH = "/data/visitor/mx1111/id30a-3/20261124/RAW_DATA/Fus_RAC1b/run_01_datacollection"
WIDE_PATH = "/data/visitor/mx1111/結晶/試料🧊/一回目/" + "測定" * 20
ID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
SENTENCE = "MX_numberOfImages is missing; a data collection says how many images it has, so give it as a number"


def lines(rows: list[list[object]], width: int | None, columns: tuple[str, ...] = ("id", "code", "path")) -> list[str]:
    return [line for row in table(columns, rows, width) for line in row]


def test_a_row_that_fits_is_one_line() -> None:
    assert lines([[ID, "odd", PATH]], 130) == [
        "id                                    code  path",
        f"{ID}  odd   {PATH}",
    ]


def test_what_does_not_fit_stands_below_its_row_as_it_is() -> None:
    assert lines([[ID, "odd", PATH], [None, "even", "/data"]], 80) == [
        "id                                    code",
        "  path",
        f"{ID}  odd",
        f"  {PATH}",
        "                                      even",
        "  /data",
    ]


def test_a_sentence_is_folded_at_its_words() -> None:
    told = lines([[ID, "odd", SENTENCE]], 80, ("id", "code", "message"))
    assert max(map(cell_len, told)) <= 80
    assert [line for line in told if ID in line] == [f"{ID}  odd   MX_numberOfImages is missing; a data"]
    assert " ".join(" ".join(told).split()).endswith("so give it as a number")


def test_a_row_stays_one_line_where_nobody_looks() -> None:
    rows: list[list[object]] = [[ID, SENTENCE * 4, PATH], [ID, "a\nb\tc", "x" * 300], [None, None, None]]
    header, *told = lines(rows, None)
    assert header.split() == ["id", "code", "path"]
    assert told == [
        f"{ID}  {SENTENCE * 4}  {PATH}",
        f"{ID}  a\\nb\\tc{' ' * 93}  {'x' * 300}",
        "",
    ]


def test_only_what_is_longer_than_any_path_is_shortened() -> None:
    [_, [row]] = list(table(["path"], [["/" + "x" * (LONGEST_CELL - 1)]], 80))
    assert row == "/" + "x" * (LONGEST_CELL - 1)
    [_, [row]] = list(table(["value"], [["a" + "x" * 10_000 + "b"]], 80))
    assert len(row) == LONGEST_CELL + 1
    assert (row[0], row[LONGEST_CELL // 2], row[-1]) == ("a", "…", "b")


def test_rows_are_printed_as_they_come() -> None:
    def rows() -> "list[object]":
        made.append(PATH)
        return [ID, len(made), PATH]

    made: list[str] = []
    printed = table(("id", "code", "path"), iter(rows, None), 80)
    for _ in range(2000):
        next(printed)
    assert len(made) <= 2001


words = st.text(st.characters(exclude_categories=["Cs", "C", "Z"]), min_size=1, max_size=50)
cells = st.one_of(
    st.none(), st.integers(), words, st.lists(words, max_size=8).map(" ".join), st.just(PATH), st.just(WIDE_PATH)
)


@given(st.lists(st.lists(cells, min_size=4, max_size=4), max_size=5), st.integers(1, 250) | st.none())
def test_every_word_is_printed_unbroken_in_a_terminal_of_any_width(rows: list[list[object]], width: int | None) -> None:
    columns = ("name", "kind", "message", "path")
    header, *printed = table(columns, rows, width)
    assert sorted(" ".join(header).split()) == sorted(columns)
    assert len(printed) == len(rows)
    for row, told in zip(rows, printed, strict=True):
        said = [word for cell in row if cell is not None for word in str(cell).split()]
        assert sorted(" ".join(told).split()) == sorted(said)
        assert width is not None or len(told) == 1


@pytest.mark.parametrize("width", [80, 40, 20])
@given(st.lists(st.lists(words | st.none(), min_size=3, max_size=3), min_size=1, max_size=4))
def test_no_line_is_broken_by_the_terminal_but_one_that_holds_a_single_value(
    width: int, rows: list[list[object]]
) -> None:
    for row in table(("name", "kind", "path"), rows, width):
        assert all(len(line.split()) == 1 for line in row if cell_len(line) > width)


def test_a_few_cells_that_are_too_long_stand_below_their_rows_and_the_others_stay() -> None:
    rows = [(f"MX_{n}", str(n), "deg") for n in range(10)] + [("MX_directory", "/data/" + "x" * 90, "")]
    header, *lines = table(("parameter", "value", "unit"), rows, 80)
    assert header == ["parameter     value  unit"]
    assert lines[0] == ["MX_0          0      deg"]
    assert lines[-1] == ["MX_directory", "  /data/" + "x" * 90]
