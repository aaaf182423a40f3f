"""The contract of the read model, for PostgreSQL and its twin. The module of a subclass gives the fixture `world`."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.events.declarations import DeclarationRow, Declared
from shared.events.record import Record
from shared.events.sample import Container
from shared.events.sections import Finding
from shared.events.topics import COMMITTED, SUBMITTED
from tests.builders.search.records import NOON, Topics, dataset_id, investigation
from tests.builders.search.world import World
from tests.builders.seeds import seed_of_run

PATH = "/data/visitor/mx1111/run_1"


def bodies(declared: Declared) -> list[tuple[DeclarationRow, dict[str, Any]]]:
    return [(row, json.loads(row.body)) for row in declared.things]


async def state(world: World, receipt: str) -> str | None:
    answer = await world.receipt(receipt)
    return None if answer is None else answer["state"]


async def everything(world: World, records: Sequence[Record], paths: Sequence[str], receipts: Sequence[str]) -> Any:
    for record in records:
        await world.note(record)
    return (
        [(await world.revision_of(path), await world.kept_revisions(path)) for path in paths],
        [await world.receipt(receipt) for receipt in receipts],
        await world.rejections(),
    )


class StoreSuite:
    async def test_a_committed_dataset_is_found(self, world: World) -> None:
        await world.note(Topics().committed(PATH, {"MX_flux": 1e12}))
        assert await world.revision_of(PATH) == 1

    async def test_the_linkers_last_word_on_an_investigation_stands_in_any_order(self, world: World) -> None:
        topics = Topics()
        words = [topics.registered(investigation(1, title=title)) for title in ("planned", "changed")]
        told = topics.committed(PATH, investigation=investigation(1, title="as the dataset was linked"))
        await world.note(told)
        assert await world.titles() == ["as the dataset was linked"]
        await world.note(words[1])
        await world.note(words[0], told)
        assert await world.titles() == ["changed"]

    async def test_of_what_datasets_say_of_their_investigation_the_last_commit_stands(self, world: World) -> None:
        topics = Topics()
        last, first = (
            topics.committed(f"{PATH}{n}", revision=n, investigation=investigation(1, title=f"title {n}"))
            for n in (2, 1)
        )
        await world.note(last)
        await world.note(first)
        assert await world.titles() == ["title 2"]

    async def test_a_sample_is_where_the_last_measured_dataset_says_that_names_a_container_in_any_order(
        self, world: World
    ) -> None:
        topics = Topics()
        boxes = [Container(name="box 1"), Container(name="box 2"), Container(name="box 1"), None]
        said = [
            topics.committed(f"{PATH}{n}", sample="s", container=box, start=NOON + timedelta(hours=n))
            for n, box in enumerate(boxes)
        ]
        for record in random.Random(7).sample(said, 4):
            await world.note(record)
        assert await world.containers() == ["box 1"]
        await world.note(said[1], said[3])
        assert await world.containers() == ["box 1"]

    async def test_a_revision_that_names_another_container_moves_the_sample_and_one_that_names_none_does_not(
        self, world: World
    ) -> None:
        topics = Topics()
        boxes = [None, Container(name="box 2"), Container(name="box 1")]
        said = [topics.committed(PATH, revision=3 - n, sample="s", container=box) for n, box in enumerate(boxes)]
        for record in said:
            await world.note(record)
        assert await world.containers() == ["box 2"]

    async def test_what_travels_is_known_once_and_in_any_order(self, world: World) -> None:
        topics = Topics()
        dewar = {"name": "Dewar1", "content": [{"name": "P1", "type": "UNIPUCK", "sample_changer_location": 4}]}
        words = [
            topics.shipped("parcel_declared", 1, parcel=dewar),
            topics.shipped("parcel_declared", 2, parcel=dewar | {"name": "Dewar2", "content": []}),
            topics.shipped("parcel_declared", 3, parcel={"name": "Dewar1", "comments": "fragile"}),
            topics.shipped("status_reported", 4, parcel_id="0" * 24, status={"status": "SENT"}),
            topics.shipped("sheet_declared", 5, sheet={"id": 90210, "acronym": "Fus"}),
        ]
        await world.note(words[3], words[2])
        await world.note(words[4], words[0], words[1])
        before = await world.declared()
        await world.note(*words)
        assert await world.declared() == before
        told = {(row.kind, body["name"]): body.get("comments") for row, body in bodies(before) if "name" in body}
        assert told == {("parcel", "Dewar1"): "fragile", ("parcel", "Dewar2"): None, ("item", "P1"): None}
        assert [body for row, body in bodies(before) if row.kind == "sheet"] == [{"acronym": "Fus"}]
        assert [(row.beamline, row.location) for row in before.places] == [("id30a-3", 4)]
        assert [row.status for row in before.statuses] == ["SENT"]

    async def test_a_newer_revision_replaces_an_older_one_and_both_are_kept(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.committed(PATH, inputs=["/data/a"]))
        await world.note(topics.committed(PATH, inputs=["/data/b"], revision=2))
        assert await world.revision_of(PATH) == 2
        assert await world.kept_revisions(PATH) == [1, 2]
        assert await world.parents_of(PATH) == {dataset_id("/data/b")}

    async def test_a_dataset_has_the_findings_of_its_newest_revision_each_once(self, world: World) -> None:
        topics = Topics()
        odd, plain = 'odd "code", {x}', "value_implausible"
        found = [Finding.warning(code, "m", "c") for code in (plain, odd, plain)]
        await world.note(topics.committed(PATH, findings=found))
        assert await world.findings_of(PATH) == [odd, plain]
        await world.note(topics.committed(PATH, revision=2))
        assert await world.findings_of(PATH) == []

    async def test_an_older_revision_that_comes_late_changes_nothing(self, world: World) -> None:
        topics = Topics()
        old, new = topics.committed(PATH, inputs=["/data/a"]), topics.committed(PATH, inputs=["/data/b"], revision=2)
        await world.note(new)
        await world.note(old)
        assert await world.revision_of(PATH) == 2
        assert await world.parents_of(PATH) == {dataset_id("/data/b")}
        assert await world.kept_revisions(PATH) == [1, 2]

    async def test_of_several_revisions_in_one_batch_the_newest_stands(self, world: World) -> None:
        topics = Topics()
        records = [topics.committed(PATH, inputs=[f"/data/{n}"], revision=n) for n in (2, 3, 1)]
        await world.note(*records)
        assert await world.revision_of(PATH) == 3
        assert await world.parents_of(PATH) == {dataset_id("/data/3")}

    async def test_a_batch_that_comes_twice_changes_nothing(self, world: World) -> None:
        topics = Topics()
        batch = [topics.committed(f"/data/{n}", {"a": n}, receipt=f"r{n}") for n in range(5)]
        batch += [topics.rejected("bad", offset=9), topics.pending("p", "/data/p", ["/data/q"])]
        receipts = [*(f"r{n}" for n in range(5)), "bad", "p"]
        first = await everything(world, batch, ["/data/0", "/data/4"], receipts)
        assert await everything(world, batch + batch[::-1], ["/data/0", "/data/4"], receipts) == first

    async def test_an_unchanged_submission_only_answers_its_receipt(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.committed(PATH, receipt="first"), topics.unchanged(PATH, "again"))
        assert await state(world, "first") == "committed"
        answer = await world.receipt("again")
        assert answer is not None
        assert (answer["state"], answer["revision"]) == ("unchanged", 1)
        assert await world.kept_revisions(PATH) == [1]

    async def test_a_receipt_goes_from_in_flight_over_pending_to_committed(self, world: World) -> None:
        topics = Topics()
        states = []
        for record in (
            topics.submitted("r", PATH),
            topics.pending("r", PATH, ["/data/q"]),
            topics.committed(PATH, receipt="r"),
        ):
            await world.note(record)
            states.append(await state(world, "r"))
        assert states == ["in_flight", "pending", "committed"]

    async def test_reports_of_a_receipt_may_come_in_any_order(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.committed(PATH, receipt="r"))
        await world.note(topics.pending("r", PATH, ["/data/q"]), topics.submitted("r", PATH))
        assert await state(world, "r") == "committed"

    async def test_a_receipt_that_was_mended_and_resubmitted_is_committed(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.rejected("r", PATH))
        await world.note(topics.committed(PATH, receipt="r"))
        assert await state(world, "r") == "committed"
        assert len(await world.rejections()) == 1

    async def test_of_two_words_on_pending_the_last_stands_in_any_order(self, world: World) -> None:
        topics = Topics()
        first, last = topics.pending("r", PATH, ["/data/a", "/data/b"]), topics.pending("r", PATH, ["/data/b"])
        await world.note(last)
        await world.note(first)
        answer = await world.receipt("r")
        assert answer is not None
        assert answer["waits_for"] == ["/data/b"]

    async def test_a_receipt_keeps_the_earliest_time_it_was_submitted(self, world: World) -> None:
        topics = Topics()
        earlier = NOON - timedelta(minutes=1)
        await world.note(topics.committed(PATH, receipt="r"))
        await world.note(topics.submitted("r", PATH, earlier))
        answer = await world.receipt("r")
        assert answer is not None
        assert answer["submitted_at"] == earlier

    async def test_poison_without_a_receipt_is_kept_all_the_same(self, world: World) -> None:
        await world.note(Topics().rejected(None, code="header_invalid", message="the header ce_id is missing"))
        assert await world.rejections() == ["the header ce_id is missing"]

    async def test_a_record_refused_twice_by_one_stage_is_one_rejection(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.rejected("r", offset=7), topics.rejected("r", offset=7), topics.rejected("r", offset=8))
        assert len(await world.rejections()) == 2

    async def test_a_broken_event_does_not_harm_its_neighbours(self, world: World) -> None:
        topics = Topics()
        good = [topics.committed(f"/data/{n}") for n in range(4)]
        broken = topics.committed("/data/broken", {"a": 1})
        assert broken.value is not None
        value = broken.value.replace(b'"value":1,', b'"value":{},')
        poison = Record(broken.topic, 0, broken.offset, 0, broken.key, value, broken.headers)
        await world.note(*good[:2], poison, *good[2:])
        assert [await world.revision_of(f"/data/{n}") for n in range(4)] == [1] * 4
        assert await world.revision_of("/data/broken") is None
        assert len(world.publisher.messages) == 1

    async def test_the_position_is_behind_the_last_record_and_never_goes_back(self, world: World) -> None:
        topics = Topics()
        records = [topics.committed(f"/data/{n}") for n in range(3)]
        await world.note(*records)
        await world.note(records[0])
        assert await world.position(COMMITTED.name) == 3
        assert await world.position(SUBMITTED.name) == 0

    async def test_any_order_and_any_repetition_ends_in_the_same(self, world: World) -> None:
        seed = seed_of_run()
        chance = random.Random(seed)
        topics = Topics()
        for n in range(4):
            topics.submitted(f"r{n}", "/data/a", NOON + timedelta(seconds=n))
            topics.pending(f"r{n}", "/data/a", [f"/data/{n}"])
            topics.pending(f"r{n}", "/data/a", [])
        for n in range(3):
            topics.committed("/data/a", {"x": n}, inputs=[f"/data/{n}"], revision=n + 1, receipt=f"r{n}")
        topics.rejected("r3", "/data/a", offset=3)
        paths, receipts = ["/data/a"], [f"r{n}" for n in range(4)]
        shuffled = chance.sample(topics.records, len(topics.records)) + chance.choices(topics.records, k=10)
        result = await everything(world, shuffled, paths, receipts)
        assert await everything(world, topics.records, paths, receipts) == result
        assert result[0] == [(3, [1, 2, 3])]
        assert [answer["state"] for answer in result[1]] == ["committed"] * 3 + ["rejected"]
