"""What a position remembers, and where reading goes on when the log under it has changed."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.events.record import Record
from shared.kafka.positions import (
    MARGIN_RECORDS,
    MOST_MARKS,
    MOST_METADATA_BYTES,
    SPACING,
    Mark,
    MarkState,
    Remembered,
    all_sources,
    as_metadata,
    fingerprint,
    from_metadata,
    place_to_resume,
    with_newest,
    with_settled,
)

HEADERS = (("ce_id", b"r-1"), ("ce_source", b"/producers/t"))


def record(
    offset: int = 7,
    *,
    timestamp_ms: int = 1000,
    key: bytes | None = b"k",
    value: bytes | None = b"v",
    headers: tuple[tuple[str, bytes], ...] = HEADERS,
) -> Record:
    return Record("dataset.submitted", 0, offset, timestamp_ms, key, value, headers)


def test_a_fingerprint_tells_any_two_records_apart_and_knows_one_again() -> None:
    others = [
        record(timestamp_ms=1001),
        record(key=b"l"),
        record(key=None),
        record(key=b""),
        record(key=b"kv", value=b""),
        record(value=b"w"),
        record(value=None),
        record(headers=(("ce_id", b"r-2"), ("ce_source", b"/producers/t"))),
        record(headers=()),
    ]
    prints = {fingerprint(each) for each in [record(), *others]}
    assert len(prints) == 1 + len(others)
    assert fingerprint(record(8)) == fingerprint(record(7))  # where a record lies is no part of it


def test_a_header_that_is_no_text_has_a_fingerprint_too() -> None:
    assert fingerprint(record(headers=(("\udcff", b"x"),)))


@given(st.lists(st.integers(1, 700), min_size=1, max_size=400))
def test_marks_lie_the_nearer_to_each_other_the_newer_they_are_and_are_few(steps: list[int]) -> None:
    marks: tuple[Mark, ...] = ()
    offset = 0
    for step in steps:
        offset += step
        marks = with_newest(marks, Mark(offset, "x"))
    offsets = [mark.offset for mark in marks]
    assert offsets == sorted(set(offsets), reverse=True)
    assert offsets[0] == offset
    assert len(offsets) <= MOST_MARKS
    distances = [offset - each for each in offsets]
    for nearer, farther in pairwise(distances):
        assert farther < SPACING * SPACING * max(nearer, *steps) + max(steps)


def test_after_a_long_life_a_loss_of_any_size_costs_some_times_its_size() -> None:
    marks: tuple[Mark, ...] = ()
    for offset in range(0, 200_000, 10):
        marks = with_newest(marks, Mark(offset, "x"))
    end = marks[0].offset
    for lost in (1, 10, 100, 1000, 10_000):
        again = min(end - mark.offset for mark in marks if end - mark.offset >= lost)
        assert again <= SPACING * SPACING * max(lost, 10)


def test_metadata_comes_back_as_it_was() -> None:
    remembered = Remembered((Mark(12, "ab"), Mark(3, "cd")), ("0a1b2c3d",))
    assert from_metadata(as_metadata(remembered)) == remembered


def test_metadata_fits_whatever_is_remembered() -> None:
    marks = tuple(Mark(2**63 - 1 - number, "f" * 16) for number in range(MOST_MARKS))
    text = as_metadata(Remembered(marks, tuple("0a1b2c3d" for _ in range(1000))))
    assert len(text.encode()) <= MOST_METADATA_BYTES
    assert from_metadata(text).marks == marks
    assert len(from_metadata(text).sources) > 100


@given(st.one_of(st.text(), st.sampled_from(["", "null", "[]", "{}", '{"marks":1}', '{"marks":[[1]],"sources":[]}'])))
def test_metadata_of_somebody_else_says_nothing(text: str) -> None:
    assert from_metadata(text) == Remembered()


def test_metadata_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    text = json.dumps({"marks": [[1, "ab"]], "sources": [], "more": 1})
    assert from_metadata(text).marks == (Mark(1, "ab"),)


def test_sources_are_those_of_all_partitions() -> None:
    assert all_sources([Remembered((), ("a", "b")), Remembered((), ("b", "c"))]) == {"a", "b", "c"}


SAME, OTHER, EXPIRED = MarkState.SAME, MarkState.OTHER, MarkState.EXPIRED
MARKS = tuple(Mark(offset, "x") for offset in (9999, 9990, 9900, 9300, 6000))


def test_a_position_whose_newest_mark_holds_stands() -> None:
    assert place_to_resume(10_000, 10_000, MARKS, [SAME]) == 10_000


def test_after_a_loss_reading_goes_on_a_good_while_before_the_newest_mark_that_holds() -> None:
    assert place_to_resume(10_000, 12_000, MARKS, [OTHER, SAME]) == 9301
    assert place_to_resume(10_000, 9_950, MARKS, [OTHER, OTHER, SAME]) == 9301
    assert place_to_resume(10_000, 12_000, MARKS, [OTHER, OTHER, OTHER, SAME]) == 6001
    assert MARKS[1].offset - 9301 > MARGIN_RECORDS


def test_where_no_mark_holds_or_none_is_far_enough_back_the_log_is_read_from_its_start() -> None:
    assert place_to_resume(10_000, 12_000, MARKS, [OTHER] * 5) is None
    assert place_to_resume(10_000, 12_000, MARKS, [OTHER] * 4 + [SAME]) is None
    assert place_to_resume(10_000, 12_000, MARKS, [OTHER, EXPIRED]) is None
    assert place_to_resume(60, 70, [Mark(59, "x"), Mark(58, "x")], [OTHER, SAME]) is None


def test_a_record_that_retention_removed_is_no_loss() -> None:
    assert place_to_resume(10_000, 12_000, MARKS, [EXPIRED]) == 10_000


def test_what_lies_between_a_mark_and_its_position_was_no_record_and_is_read_again() -> None:
    """Markers of transactions: if they are lost, events may have been written in their place."""
    assert place_to_resume(10_003, 10_004, MARKS, [SAME]) == 10_000


def test_without_marks_a_position_stands_unless_the_log_ends_before_it() -> None:
    assert place_to_resume(100, 120, [], []) == 100
    assert place_to_resume(100, 100, [], []) == 100
    assert place_to_resume(100, 99, [], []) is None


def test_a_batch_leaves_marks_of_its_last_record_and_of_few_before_it() -> None:
    batch = [record(offset, timestamp_ms=offset) for offset in range(1000, 1500)]
    marks = with_settled((Mark(3, "old"),), batch)
    assert [mark.offset for mark in marks] == [1499, 1498, 1495, 1483, 1435, 1243, 3]
    assert marks[0].fingerprint == fingerprint(batch[-1])
    assert with_settled((), batch[:1]) == (Mark(1000, fingerprint(batch[0])),)
