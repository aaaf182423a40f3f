"""The behaviour of the linker, for the memory twin and for PostgreSQL."""

from datetime import timedelta

from services.linker.handler import MOST_NAMED
from services.linker.held.ports import WaitingTotals
from shared.events.codes import Code
from tests.builders.linker.records import (
    NOON,
    TRACE,
    WEEK,
    committed,
    dataset_id,
    facts,
    rejected,
    unchanged,
    validated,
)
from tests.builders.linker.world import World, series

A, B, C, D = "/data/a", "/data/b", "/data/c", "/data/d"
RAW, INTEGRATION, MERGE = "mx.raw.datacollection", "mx.processed.integration", "mx.processed.merge"


RUN = "/data/visitor/mx1111/RAW_DATA/Fus_RAC1b/run_01"


class MissingByLittle:
    """An input is not catalogued, but a path near it is."""

    async def test_the_world_hears_what_is_catalogued_near_a_missing_input(self, world: World) -> None:
        await world.commit(committed(RUN))
        for n, said in enumerate((RUN.upper().replace("/DATA", "/data"), f"{RUN} ", f"{RUN}/run_01_master.h5")):
            await world.submit(facts(f"/data/child_{n}", [said]))
            [finding] = world.pending[-1].findings
            assert (finding.code, finding.severity, finding.value, finding.expected) == (
                "input_near_miss",
                "warning",
                said,
                RUN,
            )
            assert finding.sentence == (
                f"the input {said} is not catalogued, but {RUN} is; name that as the input, if it is meant"
            )

    async def test_what_waits_says_what_it_is_whenever_it_is_told(self, world: World) -> None:
        waiting = facts(A, [RUN.upper()], kind="ssx.processed.merge", proposal="mx2222")
        await world.submit(waiting, facts(A, [RUN.upper()], receipt="behind", proposal="mx2222"))
        await world.submit(waiting)
        await world.commit(committed(RUN))
        await world.wait(timedelta(minutes=2))
        assert {(each.receipt_id, each.name, each.kind, each.proposal, each.beamline) for each in world.pending} == {
            (f"first of {A}", waiting.name, "ssx.processed.merge", "mx2222", waiting.beamline),
            ("behind", waiting.name, "generic.processed", "mx2222", waiting.beamline),
        }
        assert [near.near for near in world.pending[-1].near] == [[RUN]]
        assert len(world.pending) >= 4

    async def test_only_what_is_missing_is_looked_for(self, world: World) -> None:
        await world.commit(committed(RUN), committed(f"{RUN}_b"))
        await world.submit(facts(A, [RUN, "/data/elsewhere"]), facts(B, [f"{RUN.upper()}", f"{RUN}_B", f"{RUN}_b"]))
        assert [[finding.value for finding in pending.findings] for pending in world.pending] == [
            [],
            [RUN.upper(), f"{RUN}_B"],
        ]

    async def test_several_near_ones_are_named_and_no_more_than_three(self, world: World) -> None:
        spellings = [f"/data/{name}" for name in ("Run", "RUN", "rUn", "ruN")]
        await world.commit(*(committed(path) for path in spellings))
        await world.submit(facts(A, ["/data/run"]))
        [finding] = world.pending[0].findings
        assert finding.sentence == (
            "the input /data/run is not catalogued, but /data/RUN, /data/Run and /data/rUn are; name one of these as"
            " the input, if it is meant"
        )

    async def test_the_nearest_folder_is_meant_and_never_the_dataset_itself(self, world: World) -> None:
        await world.commit(committed(RUN), committed(f"{RUN}/scan"), committed(A))
        await world.submit(facts(B, [f"{RUN}/scan/x.h5"]), facts(A, [f"{A}/part"], receipt="again"))
        assert [[finding.expected for finding in pending.findings] for pending in world.pending] == [
            [f"{RUN}/scan"],
            [],
        ]

    async def test_what_is_only_awaited_or_rejected_is_not_near(self, world: World) -> None:
        await world.submit(facts(A, [RUN]))
        await world.reject(rejected(RUN))
        await world.submit(facts(B, [RUN.upper()]))
        assert [pending.findings for pending in world.pending] == [[], []]

    async def test_an_input_that_is_there_but_not_complete_is_no_mistake(self, world: World) -> None:
        await world.commit(committed(RUN, kind="ssx.raw.run", complete=False), committed(RUN.lower()))
        await world.commit(committed(A, kind="ssx.raw.run"))
        await world.submit(facts(C, [A, RUN], kind="ssx.processed.merge"))
        assert [pending.findings for pending in world.pending] == [[]]

    async def test_a_replay_is_told_the_same(self, world: World) -> None:
        await world.commit(committed(RUN))
        await world.submit(facts(A, [RUN.upper()]))
        await world.submit(facts(A, [RUN.upper()]), facts(A, [RUN], receipt="second"))
        first, again, behind = world.pending
        assert first == again
        assert behind.findings == first.findings

    async def test_what_is_catalogued_while_something_waits_is_told_once(self, world: World) -> None:
        await world.submit(facts(A, [RUN.upper(), "/data/other"]), facts(B, ["/data/elsewhere"]))
        await world.wait(timedelta(minutes=2))
        await world.commit(committed(RUN))
        await world.wait(timedelta(minutes=7))
        assert [pending.findings for pending in world.pending] == [[], []]
        await world.wait(timedelta(minutes=2))
        first, _, told = world.pending
        assert first.model_copy(update={"findings": told.findings, "near": told.near}) == told
        assert [(each.path, each.near) for each in told.near] == [(RUN.upper(), [RUN])]
        assert [finding.expected for finding in told.findings] == [RUN]
        await world.wait(timedelta(days=2))
        assert len(world.pending) == 3

    async def test_what_goes_on_is_told_nothing_more(self, world: World) -> None:
        await world.submit(facts(A, [RUN.upper()]), facts(A, [RUN], receipt="behind"))
        await world.commit(committed(RUN))
        await world.commit(committed(RUN.upper()))
        await world.wait(timedelta(hours=2))
        assert [pending.receipt_id for pending in world.pending] == [f"first of {A}", "behind"]

    async def test_the_rejection_names_what_was_catalogued_meanwhile(self, world: World) -> None:
        await world.submit(facts(A, [RUN.upper()]))
        await world.commit(committed(RUN))
        await world.wait(2 * WEEK)
        (rejection,) = world.rejections
        assert rejection.message.endswith(
            f"UTC: {RUN.upper()}; the input {RUN.upper()} is not catalogued, but {RUN} is; name that as the input, if"
            " it is meant"
        )


