"""What a dataset and its inputs must have in common, for every store of the linker."""

from dataclasses import replace
from datetime import timedelta

from shared.events.codes import Code, Refusal
from shared.events.record import Record
from shared.events.rejection_message import rejection_message
from shared.events.sections import Severity
from tests.builders.linker.records import NOON, WEEK, committed, facts, rejected, validated
from tests.builders.linker.world import World

A, B, C = "/data/a", "/data/b", "/data/c"
RAW, INTEGRATION, MERGE = "mx.raw.datacollection", "mx.processed.integration", "mx.processed.merge"
RUN, SERIAL_MERGE = "ssx.raw.run", "ssx.processed.merge"
NOT_JSON = Refusal(Code.NOT_JSON, "the value is not JSON")
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

    async def test_blanks_and_unicode_forms_make_no_other_sample(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW, sample="Lyso\u00a0e\u0301 "))
        await world.submit(facts(B, [A], kind=INTEGRATION).model_copy(update={"sample_name": "lyso  É"}))
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


class LosingInputs:
    async def test_most_kinds_wait_on_for_an_input_to_be_corrected(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=INTEGRATION))
        await world.reject(rejected(A))
        await world.submit(facts(C, [A], kind=INTEGRATION))
        assert world.rejections == []
        await world.commit(committed(A, kind=RAW))
        assert world.linked_receipts == [f"first of {B}", f"first of {C}"]

    async def test_a_kind_that_does_not_is_rejected_with_the_input_and_its_reason(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=FIT), facts(C, ["/data/d"], kind=FIT))
        await world.reject(rejected(A))
        (rejection,) = world.rejections
        assert (rejection.receipt_id, rejection.code) == (f"first of {B}", Code.INPUT_REJECTED)
        assert rejection.message == (
            "the input /data/a was rejected (dataset_invalid: MX_flux is 'many'); correct and resubmit it, then this"
        )
        assert await world.held() == [f"first of {C}"]

    async def test_the_same_when_the_rejection_came_first(self, world: World) -> None:
        await world.submit(facts(C, [A], kind=FIT))
        await world.reject(rejected(A))
        await world.submit(facts(B, [A], kind=FIT))
        late, early = world.rejections
        assert (late.message, early.receipt_id) == (early.message, f"first of {B}")

    async def test_a_replay_is_answered_the_same(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=FIT))
        await world.reject(rejected(A), rejected(A))
        await world.commit(committed(A, kind=MAP))
        await world.submit(facts(B, [A], kind=FIT))
        assert world.reasons == [f"first of {B}: input_rejected"] * 2
        await world.submit(facts(B, [A], kind=FIT, receipt="again"))
        assert world.linked_receipts == ["again"]

    async def test_once_the_input_is_under_way_again_it_is_awaited(self, world: World) -> None:
        await world.reject(rejected(A))
        await world.submit(facts(A, receipt="corrected"))
        await world.submit(facts(B, [A], kind=FIT))
        assert (world.rejections, await world.held()) == ([], [f"first of {B}"])

    async def test_what_is_committed_is_lost_no_more(self, world: World) -> None:
        await world.reject(rejected(A))
        await world.commit(committed(A, kind=MAP, complete=False))
        await world.reject(rejected(A))
        await world.submit(facts(B, [A], kind=FIT, receipt="of half"))
        await world.commit(committed(A, kind=MAP, revision=2))
        await world.submit(facts(B, [A], kind=FIT))
        assert (world.reasons, world.linked_receipts) == (["of half: input_not_permitted"], [f"first of {B}"])

    async def test_a_rejected_update_of_an_input_that_waits_is_no_loss(self, world: World) -> None:
        await world.submit(facts(B, [A]), facts(C, [B], kind=FIT))
        await world.reject(rejected(B))
        assert (world.rejections, len(await world.held())) == ([], 2)

    async def test_nor_is_one_that_says_that_a_newer_one_is_catalogued(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=FIT))
        await world.reject(rejected(A, Code.SEQUENCE_NOT_HIGHER))
        assert world.rejections == []

    async def test_a_rejection_of_nothing_that_can_be_told_harms_nothing(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=FIT))
        nameless = rejection_message("validator", replace(validated(facts(A)), value=b"{"), NOT_JSON, NOON)
        await world.reject(Record(nameless.topic, 0, 0, 0, nameless.key, nameless.value, nameless.headers))
        assert world.rejections == []

    async def test_what_is_rejected_is_lost_to_its_own_results_in_turn(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=FIT), facts(C, [B], kind=FIT))
        await world.reject(rejected(A))
        await world.reject(*said_again(world))
        assert world.reasons == [f"first of {B}: input_rejected", f"first of {C}: input_rejected"]


def said_again(world: World) -> list[Record]:
    """The linker's own rejections, as its stage for rejections reads them."""
    said = world.publisher.of("dataset.rejected")
    return [Record(each.topic, 0, 0, 0, each.key, each.value, each.headers) for each in said]


class RelationshipSuite(AgreeingWithInputs, AwaitingCompletion, LosingInputs):
    """All tests of relationships."""
