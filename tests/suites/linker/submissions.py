"""Submissions that share a receipt id keep their own identity, in both stores."""

from dataclasses import replace

from shared.events.codes import Code
from shared.events.dataset import DatasetFacts
from shared.events.headers import headers_of
from shared.events.record import Record
from shared.events.topics import COMMITTED
from tests.builders.linker.records import NOON, WEEK, committed, facts, unchanged, validated
from tests.builders.linker.world import World

A, B, C, D = "/data/a", "/data/b", "/data/c", "/data/d"
KEY = "one key"
OWNER, STRANGER = "/producers/owner", "/producers/stranger"


def said(path: str, *inputs: str, by: str = OWNER, content: str = "words", again: bool = False) -> Record:
    """A submission under the shared key."""
    return validated(keyed(path, *inputs), offset=int(again), producer=by, content=content)


def keyed(path: str, *inputs: str) -> DatasetFacts:
    return facts(path, inputs, receipt=KEY)


def answer(content: str, commit: Record) -> Record:
    """A commit that answers the owner's submission under the shared key."""
    headers = headers_of(
        COMMITTED,
        receipt_id=KEY,
        source="/beamcat/catalog_writer",
        time=NOON.isoformat(),
        producer=OWNER.encode(),
        content=content,
    )
    return replace(commit, headers=headers)


class SubmissionSuite:
    async def test_each_dataset_under_one_key_waits_for_its_own_inputs(self, world: World) -> None:
        await world.read(said(C, A), said(D, B))
        assert [(each.path, each.waits_for) for each in world.pending] == [(C, [A]), (D, [B])]
        await world.commit(committed(B))
        assert [each.dataset.path for each in world.linked] == [D]
        await world.commit(committed(A))
        assert [(each.dataset.path, each.links.inputs[0].path) for each in world.linked] == [(D, B), (C, A)]
        assert await world.held() == []

    async def test_each_dataset_under_one_key_has_its_own_links_within_a_batch(self, world: World) -> None:
        await world.commit(committed(A), committed(B))
        await world.read(said(C, A), said(D, B), said("/data/e"))
        assert [(each.dataset.path, [parent.path for parent in each.links.inputs]) for each in world.linked] == [
            (C, [A]),
            (D, [B]),
            ("/data/e", []),
        ]

    async def test_what_is_refused_under_a_key_refuses_no_other_dataset_under_it(self, world: World) -> None:
        await world.read(said(A, A), said(B))
        await world.read(said(C))
        assert [(each.path, each.code) for each in world.rejections] == [(A, Code.INPUT_SELF)]
        assert [each.dataset.path for each in world.linked] == [B, C]

    async def test_what_a_stranger_said_under_a_key_holds_and_refuses_nothing_of_the_owners(self, world: World) -> None:
        await world.read(said(C, A, by=STRANGER), said(C, C, by=STRANGER, content="a circle"))
        await world.read(said(C, B))
        await world.commit(committed(A))
        assert [each.links.inputs[0].path for each in world.linked] == [A]
        await world.commit(committed(B))
        assert [each.links.inputs[0].path for each in world.linked] == [A, B]

    async def test_the_same_words_again_are_told_the_same_and_held_once(self, world: World) -> None:
        await world.read(said(C, A))
        await world.read(said(C, A, again=True), said(C, A, again=True))
        assert await world.held() == [KEY]
        first, *others = world.pending
        assert others == [first, first]
        await world.commit(committed(A))
        assert len(world.linked) == 1

    async def test_other_words_under_the_key_wait_behind_the_first(self, world: World) -> None:
        await world.read(said(C, A), said(C, A, B, content="corrected"))
        assert await world.held() == [KEY, KEY]
        await world.commit(committed(B))
        assert world.linked == []
        await world.commit(committed(A))
        assert [len(each.links.inputs) for each in world.linked] == [1, 2]

    async def test_what_was_refused_can_be_said_better_under_the_same_key(self, world: World) -> None:
        await world.read(said(B, B))
        await world.read(said(B, content="corrected"))
        await world.read(said(B, B, again=True))
        assert [each.dataset.path for each in world.linked] == [B]
        assert [each.code for each in world.rejections] == [Code.INPUT_SELF] * 2

    async def test_each_of_a_key_expires_by_itself(self, world: World) -> None:
        await world.read(said(C, A))
        await world.wait(WEEK / 2)
        await world.read(said(D, B), said(C, B, by=STRANGER))
        await world.wait(WEEK / 2)
        assert [(each.path, each.producer) for each in world.rejections] == [(C, OWNER)]
        await world.commit(committed(B))
        assert [each.dataset.path for each in world.linked] == [D, C]

    async def test_what_was_answered_brings_back_no_lost_input_when_it_is_read_again(self, world: World) -> None:
        await world.commit(committed(A), committed(B))
        await world.read(said(C, A, B, content="both"))
        await world.commit(answer("both", committed(C, [A, B])))
        await world.read(said(C, A, content="one"))
        await world.commit(answer("one", committed(C, [A], revision=2)))
        await world.read(said(C, A, B, content="both"))
        await world.submit(facts(B, [C]))
        await world.commit(committed(B, [C], revision=2))
        await world.read(said(C, A, B, content="both"))
        assert world.rejections == []
        assert [each.dataset.path for each in world.linked] == [C, C, C, B, C]

    async def test_nor_does_what_was_answered_without_a_revision(self, world: World) -> None:
        await world.commit(committed(A), committed(B), committed(C, [A, B]))
        await world.commit(answer("unchanged", unchanged(C)))
        await world.commit(committed(C, [A], revision=2))
        await world.read(said(C, A, B, content="unchanged"))
        await world.submit(facts(B, [C]))
        assert world.rejections == []

    async def test_other_words_under_the_key_bring_their_inputs(self, world: World) -> None:
        await world.commit(committed(A), committed(B))
        await world.commit(answer("one", committed(C, [A])), answer("one again", committed(C, [A], revision=2)))
        await world.read(said(C, A, B, content="both"))
        await world.submit(facts(B, [C]))
        assert [rejection.code for rejection in world.rejections] == [Code.INPUT_CYCLE]
