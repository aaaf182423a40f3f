import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.handler import CommittedView, SubmittedView, note_committed, note_submitted
from services.search.index.blocks import BEYOND, LONGEST_BOUND, Ordinals, text_block, upper_bound
from services.search.projections.datasets.note import DatasetEntry, ParameterKey, entry_of, words_of
from services.search.projections.facts import EventFacts
from services.search.projections.receipts.note import Rank, Receipt
from services.search.projections.revisions.note import RevisionRow
from services.search.query import lineage as lineages
from services.search.query.history import changes_of
from services.search.query.lineage import lineage
from shared.events.record import Record
from shared.events.topics import COMMITTED, SUBMITTED
from shared.events.wire import SubmissionId, read
from shared.foundation.packing import packed, unpacked
from tests.builders.search.records import IDENTITIES, NOON, Topics, dataset_id
from tests.builders.seeds import seed_of_run

F = TypeVar("F")

reports = st.builds(
    Receipt,
    st.just(SubmissionId("/producers/mxcube", "r", None, "words")),
    st.just(None),
    st.sampled_from([None, NOON, NOON + timedelta(1)]),
    st.sampled_from([NOON, NOON + timedelta(1)]),
    st.sampled_from(Rank),
    st.integers(0, 5),
    st.just(""),
).map(lambda report: replace(report, path=str(report.rank)))


@given(reports, reports, reports)
def test_reports_of_a_receipt_merge_the_same_in_any_order_and_number(
    one: Receipt, two: Receipt, three: Receipt
) -> None:
    assert one.merged(two) == two.merged(one)
    assert one.merged(two).merged(three) == one.merged(two.merged(three))
    assert one.merged(one) == one


def entry(parameters: dict[str, Any]) -> DatasetEntry:
    record = Topics().committed("/data/visitor/run_1", parameters)
    event = read(record, COMMITTED, CommittedView).event
    assert event.document is not None
    return entry_of(event.commit, event.document)


def test_numbers_compare_as_numbers_and_all_else_as_text() -> None:
    made = entry({"n": 1, "x": 0.5, "t": "0012", "b": False, "huge": 10**400})
    assert made.numbers == [(ParameterKey("n", many=False), 1.0), (ParameterKey("x", many=False), 0.5)]
    texts = {key.name: text for key, text in made.texts}
    assert texts == {"t": "0012", "b": "false", "huge": str(10**400)}


def test_each_element_of_a_list_is_an_entry_and_once() -> None:
    made = entry({"v": [1.0, 2.0, 1.0], "w": ["a", "b"]})
    assert [(key.name, key.many, number) for key, number in made.numbers] == [("v", True, 1.0), ("v", True, 2.0)]
    assert [text for _, text in made.texts] == ["a", "b"]


def test_a_path_is_many_words_and_each_counts_once() -> None:
    assert words_of("/data/Fus_RAC1b/run_01 DATA Überlänge") == ["data", "fus", "rac1b", "run", "01", "überlänge"]


@given(st.binary(max_size=2000))
def test_an_event_is_kept_byte_for_byte(event: bytes) -> None:
    assert unpacked(packed(event)) == event


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST_BOUND + 5), min_size=1))
def test_the_bounds_of_a_text_block_hold_all_its_values_and_stay_short(texts: list[str]) -> None:
    _, _, low, high, _, ordinals = text_block(1, [(texts, Ordinals(range(len(texts))))])
    assert isinstance(low, str)
    assert isinstance(high, str)
    assert ordinals.strip("{}").split(",") == [str(n) for n in sorted(range(len(texts)), key=lambda n: (texts[n], n))]
    if all(BEYOND not in text for text in texts):
        assert all(low <= text <= high for text in texts)
    assert len(low) <= LONGEST_BOUND
    assert len(upper_bound(high)) <= LONGEST_BOUND + 1


def only(takes: type[F], noted: EventFacts) -> F:
    """The one fact of a type that was noted."""
    [fact] = [fact for fact in noted.facts if isinstance(fact, takes)]
    return fact


def test_a_submission_without_a_readable_time_has_the_records() -> None:
    record = Topics().submitted("r", "/data/a", time="yesterday")
    [noted] = note_submitted(IDENTITIES, [read(record, SUBMITTED, SubmittedView)], None, NOON)
    assert only(Receipt, noted).submitted_at == NOON


@pytest.mark.parametrize("key", [None, b"\xff", str(dataset_id("/data/b")).encode()])
def test_a_receipt_in_flight_is_of_the_dataset_that_the_submission_names_whatever_its_key_says(
    key: bytes | None,
) -> None:
    good = Topics().submitted("r", "//data/a/")
    [noted] = note_submitted(IDENTITIES, [read(replace(good, key=key), SUBMITTED, SubmittedView)], None, NOON)
    receipt = only(Receipt, noted)
    assert (receipt.submission.dataset_id, receipt.path) == (dataset_id("/data/a"), "/data/a")


def test_a_submission_that_names_no_path_leaves_the_receipt_without_a_dataset() -> None:
    good = Topics().submitted("r", "/data/a")
    record = replace(good, value=b'{"submission":{}, "dataset":{"path":"/data/b"}}')
    [noted] = note_submitted(IDENTITIES, [read(record, SUBMITTED, SubmittedView)], None, NOON)
    assert only(Receipt, noted).submission.dataset_id is None


