"""What every catalogue does, in memory as in PostgreSQL."""

import random
from dataclasses import replace

import pytest

from services.catalog_writer.handler import Answered, CatalogState, commit
from shared.events.topics import COMMITTED
from tests.builders.catalog_writer import NOW, Tracked, committed, id_of, number
from tests.builders.described import COMBINING
from tests.integration.catalog_writer.harness import Catalogue, words

FIRST = Tracked(parameters={"MX_resolution": number(2.0, "Å")})
MORE = replace(FIRST, receipt="r2", mode="merge", parameters={"MX_transmission": number(20, "%")})
OTHER = Tracked(name="run2", receipt="r3")


class StoreSuite:
    async def test_what_is_saved_is_told_once(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST, OTHER)
        assert await catalogue.answers() == ["r1: created 1", "r3: created 1"]
        assert await catalogue.answers() == []

    async def test_the_message_is_keyed_and_carries_receipt_and_trace(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST)
        await catalogue.submit(replace(FIRST, receipt="r2"))
        await catalogue.answers()
        for message, receipt in zip(catalogue.published, ["r1", "r2"], strict=True):
            headers = dict(message.headers)
            assert message.key == str(FIRST.dataset_id).encode()
            assert headers["ce_id"] == receipt.encode()
            assert headers["ce_type"] == COMMITTED.type.encode()
            assert headers["ce_source"] == b"/beamcat/catalog_writer"
            assert headers["ce_time"] == NOW.isoformat().encode()
            assert headers["traceparent"] == b"00-trace"
            assert (headers["ce_producer"], headers["ce_content"]) == (b"/producers/test", b"words")

    async def test_a_batch_goes_on_where_the_last_one_ended(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST)
        await catalogue.submit(MORE, OTHER)
        assert await catalogue.answers() == ["r1: created 1", "r2: merged 2", "r3: created 1"]
        document = committed(catalogue.published[1]).document
        assert document is not None
        assert document.parameters == FIRST.parameters | MORE.parameters

    async def test_several_revisions_in_one_batch_keep_their_order(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST, MORE, replace(FIRST, receipt="r4"))
        await catalogue.submit(replace(FIRST, receipt="r5"))
        assert await catalogue.answers() == ["r1: created 1", "r2: merged 2", "r4: replaced 3", "r5: unchanged 3"]

    @pytest.mark.parametrize("relayed", [True, False])
    async def test_a_replay_changes_nothing_and_tells_nothing(self, catalogue: Catalogue, *, relayed: bool) -> None:
        await catalogue.submit(FIRST, MORE)
        told = await catalogue.answers() if relayed else []
        await catalogue.submit(FIRST, MORE)
        await catalogue.submit(MORE, OTHER, FIRST)
        told += await catalogue.answers()
        assert told == ["r1: created 1", "r2: merged 2", "r3: created 1"]

    async def test_what_shares_a_receipt_is_answered_each_by_itself(self, catalogue: Catalogue) -> None:
        stranger = replace(FIRST, source="/producers/stranger", parameters={"MX_transmission": number(1, "%")})
        corrected = replace(FIRST, content="corrected", complete=False)
        await catalogue.submit(FIRST, replace(OTHER, receipt="r1"), stranger)
        await catalogue.submit(corrected, FIRST, stranger)
        assert await catalogue.answers() == ["r1: created 1", "r1: created 1", "r1: replaced 2", "r1: replaced 3"]
        sources = [dict(message.headers)["ce_producer"] for message in catalogue.published]
        assert sources.index(b"/producers/stranger") == 2

    async def test_a_refused_submission_is_refused_again(self, catalogue: Catalogue) -> None:
        low = replace(FIRST, receipt="r2", sequence_index=1, complete=False)
        await catalogue.submit(replace(FIRST, sequence_index=2), low)
        await catalogue.submit(low)
        assert catalogue.refusals == ["r2: sequence_not_higher"] * 2
        assert await catalogue.answers() == ["r1: created 1"]

    async def test_a_dataset_keeps_its_number_and_shares_it_with_no_other(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST, MORE)
        await catalogue.submit(OTHER, FIRST, replace(FIRST, receipt="r5"))
        await catalogue.submit(replace(OTHER, receipt="r4"))
        await catalogue.answers()
        assert [name for name, _ in catalogue.numbers] == ["run1", "run1", "run2", "run1", "run2"]
        assert len(set(catalogue.numbers)) == len({number for _, number in catalogue.numbers}) == 2
        assert None not in {number for _, number in catalogue.numbers}

    async def test_what_a_failed_relay_did_not_publish_stays(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST)
        with pytest.raises(ConnectionError):
            async with catalogue.outbox.take(10):
                raise ConnectionError
        assert await catalogue.answers() == ["r1: created 1"]

    async def test_one_relay_works_at_a_time(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST)
        async with catalogue.outbox.take(10) as messages:
            assert words(messages) == ["r1: created 1"]
            await catalogue.submit(MORE)
            assert await catalogue.answers() == []
        assert await catalogue.answers() == ["r2: merged 2"]

    async def test_a_lot_is_the_oldest_messages(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST, MORE, OTHER)
        async with catalogue.outbox.take(2) as messages:
            assert words(messages) == ["r1: created 1", "r2: merged 2"]

    async def test_what_a_lot_has_no_room_for_is_in_the_next_one(self, catalogue: Catalogue) -> None:
        await catalogue.submit(FIRST, MORE, OTHER)
        async with catalogue.outbox.take(2) as messages:
            assert words(messages) == ["r1: created 1", "r2: merged 2"]
        await catalogue.submit(replace(OTHER, receipt="r4"))
        assert await catalogue.answers() == ["r3: created 1", "r4: unchanged 1"]

    async def test_nothing_of_a_failed_transaction_is_kept(self, catalogue: Catalogue) -> None:
        events = [FIRST.received()]
        with pytest.raises(ConnectionError):  # noqa: PT012 - the error is raised where the connection would break
            async with catalogue.store.transaction() as transaction:
                outcomes = commit(COMBINING, events, await transaction.load(events), NOW)
                await transaction.save(events, outcomes)
                raise ConnectionError
        await catalogue.submit(MORE)
        assert await catalogue.answers() == ["r2: created 1"]

    async def test_batches_with_repetitions_end_as_one_batch_would(self, catalogue: Catalogue) -> None:
        seed = random.randrange(2**32)
        submissions = _random_submissions(random.Random(seed), 60)
        start = 0
        chance = random.Random(seed)
        while start < len(submissions):
            end = start + chance.randint(1, 10)
            await catalogue.submit(*submissions[max(0, start - chance.randint(0, 8)) : end])
            start = end
        await catalogue.answers()
        numbers = {id_of(name): number for name, number in catalogue.numbers if number is not None}
        expected = commit(COMBINING, [each.received() for each in submissions], CatalogState({}, {}, numbers), NOW)
        assert [each.value for each in catalogue.published] == [
            each.payload for each in expected if isinstance(each, Answered)
        ], f"seed {seed}"


def _random_submissions(chance: random.Random, count: int) -> list[Tracked]:
    return [
        Tracked(
            name=f"run{chance.randint(1, 5)}",
            receipt=f"r{at}",
            mode=chance.choice(["replace", "merge"]),
            complete=chance.random() < 0.8,
            sequence_index=chance.choice([None, None, chance.randint(0, 9)]),
            parameters={chance.choice("abc"): number(chance.randint(0, 2))},
        )
        for at in range(count)
    ]


class TestMemory(StoreSuite):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return Catalogue.in_memory()


@pytest.mark.integration
class TestPostgres(StoreSuite):
    pass