class HoldingAndReleasing:
    async def test_a_dataset_without_inputs_goes_straight_on(self, world: World) -> None:
        await world.submit(facts(A))
        assert world.linked_receipts == [f"first of {A}"]
        assert await world.held() == []

    async def test_a_dataset_whose_inputs_are_committed_goes_straight_on_with_their_kinds(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW), committed(B, kind=RAW))
        await world.submit(facts(C, [B, A], kind=MERGE))
        (linked,) = world.linked
        assert [(each.path, each.kind) for each in linked.links.inputs] == [(B, RAW), (A, RAW)]

    async def test_a_dataset_waits_and_the_world_hears_for_what_and_how_long(self, world: World) -> None:
        await world.commit(committed(A))
        await world.submit(facts(D, [C, A, B]))
        (pending,) = world.pending
        assert (pending.waits_for, pending.since, pending.deadline) == ([C, B], NOON, NOON + WEEK)
        assert world.linked == []

    async def test_it_is_released_by_the_last_of_its_inputs_and_not_before(self, world: World) -> None:
        await world.submit(facts(C, [A, B]))
        await world.commit(committed(A))
        assert world.linked == []
        assert [held.waits_for for held in await world.links.pending(10)] == [(B,)]
        await world.commit(committed(B))
        assert world.linked_receipts == [f"first of {C}"]
        assert await world.held() == []

    async def test_of_thousands_of_missing_inputs_the_first_are_named_and_all_are_counted(self, world: World) -> None:
        inputs = [f"/data/raw_{n:05}" for n in range(1000)]
        await world.submit(facts(D, inputs))
        (pending,) = world.pending
        assert (pending.waits_for, pending.waits_for_count) == (inputs[:MOST_NAMED], 1000)
        await world.commit(*(committed(path) for path in inputs[:50]))
        (held,) = await world.links.pending(10)
        assert (held.waits_for[0], len(held.waits_for) + held.unnamed) == (inputs[50], 950)
        await world.submit(facts(D, receipt="behind"))
        assert (world.pending[1].waits_for[0], world.pending[1].waits_for_count) == (inputs[50], 950)
        await world.commit(*(committed(path) for path in inputs[50:]))
        assert len(world.linked[0].links.inputs) == 1000

    async def test_of_thousands_of_inputs_that_never_came_the_first_are_told(self, world: World) -> None:
        await world.submit(facts(D, [f"/data/raw_{n:05}" for n in range(1000)]))
        world.now += 2 * WEEK
        await world.deadlines.tick()
        await world.relay.drain_once()
        (rejection,) = world.rejections
        assert rejection.code == Code.INPUT_MISSING
        assert "1000 of 1000 inputs" in rejection.message
        assert rejection.message.endswith("/data/raw_00019 and 980 more")

    async def test_what_the_relay_sends_is_what_the_stage_would_have_sent(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.commit(committed(A))
        (released,) = world.publisher.of("dataset.linked")
        await world.submit(facts(C, [A], receipt="straight"))
        straight = world.publisher.of("dataset.linked")[1]
        assert released.key == str(dataset_id(B)).encode()
        assert released.value.startswith((validated(facts(B, [A])).value or b"")[:-1])
        assert dict(released.headers)["traceparent"] == TRACE
        assert {name for name, _ in released.headers} == {name for name, _ in straight.headers}
        assert world.linked[0].links == world.linked[1].links

    async def test_one_commit_releases_everything_that_waited_for_it(self, world: World) -> None:
        children = [f"/data/child_{n}" for n in range(20)]
        await world.submit(*(facts(child, [A]) for child in children))
        await world.commit(committed(A))
        assert world.linked_receipts == [f"first of {child}" for child in children]

    async def test_parent_and_child_in_one_batch_keep_their_order(self, world: World) -> None:
        await world.submit(facts(A), facts(B, [A]))
        assert world.linked_receipts == [f"first of {A}"]
        await world.commit(committed(A))
        assert world.linked_receipts == [f"first of {A}", f"first of {B}"]

    async def test_an_unchanged_commit_teaches_nothing_and_harms_nothing(self, world: World) -> None:
        await world.commit(committed(A), unchanged(A))
        await world.submit(facts(B, [A]))
        assert world.linked_receipts == [f"first of {B}"]

    async def test_an_older_revision_that_comes_late_does_not_undo_a_newer_one(self, world: World) -> None:
        await world.commit(committed(A, revision=2, kind=RAW))
        await world.commit(committed(A, revision=1, kind="generic.raw"))
        await world.submit(facts(B, [A]))
        assert world.linked[0].links.inputs[0].kind == RAW

    async def test_the_last_of_several_revisions_in_one_batch_counts(self, world: World) -> None:
        await world.commit(committed(A, revision=1), committed(A, revision=2, kind=RAW))
        await world.submit(facts(B, [A]))
        assert world.linked[0].links.inputs[0].kind == RAW


class KeepingOrder:
    async def test_an_update_waits_behind_the_submission_before_it(self, world: World) -> None:
        first, second = series(C, [A], [])
        await world.submit(first)
        await world.submit(second)
        assert world.linked == []
        assert [pending.waits_for for pending in world.pending] == [[A], [A]]
        await world.commit(committed(A))
        assert world.linked_receipts == [first.receipt_id, second.receipt_id]

    async def test_the_same_within_one_batch(self, world: World) -> None:
        submissions = series(C, [A], [B], [])
        await world.submit(*submissions)
        assert [pending.waits_for for pending in world.pending] == [[A], [A, B], [A, B]]
        await world.commit(committed(B))
        assert world.linked == []
        await world.commit(committed(A))
        assert world.linked_receipts == [each.receipt_id for each in submissions]

    async def test_an_update_that_waits_itself_lets_the_one_before_it_go(self, world: World) -> None:
        first, second = series(C, [A], [B])
        await world.submit(first, second)
        await world.commit(committed(A))
        assert world.linked_receipts == [first.receipt_id]
        await world.commit(committed(B))
        assert world.linked_receipts == [first.receipt_id, second.receipt_id]

    async def test_an_update_does_not_overtake_what_is_released_but_not_sent(self, world: World) -> None:
        first, second = series(C, [A], [])
        await world.submit(first)
        await world.learn(committed(A))
        await world.submit(second)
        assert world.linked == []
        assert len(world.pending) == 1  # there is no event for the update, which awaits no input
        await world.send()
        assert world.linked_receipts == [first.receipt_id, second.receipt_id]

    async def test_other_datasets_are_not_held_up(self, world: World) -> None:
        await world.submit(facts(C, [A]), facts(D))
        assert world.linked_receipts == [f"first of {D}"]

    async def test_an_update_of_a_dataset_that_waits_applies_after_it(self, world: World) -> None:
        await world.submit(facts(B, [A]), facts(B, mode="update", receipt="update"))
        assert [each.waits_for for each in world.pending] == [[A], [A]]
        await world.commit(committed(A))
        assert world.linked_receipts == [f"first of {B}", "update"]


class RunningOutOfTime:
    async def test_a_dataset_whose_time_is_up_is_rejected_with_the_missing_paths(self, world: World) -> None:
        await world.commit(committed(A))
        await world.submit(facts(D, [A, B, C]))
        await world.wait(WEEK - timedelta(seconds=1))
        assert world.rejections == []
        await world.wait(timedelta(seconds=1))
        (rejection,) = world.rejections
        assert rejection.code == Code.INPUT_MISSING
        assert rejection.message == (
            "2 of 3 inputs were not catalogued between 2026-11-24 12:00 and 2026-12-01 12:00 UTC: /data/b, /data/c"
        )
        assert (rejection.receipt_id, rejection.path, rejection.stage) == (f"first of {D}", D, "linker")
        assert rejection.value_base64 is not None
        assert await world.held() == []

    async def test_it_is_said_once(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.wait(WEEK)
        await world.wait(WEEK)
        assert len(world.rejections) == 1

    async def test_a_replay_is_answered_the_same_even_if_the_input_came_after_all(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.wait(WEEK)
        await world.commit(committed(A))
        await world.submit(facts(B, [A]))
        first, again = world.rejections
        assert (first.code, first.message) == (again.code, again.message)
        assert world.linked == []

    async def test_the_same_dataset_under_a_new_receipt_is_a_new_attempt(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.wait(WEEK)
        await world.commit(committed(A))
        await world.submit(facts(B, [A], receipt="corrected"))
        assert world.linked_receipts == ["corrected"]

    async def test_what_waited_behind_it_moves_up(self, world: World) -> None:
        first, second = series(C, [A], [])
        await world.submit(first, second)
        await world.wait(WEEK)
        assert world.reasons == [f"{first.receipt_id}: input_missing"]
        assert world.linked_receipts == [second.receipt_id]

    async def test_nothing_expires_that_is_released_in_time(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.learn(committed(A))
        await world.wait(2 * WEEK)
        assert (world.rejections, world.linked_receipts) == ([], [f"first of {B}"])

    async def test_only_the_inputs_that_did_not_come_are_missed(self, world: World) -> None:
        await world.submit(facts(D, [A, B, C]))
        await world.commit(committed(B))
        await world.wait(2 * WEEK)
        (rejection,) = world.rejections
        assert "2 of 3 inputs" in rejection.message
        assert rejection.message.endswith(f"UTC: {A}, {C}")

    async def test_a_commit_does_not_revive_what_has_expired(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        world.now += WEEK
        assert await world.links.expire(world.now) == 1
        await world.commit(committed(A))
        assert (world.reasons, world.linked) == ([f"first of {B}: input_missing"], [])


class CountingWhatWaits:
    async def test_what_waits_is_counted_since_the_first_of_it(self, world: World) -> None:
        assert await world.links.waiting() == WaitingTotals(0, None)
        await world.submit(facts(B, [A]), facts(C))
        world.now += timedelta(hours=1)
        await world.submit(facts(D, [A]))
        assert await world.links.waiting() == WaitingTotals(2, NOON)
        world.now = NOON + WEEK
        await world.links.expire(world.now)
        assert await world.links.waiting() == WaitingTotals(1, NOON + timedelta(hours=1))
        await world.commit(committed(A))
        assert await world.links.waiting() == WaitingTotals(0, None)


class AnsweringReplays:
    async def test_a_waiting_receipt_is_told_the_same_and_held_once(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        world.now += timedelta(hours=1)
        await world.submit(facts(B, [A]), facts(B, [A]))
        assert len(world.pending) == 3
        assert len({pending.model_dump_json() for pending in world.pending}) == 1
        assert await world.held() == [f"first of {B}"]

    async def test_a_released_receipt_is_left_to_the_relay(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.learn(committed(A))
        await world.submit(facts(B, [A]))
        assert world.linked == []
        await world.send()
        assert world.linked_receipts == [f"first of {B}"]

    async def test_a_receipt_that_went_on_goes_on_again_for_the_catalogue_to_ignore(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.commit(committed(A))
        await world.submit(facts(B, [A]))
        assert world.linked_receipts == [f"first of {B}"] * 2
        assert await world.held() == []

    async def test_a_refusal_stands_even_if_its_reason_is_gone(self, world: World) -> None:
        await world.submit(facts(A, [B]))
        await world.submit(facts(B, [A]))
        await world.wait(WEEK)  # the cycle is open now
        await world.submit(facts(B, [A]))
        assert [rejection.code for rejection in world.rejections] == ["input_cycle", "input_missing", "input_cycle"]

    async def test_a_replayed_commit_changes_nothing(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.commit(committed(A))
        await world.commit(committed(A))
        assert world.linked_receipts == [f"first of {B}"]


class RefusingCircles:
    async def test_a_dataset_cannot_be_its_own_input(self, world: World) -> None:
        await world.submit(facts(A, [A]))
        assert world.reasons == [f"first of {A}: input_self"]

    async def test_the_one_that_closes_a_cycle_of_waiting_datasets_is_refused_at_once(self, world: World) -> None:
        await world.submit(facts(A, [B]))
        await world.submit(facts(B, [C]))
        await world.submit(facts(C, [A]))
        (rejection,) = world.rejections
        assert rejection.code == Code.INPUT_CYCLE
        (finding,) = rejection.findings
        assert finding.message == f"the inputs form a cycle: {C} comes from {A} comes from {B} comes from {C}"
        assert rejection.message == f"{finding.message}; {finding.cure}"
        assert await world.held() == [f"first of {A}", f"first of {B}"]

    async def test_the_same_within_one_batch(self, world: World) -> None:
        await world.submit(facts(A, [B]), facts(B, [C]), facts(C, [A]))
        assert world.reasons == [f"first of {C}: input_cycle"]

    async def test_an_update_that_makes_an_ancestor_a_descendant_is_refused(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]), committed(C, [B]))
        await world.submit(facts(A, [C]))
        (rejection,) = world.rejections
        (finding,) = rejection.findings
        assert finding.message == f"the inputs form a cycle: {A} comes from {C} comes from {B} comes from {A}"

    async def test_an_update_that_names_the_same_inputs_again_passes(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]))
        await world.submit(facts(B, [A], receipt="again"))
        assert world.linked_receipts == ["again"]

    async def test_of_two_updates_under_way_the_second_does_not_close_a_cycle(self, world: World) -> None:
        await world.commit(committed(A), committed(B))
        await world.submit(facts(A, [B]))
        await world.submit(facts(B, [A]))
        assert (world.linked_receipts, world.reasons) == ([f"first of {A}"], [f"first of {B}: input_cycle"])

    async def test_the_same_if_the_relay_sent_the_first(self, world: World) -> None:
        await world.commit(committed(A), committed(B))
        await world.submit(facts(A, [B, C]))
        await world.commit(committed(C))
        await world.submit(facts(B, [A]))
        assert (world.linked_receipts, world.reasons) == ([f"first of {A}"], [f"first of {B}: input_cycle"])

    async def test_a_cycle_that_shows_only_at_release_is_refused_then(self, world: World) -> None:
        await world.commit(committed(A))
        await world.submit(facts(B, [A]))  # on its way to the catalogue, and not known to the linker
        await world.submit(facts(A, [B], receipt="closes"))
        await world.commit(committed(B, [A]))
        assert world.reasons == ["closes: input_cycle"]
        await world.submit(facts(A, [B], receipt="closes"))
        assert world.reasons == ["closes: input_cycle"] * 2

    async def test_the_links_of_the_newest_revision_count(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]), committed(C))
        await world.commit(committed(B, [C], revision=2))
        await world.submit(facts(A, [B]))
        assert world.linked_receipts == [f"first of {A}"]


class PermittingRelationships:
    async def test_inputs_of_a_kind_that_the_technique_does_not_permit_are_refused(self, world: World) -> None:
        await world.commit(committed(A, kind="saxs.raw"))
        await world.submit(facts(B, [A], kind=INTEGRATION))
        (rejection,) = world.rejections
        assert rejection.code == Code.INPUT_NOT_PERMITTED
        assert "1 of kind mx.raw.*" in rejection.message
        assert "found 1 of kind saxs.raw" in rejection.message

    async def test_the_same_when_the_kind_is_known_only_at_release(self, world: World) -> None:
        await world.submit(facts(B, [A], kind=INTEGRATION))
        await world.commit(committed(A, kind="saxs.raw"))
        assert world.reasons == [f"first of {B}: input_not_permitted"]
        assert await world.held() == []

    async def test_too_many_inputs_are_refused_before_any_of_them_is_there(self, world: World) -> None:
        await world.submit(facts(C, [A, B], kind=INTEGRATION))
        assert world.reasons == [f"first of {C}: input_not_permitted"]

    async def test_a_wrong_input_is_refused_though_others_are_missing(self, world: World) -> None:
        await world.commit(committed(A, kind="saxs.raw"))
        await world.submit(facts(C, [A, B], kind=MERGE))
        assert world.reasons == [f"first of {C}: input_not_permitted"]

    async def test_too_few_are_refused_unless_they_add_to_a_catalogued_dataset(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW), committed(B, kind=RAW), committed(C, [A, B], kind=MERGE))
        await world.submit(facts(D, [A], kind=MERGE), facts(C, [A], kind=MERGE, merges=True))
        assert (world.reasons, world.linked_receipts) == ([f"first of {D}: input_not_permitted"], [f"first of {C}"])

    async def test_a_kind_that_no_technique_describes_may_come_from_anything(self, world: World) -> None:
        await world.commit(committed(A, kind="anything"))
        await world.submit(facts(B, [A], kind="home.made"))
        assert world.linked_receipts == [f"first of {B}"]


class LinkerSuite(
    MissingByLittle,
    HoldingAndReleasing,
    KeepingOrder,
    RunningOutOfTime,
    CountingWhatWaits,
    AnsweringReplays,
    RefusingCircles,
    PermittingRelationships,
):
    """All tests except those of investigations."""