@pytest.mark.parametrize("timestamp_ms", [-1, 2**62])
def test_a_record_with_an_absurd_time_is_noted(timestamp_ms: int) -> None:
    record = replace(Topics().submitted("r", "/data/a", time=""), timestamp_ms=timestamp_ms)
    [noted] = note_submitted(IDENTITIES, [read(record, SUBMITTED, SubmittedView)], None, NOON)
    assert only(Receipt, noted).heard_at.year in {1970, 9998}


def test_fields_of_a_newer_minor_version_are_kept_in_the_event() -> None:
    record = Topics().committed("/data/a")
    assert record.value is not None
    value = record.value.replace(b'"commit":{', b'"commit":{"novelty":1,')
    newer = Record(record.topic, 0, 0, 0, record.key, value, record.headers)
    [noted] = note_committed([read(newer, COMMITTED, CommittedView)], None, NOON)
    assert unpacked(only(RevisionRow, noted).body) == value


def test_changes_are_named_field_by_field_and_parameter_by_parameter() -> None:
    before = b'{"document":{"name":"a","parameters":{"x":{"value":1},"y":{"value":2}},"inputs":[]}}'
    after = b'{"document":{"name":"b","parameters":{"x":{"value":1},"z":{"value":3}},"inputs":[]}}'
    assert [(change["field"], change["before"], change["after"]) for change in changes_of(before, after)] == [
        ("name", "a", "b"),
        ("parameters.y", {"value": 2}, None),
        ("parameters.z", None, {"value": 3}),
    ]


class Family:
    """Links in memory."""

    def __init__(self, parents: dict[UUID, set[UUID]]) -> None:
        self._links = [(child, parent, str(parent)) for child, found in parents.items() for parent in found]

    async def links(self, ids: Any, side: str, most: int) -> list[tuple[UUID, UUID, str]]:
        asked = set(ids)
        return [link for link in self._links if link[0 if side == "child" else 1] in asked][:most]

    async def nodes(self, ids: Any) -> list[dict[str, Any]]:
        return [{"dataset_id": one, "name": "known"} for one in ids]


async def test_a_lineage_has_all_within_its_depth_and_says_whether_it_goes_on() -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    ids = [dataset_id(f"/data/{n}") for n in range(30)]
    parents = {
        ids[n]: {ids[chance.randrange(n)] for _ in range(chance.randrange(4))} if n else set() for n in range(30)
    }
    family = Family(parents)
    for depth in range(6):
        root = chance.choice(ids)
        levels = [{root}]
        for _ in range(depth + 1):
            levels.append({parent for child in levels[-1] for parent in parents[child]})
        within = set[UUID]().union(*levels[: depth + 1])
        answer = await lineage(family, root, "up", depth)
        assert {node["dataset_id"] for node in answer["nodes"]} == within
        found = {(edge["child"], edge["parent"]) for edge in answer["edges"]}
        assert found == {(child, parent) for child in within for parent in parents[child] & within}
        assert answer["truncated"] == bool(levels[-1] - within)


async def _pages(family: Family, root: UUID, depth: int, limit: int) -> list[dict[str, Any]]:
    pages = [await lineage(family, root, "both", depth, limit)]
    while (skip := pages[-1]["next"]) is not None:
        pages.append(await lineage(family, root, "both", depth, limit, skip))
    return pages


@given(st.data())
def test_the_pages_of_a_lineage_hold_the_whole_and_nothing_twice(data: st.DataObject) -> None:
    ids = [dataset_id(f"/data/{n}") for n in range(12)]
    parents = {ids[n]: data.draw(st.sets(st.sampled_from(ids[:n]), max_size=4)) if n else set() for n in range(12)}
    root, depth, limit = data.draw(st.sampled_from(ids)), data.draw(st.integers(0, 5)), data.draw(st.integers(1, 6))
    family = Family(parents)
    whole = asyncio.run(lineage(family, root, "both", depth))
    pages = asyncio.run(_pages(family, root, depth, limit))
    assert [node for page in pages for node in page["nodes"]] == whole["nodes"]
    edges = [(edge["child"], edge["parent"]) for page in pages for edge in page["edges"]]
    assert len(edges) == len(set(edges))
    assert set(edges) == {(edge["child"], edge["parent"]) for edge in whole["edges"]}
    assert all(page["truncated"] for page in pages[:-1])
    assert pages[-1]["truncated"] == whole["truncated"]
    assert all(len(page["nodes"]) <= limit for page in pages)


async def test_what_was_made_from_a_merge_is_shown_before_its_ten_thousand_inputs() -> None:
    merge, result = dataset_id("/data/merge"), dataset_id("/data/model")
    inputs = [dataset_id(f"/data/raw/{n}") for n in range(10_000)]
    family = Family({merge: set(inputs), result: {merge}})
    first = await lineage(family, merge, "both", 5, 100)
    assert [node["dataset_id"] for node in first["nodes"][:2]] == [merge, result]
    assert (len(first["nodes"]), len(first["edges"]), first["truncated"], first["next"]) == (100, 99, True, 100)
    last = await lineage(family, merge, "both", 5, 2000, 10_000)
    assert (len(last["nodes"]), last["truncated"], last["next"]) == (2, False, None)


async def test_a_lineage_follows_so_many_links_and_says_that_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineages, "MOST_LINKS", 10)
    merge = dataset_id("/data/merge")
    family = Family({merge: {dataset_id(f"/data/raw/{n}") for n in range(50)}})
    answer = await lineage(family, merge, "up", 5)
    assert (len(answer["nodes"]), answer["truncated"], answer["next"]) == (11, True, None)
