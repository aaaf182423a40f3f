"""The parts of a batch: small records first, and the order of each key as it was."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.events.record import Record
from shared.stages.lots import LARGE_BYTES, LOT_BYTES, lots_of

SMALL = Record("dataset.validated", 0, 0, 0, b"a", b"x", ())


def record(offset: int, key: bytes | None, size: int) -> Record:
    return replace(SMALL, offset=offset, key=key, value=b"x" * size)


def test_a_batch_of_small_records_is_one_lot() -> None:
    batch = [record(n, str(n).encode(), 3000) for n in range(500)]
    assert list(lots_of(batch)) == [batch]


def test_small_records_are_settled_before_large_ones() -> None:
    large, small = record(0, b"flood", LARGE_BYTES + 1), record(1, b"neighbour", 3000)
    assert list(lots_of([large, small])) == [[small], [large]]


def test_what_follows_a_large_record_of_its_dataset_waits_for_it() -> None:
    before, large, after = record(0, b"a", 1), record(1, b"a", LARGE_BYTES + 1), record(2, b"a", 1)
    assert list(lots_of([before, large, after])) == [[before], [large, after]]


def test_a_tombstone_is_small() -> None:
    empty = replace(SMALL, value=None)
    assert list(lots_of([empty])) == [[empty]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, b"a", b"b", b"c"]), st.sampled_from([1, LARGE_BYTES + 1, LOT_BYTES // 2, LOT_BYTES])
        )
    )
)
def test_every_record_is_in_one_lot_and_each_key_keeps_its_order(said: list[tuple[bytes | None, int]]) -> None:
    batch = [record(offset, key, size) for offset, (key, size) in enumerate(said)]
    lots = [list(lot) for lot in lots_of(batch)]
    settled = [each for lot in lots for each in lot]
    by_key: dict[bytes | None, list[int]] = defaultdict(list)
    for each in settled:
        by_key[each.key].append(each.offset)
    assert sorted(each.offset for each in settled) == list(range(len(batch)))
    assert all(offsets == sorted(offsets) for offsets in by_key.values())
    assert all(len(lot) == 1 or sum(len(each.value or b"") for each in lot) <= LOT_BYTES for lot in lots[1:])
