"""Which submission a receipt answers for if several share its id, in both read models."""

import itertools
from datetime import timedelta
from typing import Any

from tests.builders.search.records import MXCUBE, NOON, Topics, dataset_id
from tests.builders.search.world import World

PATH, OTHER = "/data/visitor/mx1111/run_1", "/data/visitor/mx1111/run_2"
STRANGER = "/producers/stranger"
FIRST, SECOND = NOON - timedelta(minutes=2), NOON - timedelta(minutes=1)
"""The times at which Kafka took submissions. It took the events of the stages about them at noon."""


def brief(answer: dict[str, Any] | None) -> tuple[str, str]:
    assert answer is not None
    return answer.get("source", ""), answer["state"]


class ReceiptSuite:
    async def test_two_datasets_under_one_id_are_answered_each(self, world: World) -> None:
        topics = Topics()
        await world.note(
            topics.submitted("r", PATH, taken=FIRST),
            topics.submitted("r", OTHER, taken=SECOND),
            topics.committed(OTHER, receipt="r"),
        )
        answer = await world.receipt("r")
        assert answer is not None
        assert (answer["dataset_id"], answer["state"]) == (dataset_id(PATH), "in_flight")
        [other] = answer["others"]
        assert (other["path"], other["source"], other["state"]) == (OTHER, MXCUBE, "committed")

    async def test_a_stranger_answers_and_hides_nothing_of_the_owners(self, world: World) -> None:
        topics = Topics()
        records = [
            topics.submitted("r", PATH, taken=FIRST),
            topics.submitted("r", PATH, NOON - timedelta(days=1), by=STRANGER, taken=SECOND),
            topics.rejected("r", PATH, by=STRANGER),
            topics.committed(PATH, receipt="r", revision=2, by=STRANGER, words="others"),
            topics.pending("r", PATH, ["/data/q"]),
        ]
        for record in records:
            await world.note(record)
        answer = await world.receipt("r")
        assert answer is not None
        assert (answer["state"], answer["submitted_at"]) == ("pending", NOON)
        assert {brief(other) for other in answer["others"]} == {(STRANGER, "rejected"), (STRANGER, "committed")}

    async def test_a_caller_or_a_source_gets_its_own_answer_though_another_was_heard_of_first(
        self, world: World
    ) -> None:
        topics = Topics()
        await world.note(topics.submitted("r", PATH, by=STRANGER, taken=FIRST), topics.submitted("r", PATH))
        await world.note(topics.committed(PATH, receipt="r"))
        for choice in ({"caller": MXCUBE}, {"source": MXCUBE}):
            answer = await world.receipt("r", **choice)
            assert answer is not None
            assert answer["state"] == "committed"
        assert await world.receipt("r", source="/producers/unheard") is None
        answer = await world.receipt("r", caller="/producers/unheard")
        assert answer is not None
        assert answer["state"] == "in_flight"

    async def test_of_what_one_source_says_of_one_dataset_the_last_words_are_answered(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.submitted("r", PATH, taken=FIRST), topics.committed(PATH, receipt="r"))
        await world.note(topics.submitted("r", PATH, words="corrected", taken=SECOND))
        answer = await world.receipt("r")
        assert answer is not None
        assert (answer["state"], [other["state"] for other in answer["others"]]) == ("in_flight", ["committed"])
        await world.note(topics.rejected("r", PATH, words="corrected"))
        assert brief(await world.receipt("r")) == ("", "rejected")
        await world.note(topics.submitted("r", PATH, taken=NOON))
        assert brief(await world.receipt("r")) == ("", "rejected")

    async def test_answers_are_the_same_in_whatever_order_the_reports_come(self, world: World) -> None:
        topics = Topics()
        records = [
            topics.submitted("r", PATH, taken=SECOND),
            topics.submitted("r", PATH, by=STRANGER, taken=FIRST),
            topics.rejected("r", PATH, words="corrected"),
            topics.committed(PATH, receipt="r"),
        ]
        for record in records:
            await world.note(record)
        answer = await world.receipt("r")
        for order in itertools.permutations(records):
            await world.note(*order)
            assert await world.receipt("r") == answer

    async def test_poison_under_the_owners_receipt_and_key_answers_nothing_of_the_owners(self, world: World) -> None:
        topics = Topics()
        await world.note(topics.submitted("r", PATH))
        await world.note(topics.rejected("r", PATH, by="", code="header_invalid", message="ce_source is missing"))
        assert brief(await world.receipt("r")) == ("", "in_flight")

    async def test_a_report_of_a_version_that_told_no_source_answers_the_one_submission_there_is(
        self, world: World
    ) -> None:
        topics = Topics()
        told = topics.committed(PATH, receipt="r", by=None)
        await world.note(topics.submitted("r", PATH), told)
        answer = await world.receipt("r")
        assert answer is not None
        assert (answer["state"], "others" in answer) == ("committed", False)
        await world.note(topics.submitted("r", PATH, by=STRANGER, taken=SECOND))
        answer = await world.receipt("r", caller=MXCUBE)
        assert answer is not None
        assert answer["state"] == "in_flight"
        assert {brief(other) for other in answer["others"]} == {(STRANGER, "in_flight"), ("", "committed")}
        assert await world.receipt("r", source="/producers/unheard") is None
