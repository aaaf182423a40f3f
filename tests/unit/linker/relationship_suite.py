"""What a dataset and its inputs must have in common, whatever keeps the linker's memory."""

from datetime import timedelta

from shared.events import Severity
from shared.rejections import Code
from tests.unit.linker.builders import NOON, WEEK, committed, facts
from tests.unit.linker.world import World

A, B, C = "/data/a", "/data/b", "/data/c"
RAW, INTEGRATION, MERGE = "mx.raw.datacollection", "mx.processed.integration", "mx.processed.merge"
RUN, SERIAL_MERGE = "ssx.raw.run", "ssx.processed.merge"
MAP, FIT = "xrf.raw.map", "xrf.processed.fit"


class AgreeingWithInputs:
    async def test_a_result_of_another_sample_is_refused_with_both_samples_named(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, sample="Fus_RAC2a"))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        (rejection,) = world.rejections
        assert rejection.code == Code.INPUT_NOT_PERMITTED
        assert [finding.code for finding in rejection.findings] == ["input_of_other_sample"]
        assert rejection.message == (
            "the sample of a mx.processed.integration is that of its input /data/a: expected Fus_RAC2a, found"
            " Fus_RAC1b; correct the sample or the input"
        )

    async def test_the_same_when_the_sample_is_known_only_at_release(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=INTEGRATION))
        await world.commit(committed(A, kind=RAW, sample="Fus_RAC2a"))
        assert world.reasons == [f"first of {B}: input_not_permitted"]

    async def test_what_is_not_known_is_not_objected_to(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, sample=None))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        await world.commit(committed(C, kind=RAW))
        await world.submit(facts("/data/d", [C], kind=INTEGRATION).model_copy(update={"sample_name": None}))
        assert world.rejections == []

    async def test_letter_case_makes_no_other_sample(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, sample="FUS_rac1b"))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        assert world.linked_receipts == [f"first of {B}"]

    async def test_a_merge_of_two_samples_is_told_and_goes_on(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW), committed(B, kind=RAW, sample="Fus_RAC2a"))
        await world.submit(facts(C, [A, B], kind=MERGE))
        (linked,) = world.linked
        told = [finding for finding in linked.links.findings if finding.code == "input_of_other_sample"]
        assert [(finding.severity, finding.expected) for finding in told] == [(Severity.WARNING, "Fus_RAC2a")]

    async def test_across_proposals_only_the_proposals_are_compared(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, proposal="mx2222", sample="Fus_RAC2a"))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        (rejection,) = world.rejections
        assert [finding.code for finding in rejection.findings] == ["input_of_other_proposal"]

    async def test_a_result_that_starts_before_its_input_is_told(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, start=NOON + timedelta(hours=1)))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        (linked,) = world.linked
        assert "input_starts_later" in [finding.code for finding in linked.links.findings]

    async def test_the_newest_revision_of_the_input_counts(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, sample="mistyped"))
        await world.commit(committed(A, kind=RAW, revision=2))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        assert world.rejections == []


class AwaitingCompletion:
    async def test_most_kinds_take_an_incomplete_input(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, complete=False))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        assert world.linked_receipts == [f"first of {B}"]

    async def test_a_kind_that_waits_is_released_when_its_last_input_is_complete(self, world: World) -> None:
        await world.commit(committed(A, kind=RUN), committed(B, kind=RUN, complete=False))
        await world.submit(facts(C, [A, B], kind=SERIAL_MERGE))
        assert [pending.waits_for for pending in world.pending] == [[B]]
        await world.commit(committed(B, kind=RUN, revision=2, complete=False))
        assert world.linked == []
        await world.commit(committed(B, kind=RUN, revision=3))
        assert world.linked_receipts == [f"first of {C}"]

    async def test_an_input_that_arrives_incomplete_does_not_end_its_waiting(self, world: World) -> None:
        await world.submit(facts(C, [A, B], kind=SERIAL_MERGE), facts("/data/d", [B]))
        await world.commit(committed(A, kind=RUN), committed(B, kind=RUN, complete=False))
        assert world.linked_receipts == ["first of /data/d"]
        assert [held.waits_for for held in await world.links.pending(10)] == [(B,)]
        await world.commit(committed(B, kind=RUN, revision=2))
        assert world.linked_receipts == ["first of /data/d", f"first of {C}"]

    async def test_the_deadline_holds_for_completion_too(self, world: World) -> None:
        await world.commit(committed(A, kind=RUN), committed(B, kind=RUN, complete=False))
        await world.submit(facts(C, [A, B], kind=SERIAL_MERGE))
        await world.wait(2 * WEEK)
        (rejection,) = world.rejections
        assert rejection.code == Code.INPUT_MISSING
        assert rejection.message.startswith("1 of 2 inputs were not catalogued and complete between")

    async def test_a_kind_that_refuses_says_so_at_once(self, world: World) -> None:
        await world.commit(committed(A, kind=MAP, complete=False))
        await world.submit(facts(B, [A], kind=FIT))
        (rejection,) = world.rejections
        assert [finding.code for finding in rejection.findings] == ["input_incomplete"]


class RelationshipSuite(AgreeingWithInputs, AwaitingCompletion):
    """All of it."""
