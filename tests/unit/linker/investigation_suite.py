"""How datasets find their investigation, and move to it when it is announced late."""

from datetime import timedelta

from shared.events import Finding
from tests.unit.linker.builders import IDENTITIES, NOON, PLACEHOLDER, announced, committed, facts, slot
from tests.unit.linker.world import World

A, B = "/data/a", "/data/b"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SESSION = slot("session", NOON - HOUR, NOON + HOUR)
PARAMETER_FINDING = Finding.warning("range", "far out", parameter="MX_flux")
KIND_FINDING = Finding.warning("technique_unknown", "which one?")


class InvestigationSuite:
    async def test_a_dataset_belongs_to_the_announced_investigation_of_its_time(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.submit(facts(A))
        (linked,) = world.linked
        assert linked.links.investigation.investigation_id == SESSION.investigation_id
        assert (linked.links.investigation.placeholder, linked.links.findings) == (False, [])

    async def test_without_one_it_goes_into_a_placeholder_with_a_warning(self, world: World) -> None:
        await world.announce(announced(slot("long past", NOON - 9 * DAY, NOON - 8 * DAY)))
        await world.submit(facts(A))
        (linked,) = world.linked
        assert linked.links.investigation.investigation_id == PLACEHOLDER
        assert linked.links.investigation.placeholder
        assert [finding.code for finding in linked.links.findings] == ["investigation_unknown"]

    async def test_a_changed_announcement_replaces_the_earlier_one(self, world: World) -> None:
        await world.announce(announced(slot("session", NOON - 9 * DAY, NOON - 8 * DAY)))
        await world.announce(announced(SESSION))
        await world.submit(facts(A))
        assert world.linked[0].links.investigation.start == SESSION.start

    async def test_a_named_investigation_overrides_the_time(self, world: World) -> None:
        other = slot("other", NOON - 9 * DAY, NOON - 8 * DAY)
        await world.announce(announced(SESSION), announced(other))
        await world.submit(facts(A, investigation="other"))
        assert world.linked[0].links.investigation.facility_id == "other"

    async def test_a_named_investigation_that_is_not_announced_has_its_future_id_already(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.submit(facts(A, investigation="to come"))
        (linked,) = world.linked
        assert linked.links.investigation.investigation_id == IDENTITIES.investigation("to come")
        assert linked.links.investigation.placeholder

    async def test_the_investigation_is_chosen_when_a_held_dataset_goes_on(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.announce(announced(SESSION))
        await world.commit(committed(A, slot=SESSION))
        assert world.linked[0].links.investigation.facility_id == "session"

    async def test_a_late_announcement_draws_its_datasets_out_of_the_placeholder(self, world: World) -> None:
        near = SESSION.start - 48 * HOUR
        await world.commit(
            committed("/data/raw", start=near, findings=[PARAMETER_FINDING, KIND_FINDING]),
            committed("/data/result", ["/data/raw"]),
            committed("/data/elsewhen", start=near - HOUR),
        )
        await world.announce(announced(SESSION))
        moved = {each.dataset.path: each for each in world.linked}
        assert moved.keys() == {"/data/raw", "/data/result"}
        assert all(each.links.investigation.facility_id == "session" for each in moved.values())
        assert [each.path for each in moved["/data/result"].links.inputs] == ["/data/raw"]
        facts_of_raw = moved["/data/raw"].dataset
        assert (facts_of_raw.mode, facts_of_raw.sample_name, facts_of_raw.start) == ("merge", "Fus_RAC1b", near)
        assert (facts_of_raw.file_count, facts_of_raw.sequence_index) == (4000, None)
        assert facts_of_raw.findings == [KIND_FINDING]

    async def test_a_move_has_the_same_receipt_however_often_it_is_made(self, world: World) -> None:
        await world.commit(committed(A))
        await world.announce(announced(SESSION))
        await world.announce(announced(SESSION))
        first, again = world.linked_receipts
        assert first == again

    async def test_a_dataset_that_has_moved_stays(self, world: World) -> None:
        await world.commit(committed(A))
        await world.announce(announced(SESSION))
        await world.commit(committed(A, revision=2, slot=SESSION))
        await world.announce(announced(SESSION))
        assert len(world.linked) == 1

    async def test_a_commit_into_a_placeholder_that_is_covered_by_now_moves_on_at_once(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.commit(committed(A))
        assert world.linked[0].links.investigation.facility_id == "session"

    async def test_another_revision_in_the_placeholder_moves_under_another_receipt(self, world: World) -> None:
        await world.commit(committed(A))
        await world.announce(announced(SESSION))
        await world.commit(committed(A, revision=2))
        assert len(set(world.linked_receipts)) == 2

    async def test_a_replayed_commit_of_an_older_revision_moves_nothing(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.commit(committed(A, revision=2, slot=SESSION))
        await world.commit(committed(A, revision=1))
        assert world.linked == []

    async def test_a_dataset_of_a_named_investigation_moves_only_there(self, world: World) -> None:
        await world.commit(committed(A, named="other"))
        await world.announce(announced(SESSION))
        assert world.linked == []
        await world.announce(announced(slot("other", NOON - 9 * DAY, NOON - 8 * DAY)))
        assert world.linked[0].links.investigation.facility_id == "other"

    async def test_a_move_does_not_overtake_an_update_that_waits(self, world: World) -> None:
        await world.commit(committed(A))
        await world.submit(facts(A, [B]))
        await world.announce(announced(SESSION))
        assert world.linked == []
        await world.commit(committed(B, slot=SESSION))
        assert world.linked_receipts[0] == f"first of {A}"
        assert len(world.linked) == 2
