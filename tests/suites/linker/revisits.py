"""Results are judged again when their inputs change, for every store of the linker."""

from datetime import timedelta

from services.linker.inputs.relationships import INPUT_REPLACED
from tests.builders.linker.records import NOON, committed, dataset_id, facts
from tests.builders.linker.world import LinkedDataset, World

A, B, C, D = "/data/a", "/data/b", "/data/c", "/data/d"
RAW, INTEGRATION = "mx.raw.datacollection", "mx.processed.integration"
LATER = NOON + timedelta(hours=2)
LAST = NOON + timedelta(hours=3)


def said_of_inputs(linked: LinkedDataset) -> list[str]:
    return [each.code for each in linked.links.findings if each.code.startswith("input_")]


class AfterARecollection:
    async def test_a_result_of_what_was_there_before_is_flagged(self, world: World) -> None:
        await world.commit(committed(A, kind=RAW), committed(B, [A], kind=INTEGRATION, inherits=True))
        await world.commit(committed(A, revision=2, kind=RAW, sample="Rac1", start=LATER, recollected=LATER))
        (flagged,) = world.linked
        assert (flagged.dataset.path, flagged.dataset.mode, flagged.dataset.revision) == (B, "merge", 1)
        assert [(each.path, each.replaced) for each in flagged.links.inputs] == [(A, True)]
        (finding,) = (each for each in flagged.links.findings if each.code == INPUT_REPLACED)
        assert (finding.severity, finding.value) == ("warning", A)
        assert "other data of sample Rac1, started 2026-11-24T14:00:00+00:00 are there now" in finding.message

    async def test_nothing_else_is_said_of_what_it_was_not_made_from(self, world: World) -> None:
        """There is no finding about another sample, an early start, or the kind of the input."""
        await world.commit(committed(A, kind=RAW), committed(B, [A], kind=INTEGRATION))
        other = committed(A, revision=2, kind="mx.processed.refinement", sample="Rac1", start=LATER, recollected=LATER)
        await world.commit(other)
        assert [said_of_inputs(each) for each in world.linked] == [[INPUT_REPLACED]]
        assert world.rejections == []

    async def test_a_named_sample_is_named_again_and_an_inherited_one_is_not(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]), committed(C, [A], inherits=True))
        await world.commit(committed(A, revision=2, recollected=LATER))
        names = {each.dataset.path: each.dataset.sample_name for each in world.linked}
        assert names == {B: "Fus_RAC1b", C: None}

    async def test_the_same_commit_again_flags_nothing_again(self, world: World) -> None:
        again = committed(A, revision=2, recollected=LATER)
        await world.commit(committed(A), committed(B, [A]))
        await world.commit(again)
        await world.commit(again)
        await world.commit(committed(B, [A], revision=2, outdated=True), again)
        assert len(world.linked) == 1

    async def test_a_result_that_was_made_afterwards_is_not_flagged(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A], made=LAST))
        await world.commit(committed(A, revision=2, recollected=LATER))
        assert world.linked == []

    async def test_of_what_was_committed_at_one_moment_the_start_decides(self, world: World) -> None:
        earlier, later = NOON + timedelta(minutes=5), LATER + timedelta(minutes=5)
        await world.commit(
            committed(A), committed(B, [A], made=LATER, start=earlier), committed(C, [A], made=LATER, start=later)
        )
        await world.commit(committed(A, revision=2, recollected=LATER, start=LATER))
        assert [each.dataset.path for each in world.linked] == [B]

    async def test_what_was_committed_before_times_were_kept_is_older(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A], made=None))
        await world.commit(committed(A, revision=2, recollected=LATER))
        assert [each.dataset.path for each in world.linked] == [B]

    async def test_a_result_that_is_learned_of_after_the_recollection_is_flagged_as_well(self, world: World) -> None:
        await world.commit(committed(A, revision=2, recollected=LATER))
        await world.commit(committed(B, [A]))
        assert [each.dataset.path for each in world.linked] == [B]

    async def test_so_is_one_of_the_same_batch_in_either_order(self, world: World) -> None:
        again = committed(A, revision=2, recollected=LATER)
        await world.commit(committed(A), committed(C))
        await world.commit(committed(B, [A]), again, committed(D, [A]))
        assert sorted(each.dataset.path for each in world.linked) == [B, D]

    async def test_later_revisions_of_the_measurement_flag_nothing_more(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]))
        await world.commit(committed(A, revision=2, recollected=LATER))
        await world.commit(committed(B, [A], revision=2, outdated=True))
        await world.commit(committed(A, revision=3, recollected=LATER))
        assert len(world.linked) == 1

    async def test_a_second_recollection_flags_what_was_made_of_the_first(self, world: World) -> None:
        await world.commit(committed(A), committed(A, revision=2, recollected=LATER))
        await world.commit(committed(B, [A], made=LATER + timedelta(minutes=1)))
        assert world.linked == []
        await world.commit(committed(A, revision=3, recollected=LAST))
        assert [each.dataset.path for each in world.linked] == [B]

    async def test_an_addition_does_not_make_a_result_newer(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]), committed(A, revision=2, recollected=LATER))
        await world.submit(facts(B, [A], merges=True, receipt="comment"))
        assert said_of_inputs(world.linked[-1]) == [INPUT_REPLACED]

    async def test_a_late_result_that_started_before_the_recollection_is_flagged(self, world: World) -> None:
        await world.commit(committed(A), committed(A, revision=2, recollected=LATER, start=LATER))
        await world.submit(facts(B, [A], start=LATER - timedelta(minutes=1)))
        await world.submit(facts(C, [A], start=LATER + timedelta(minutes=1)))
        assert [said_of_inputs(each) for each in world.linked] == [[INPUT_REPLACED], []]
        await world.commit(committed(B, [A], start=LATER - timedelta(minutes=1), made=LAST, sample=None, outdated=True))
        assert len(world.linked) == 2

    async def test_a_result_that_is_processed_anew_is_not_flagged(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A]), committed(A, revision=2, recollected=LATER))
        await world.submit(facts(B, [A], receipt="anew"))
        anew = world.linked[-1]
        assert said_of_inputs(anew) == []
        assert [each.replaced for each in anew.links.inputs] == [False]

    async def test_many_results_are_flagged_in_batches(self, world: World) -> None:
        results = [f"/data/result_{n}" for n in range(12)]
        await world.commit(committed(A), *(committed(path, [A]) for path in results))
        await world.learn(committed(A, revision=2, recollected=LATER))
        for held in (5, 10, 12):
            async with world.links.due(5, world.now) as batch:
                assert len(batch.submissions) == 5
            assert len(await world.held()) == held
        await world.send()
        assert sorted(each.dataset.path for each in world.linked) == sorted(results)


