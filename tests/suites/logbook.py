"""The contract of both stores of the logbook."""

import random
from datetime import timedelta

from tests.builders.logbook import Logbook, told, written
from tests.builders.search.records import NOON, entry
from tests.builders.seeds import seed_of_run


class EntriesSuite:
    """The tests of the contract. The fixture `logbook` gives the store."""

    async def test_an_entry_is_kept_once(self, logbook: Logbook) -> None:
        first, other = told('a "text"'), told("another", tags=['a "tag", {x}'])
        await logbook.hear([first, other])
        await logbook.hear([first])
        assert await logbook.texts() == ['a "text"', "another"]

    async def test_of_two_under_one_id_the_one_received_first_stands_in_any_order(self, logbook: Logbook) -> None:
        first = entry("the first")
        content = [first.content[0].model_copy(update={"text": "the second"})]
        second = first.model_copy(update={"content": content, "received_at": NOON + timedelta(seconds=1)})
        await logbook.hear([written(second)])
        await logbook.hear([written(first)])
        await logbook.hear([written(second), written(first)])
        assert await logbook.texts() == ["the first"]

    async def test_any_order_and_any_repetition_ends_in_the_same(self, logbook: Logbook) -> None:
        chance = random.Random(seed_of_run())
        entries = [entry(f"entry {chance.randrange(3)}", tags=[str(n)]) for n in range(9)]
        times = [NOON + timedelta(seconds=chance.randrange(3)) for _ in entries]
        later = [one.model_copy(update={"received_at": at}) for one, at in zip(entries, times, strict=True)]
        records = [*map(written, entries), *map(written, later)]
        order = chance.sample(records, len(records)) + chance.choices(records, k=9)
        while order:
            size = chance.randrange(1, 5)
            await logbook.hear(order[:size])
            del order[:size]
        once = await logbook.texts()
        await logbook.hear(records)
        assert await logbook.texts() == once
        assert once == sorted({one.content[0].text for one in entries})