class AfterARenaming:
    async def test_results_that_inherit_the_sample_are_looked_at_again(self, world: World) -> None:
        await world.commit(
            committed(A), committed(B, [A], inherits=True), committed(C, [A]), committed(D, [A], sample=None)
        )
        await world.commit(committed(A, revision=2, sample="Rac1"))
        looked_at = sorted((each.dataset.path, each.dataset.sample_name) for each in world.linked)
        assert looked_at == [(B, None), (D, None)]
        assert [said_of_inputs(each) for each in world.linked] == [[], []]

    async def test_it_goes_on_from_result_to_result(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A], inherits=True), committed(C, [B], inherits=True))
        await world.commit(committed(A, revision=2, sample="Rac1"))
        assert [each.dataset.path for each in world.linked] == [B]
        await world.commit(committed(B, [A], revision=2, inherits=True, sample="Rac1"))
        assert [each.dataset.path for each in world.linked] == [B, C]
        await world.commit(committed(C, [B], revision=2, inherits=True, sample="Rac1"))
        assert len(world.linked) == 2

    async def test_a_change_of_letter_case_alone_moves_nothing(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A], inherits=True))
        await world.commit(committed(A, revision=2, sample="FUS_rac1b"))
        assert world.linked == []

    async def test_a_result_that_is_learned_of_after_the_renaming_follows_as_well(self, world: World) -> None:
        await world.commit(committed(A), committed(A, revision=2, sample="Rac1"))
        await world.commit(committed(B, [A], inherits=True))
        assert [each.dataset.path for each in world.linked] == [B]

    async def test_what_is_outdated_stays_of_its_sample(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A], inherits=True))
        await world.commit(committed(A, revision=2, sample="Rac1", recollected=LATER))
        await world.commit(committed(B, [A], revision=2, inherits=True, outdated=True))
        await world.commit(committed(A, revision=3, sample="Rac2", recollected=LATER))
        assert all(parent.replaced for each in world.linked for parent in each.links.inputs)

    async def test_a_result_of_which_more_is_under_way_is_not_overtaken(self, world: World) -> None:
        await world.commit(committed(A), committed(B, [A], inherits=True))
        await world.submit(facts(B, [A, C], receipt="with another input"))
        await world.commit(committed(A, revision=2, sample="Rac1"))
        assert world.linked == []
        await world.commit(committed(C))
        assert [each.dataset.revision for each in world.linked] == [None, 1]

    async def test_what_is_found_necessary_twice_is_one_submission(self, world: World) -> None:
        renamed = committed(A, revision=2, sample="Rac1")
        await world.commit(committed(A), committed(B, [A], inherits=True))
        await world.commit(renamed)
        await world.commit(renamed, committed(B, [A], inherits=True))
        assert {each.dataset.dataset_id for each in world.linked} == {dataset_id(B)}
        assert len({each.dataset.receipt_id for each in world.linked}) == 1


class RevisitSuite(AfterARecollection, AfterARenaming):
    """All tests of changed inputs."""
