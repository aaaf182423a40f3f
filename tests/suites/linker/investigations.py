"""How datasets find their investigation, and move to it when it is announced late."""

from dataclasses import replace
from datetime import timedelta

from shared.events.sections import Finding
from tests.builders.linker.records import (
    IDENTITIES,
    NOON,
    PLACEHOLDER,
    announced,
    committed,
    facts,
    rescheduled,
    slot,
    started,
)
from tests.builders.linker.world import World

A, B, C = "/data/a", "/data/b", "/data/c"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SESSION = slot("session", NOON - HOUR, NOON + HOUR)
NEXT = slot("next", NOON + 89 * HOUR, NOON + 99 * HOUR)
PARAMETER_FINDING = Finding.warning("range", "far out", "check it", parameter="MX_flux")
KIND_FINDING = Finding.warning("technique_unknown", "which one?", "name it")


class BelongingToInvestigations:
    async def test_a_dataset_belongs_to_the_announced_investigation_of_its_time(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.submit(facts(A))
        (linked,) = world.linked
        assert linked.links.investigation.investigation_id == SESSION.investigation_id
        assert (linked.links.investigation.placeholder, linked.links.findings) == (False, [])

    async def test_without_one_an_open_ended_one_is_opened_with_a_warning(self, world: World) -> None:
        await world.announce(announced(slot("long past", NOON - 9 * DAY, NOON - 8 * DAY)))
        await world.submit(facts(A), facts(B, start=NOON + 9 * DAY))
        await world.submit(facts(C, start=NOON - HOUR))
        opened = [each.links.investigation for each in world.linked]
        assert {each.investigation_id for each in opened} == {PLACEHOLDER}
        assert {(each.start, each.end, each.facility_id, each.placeholder) for each in opened} == {
            (NOON, None, None, True)
        }
        codes = [[finding.code for finding in each.links.findings] for each in world.linked]
        assert codes == [["investigation_unknown"]] * 3

    async def test_more_than_48_hours_before_it_another_one_is_opened(self, world: World) -> None:
        await world.submit(facts(A), facts(B, start=NOON - 48 * HOUR))
        await world.submit(facts(C, start=NOON - 49 * HOUR))
        at, near, before = (each.links.investigation for each in world.linked)
        assert at == near
        assert (before.start, before.placeholder) == (NOON - 49 * HOUR, True)

    async def test_a_dataset_that_was_held_gets_its_own_when_it_goes_on(self, world: World) -> None:
        await world.commit(committed(A, slot=SESSION))
        await world.submit(facts(C, [A, B]))
        await world.commit(committed(B, slot=SESSION))
        (linked,) = world.linked
        assert linked.links.investigation.investigation_id == PLACEHOLDER
        assert linked.links.investigation.number is not None

    async def test_an_announcement_under_the_key_of_another_proposal_is_refused_and_told_its_own(
        self, world: World
    ) -> None:
        good = announced(SESSION)
        keys = [b"mx2222", b"\xff", b"MX-1111", None]
        await world.announce(*(replace(good, key=key) for key in keys))
        assert [rejection.code for rejection in world.rejections] == ["key_wrong"] * 2
        assert all("give mx1111 as the key" in rejection.message for rejection in world.rejections)
        assert len(world.publisher.of("investigation.registered")) == 2

    async def test_an_announcement_that_is_read_again_changes_nothing_and_is_told_as_the_plan_stands(
        self, world: World
    ) -> None:
        records = [announced(SESSION), rescheduled("session", NOON + 3 * DAY), announced(replace(SESSION, title="new"))]
        await world.announce(*records)
        said = world.publisher.of("investigation.registered")[-1].value
        await world.announce(*records)
        again = world.publisher.of("investigation.registered")[3:]
        assert [message.value for message in again] == [said] * 3

    async def test_rescheduling_told_again_in_another_order_adds_no_time(self, world: World) -> None:
        await world.announce(announced(SESSION))
        moves = [rescheduled("session", NOON + days * DAY) for days in (3, 5, 9)]
        await world.announce(*moves)
        first = world.publisher.of("investigation.registered")[-1].value
        await world.announce(*moves[::-1], *moves)
        assert world.publisher.of("investigation.registered")[-1].value == first

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
        assert (linked.links.investigation.placeholder, linked.links.investigation.named) == (True, "to come")

    async def test_an_update_that_names_none_stays_in_the_named_one(self, world: World) -> None:
        other = slot("other", NOON - 9 * DAY, NOON - 8 * DAY)
        await world.announce(announced(SESSION), announced(other))
        await world.commit(committed(A, slot=other, named="other"))
        await world.submit(facts(A, receipt="update", merges=True), facts(A, receipt="anew"))
        assert [each.links.investigation.facility_id for each in world.linked] == ["other", "session"]

    async def test_the_investigation_is_chosen_when_a_held_dataset_goes_on(self, world: World) -> None:
        await world.submit(facts(B, [A]))
        await world.announce(announced(SESSION))
        await world.commit(committed(A, slot=SESSION))
        assert world.linked[0].links.investigation.facility_id == "session"


class MovingToAnnouncedOnes:
    async def test_a_late_announcement_draws_its_datasets_out_of_the_placeholder(self, world: World) -> None:
        await world.announce(started())
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

    async def test_an_update_belongs_to_the_investigation_of_the_dataset_whenever_it_is_asked_for(
        self, world: World
    ) -> None:
        await world.announce(announced(SESSION))
        await world.commit(committed(A, start=SESSION.start, slot=SESSION))
        await world.submit(facts(A, mode="update", start=SESSION.start + 1000 * HOUR))
        assert world.linked[0].links.investigation.facility_id == "session"

    async def test_a_move_has_the_same_receipt_however_often_it_is_made(self, world: World) -> None:
        await world.announce(started())
        await world.commit(committed(A))
        await world.announce(announced(SESSION))
        await world.announce(announced(SESSION))
        first, again = world.linked_receipts
        assert first == again

    async def test_a_dataset_that_has_moved_stays(self, world: World) -> None:
        await world.announce(started())
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
        await world.announce(started())
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
        await world.announce(started())
        await world.commit(committed(A))
        await world.submit(facts(A, [B]))
        await world.announce(announced(SESSION))
        assert world.linked == []
        await world.commit(committed(B, slot=SESSION))
        assert world.linked_receipts[0] == f"first of {A}"
        assert len(world.linked) == 2

    async def test_what_named_an_opened_investigation_moves_to_the_announced_one_of_its_time(
        self, world: World
    ) -> None:
        await world.submit(facts(B))
        number = str(world.linked[0].links.investigation.number)
        await world.submit(facts(A, investigation=number, start=NOON - 9 * DAY))
        await world.submit(facts(C, investigation=number))
        assert {each.links.investigation.investigation_id for each in world.linked} == {PLACEHOLDER}
        opened = replace(slot("", NOON), investigation_id=PLACEHOLDER, facility_id=None, placeholder=True)
        await world.commit(committed(C, slot=opened, named=number))
        await world.announce(announced(SESSION))
        assert world.linked[-1].links.investigation.facility_id == "session"


class Numbering:
    async def test_the_user_offices_number_is_icats(self, world: World) -> None:
        await world.announce(announced(slot("4711", NOON - HOUR, NOON + HOUR)))
        await world.submit(facts(A))
        assert world.linked[0].links.investigation.number == 4711

    async def test_others_get_numbers_of_their_own_and_keep_them(self, world: World) -> None:
        await world.submit(facts(A), facts(B, investigation="to come"))
        await world.announce(announced(SESSION), announced(slot("to come", NOON + 9 * DAY, NOON + 10 * DAY)))
        await world.announce(announced(replace(SESSION, title="now with a title")))
        opened, named = (each.links.investigation for each in world.linked)
        first, come, again = world.registered
        assert (named.number, first.number) == (come.number, again.number)
        numbers = [each.number for each in (opened, named, first)]
        assert len(set(numbers)) == 3
        assert all(number is not None and number >= 10**12 for number in numbers)

    async def test_an_investigation_may_be_named_by_its_number(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.submit(facts(A, start=NOON + 90 * DAY, investigation=str(world.registered[0].number)))
        assert world.linked[0].links.investigation.facility_id == "session"


class Registering:
    async def test_what_is_announced_is_told_with_its_number(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.announce(announced(SESSION))
        first, again = world.registered
        assert (first, first.facility_id, first.start, first.end) == (again, "session", SESSION.start, SESSION.end)
        assert first.proposal == SESSION.proposal
        assert not first.placeholder

    async def test_a_start_outside_the_plan_opens_an_investigation(self, world: World) -> None:
        await world.announce(announced(slot("long past", NOON - 9 * DAY, NOON - 8 * DAY)))
        await world.announce(started(), started(NOON + DAY))
        told = world.registered[1:]
        assert [each.investigation_id for each in told] == [PLACEHOLDER] * 2
        assert (told[0].start, told[0].end, told[0].placeholder) == (NOON, None, True)
        await world.submit(facts(A, start=NOON + 2 * HOUR))
        assert world.linked[0].links.investigation == told[0]

    async def test_a_start_that_the_plan_covers_tells_the_planned_one(self, world: World) -> None:
        await world.announce(announced(SESSION), started(NOON - 20 * HOUR))
        planned, told = world.registered
        assert planned == told

    async def test_a_start_told_twice_opens_one(self, world: World) -> None:
        await world.announce(started())
        await world.announce(started(NOON + 90 * DAY), started())
        assert len({(each.investigation_id, each.number) for each in world.registered}) == 1


class Rescheduling:
    async def test_what_lies_elsewhere_by_the_plan_moves_with_its_links(self, world: World) -> None:
        await world.announce(announced(SESSION), announced(NEXT))
        await world.commit(
            committed(A, slot=SESSION),
            committed(B, [A], slot=SESSION, start=NOON + 90 * HOUR),
            committed(C, slot=SESSION, start=NOON + 90 * HOUR, named="session"),
        )
        await world.announce(rescheduled("session"))
        (moved,) = world.linked
        assert (moved.dataset.path, moved.dataset.mode) == (B, "merge")
        assert moved.links.investigation.facility_id == "next"
        assert [each.path for each in moved.links.inputs] == [A]

    async def test_new_dates_alone_move_nothing(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.commit(committed(A, slot=SESSION))
        await world.announce(announced(replace(SESSION, start=NOON + 9 * DAY, end=NOON + 10 * DAY)))
        assert world.linked == []

    async def test_what_has_no_place_in_the_plan_goes_where_a_new_dataset_would(self, world: World) -> None:
        await world.announce(announced(SESSION))
        await world.commit(committed(A, slot=SESSION), committed(B, slot=SESSION, start=NOON + HOUR))
        await world.announce(announced(replace(SESSION, start=NOON + 9 * DAY, end=NOON + 10 * DAY)))
        await world.announce(rescheduled("session"))
        assert [each.links.investigation.investigation_id for each in world.linked] == [PLACEHOLDER] * 2
        assert all(each.links.investigation.placeholder for each in world.linked)

    async def test_told_twice_it_moves_a_revision_once(self, world: World) -> None:
        await world.announce(announced(SESSION), announced(NEXT))
        await world.commit(committed(A, slot=SESSION, start=NEXT.start))
        await world.announce(rescheduled("session"), rescheduled("session"))
        await world.announce(rescheduled("session"))
        assert len(set(world.linked_receipts)) == 1
        await world.commit(committed(A, revision=2, slot=NEXT, start=NEXT.start))
        await world.announce(rescheduled("session"))
        assert len(world.linked_receipts) == 2

    async def test_one_that_beamcat_opened_is_rescheduled_by_its_number(self, world: World) -> None:
        await world.announce(started())
        opened = replace(slot("", NOON), investigation_id=PLACEHOLDER, facility_id=None, placeholder=True)
        await world.commit(committed(A, slot=opened), committed(B, slot=opened, start=NOON - 9 * DAY))
        await world.announce(rescheduled(str(world.registered[0].number)))
        (moved,) = world.linked
        assert (moved.dataset.path, moved.links.investigation.start) == (B, NOON - 9 * DAY)

    async def test_from_the_moment_on_it_takes_what_is_measured_for_as_long_as_was_planned(self, world: World) -> None:
        past = slot("past", NOON - 30 * DAY, NOON - 30 * DAY + 8 * HOUR)
        await world.announce(announced(past), announced(NEXT))
        await world.announce(rescheduled("past", NOON))
        await world.submit(
            facts(A, start=NOON + HOUR),
            facts(B, start=past.start),
            facts(C, start=NEXT.start),
            facts("/data/d", start=NOON + 30 * HOUR),
        )
        chosen = [each.links.investigation.facility_id for each in world.linked]
        assert chosen == ["past", "past", "next", "past"]
        told = world.registered[-1]
        assert (told.start, told.end) == (past.start, past.end)
        assert (told.actual_start, told.actual_end) == (NOON, NOON + 8 * HOUR)

    async def test_it_goes_before_whatever_is_planned_for_that_time(self, world: World) -> None:
        await world.announce(announced(slot("past", NOON - 30 * DAY, NOON - 29 * DAY)), announced(SESSION))
        await world.submit(facts(A))
        await world.announce(rescheduled("past", NOON))
        await world.submit(facts(B))
        assert [each.links.investigation.facility_id for each in world.linked] == ["session", "past"]

    async def test_within_its_plan_it_stays_where_it_is_and_is_rescheduled_all_the_same(self, world: World) -> None:
        await world.announce(announced(SESSION), rescheduled("session", NOON))
        told = world.registered[-1]
        assert (told.actual_start, told.actual_end) == (SESSION.start, SESSION.end)

    async def test_again_days_later_it_keeps_what_was_measured_at_both_times(self, world: World) -> None:
        past = slot("past", NOON - 30 * DAY, NOON - 29 * DAY)
        await world.announce(announced(past), rescheduled("past", NOON))
        moved = replace(past, actual=((NOON, NOON + DAY),))
        await world.commit(committed(A, slot=moved), committed(B, slot=past, start=past.start))
        await world.announce(rescheduled("past", NOON + 9 * DAY))
        assert world.linked == []
        assert world.registered[-1].actual_start == NOON + 9 * DAY

    async def test_again_before_it_is_over_it_lasts_longer(self, world: World) -> None:
        past = slot("past", NOON - 30 * DAY, NOON - 29 * DAY)
        await world.announce(announced(past), rescheduled("past", NOON), rescheduled("past", NOON + HOUR))
        told = world.registered[-1]
        assert (told.actual_start, told.actual_end) == (NOON, NOON + DAY + HOUR)

    async def test_what_was_measured_before_it_was_told_moves_home(self, world: World) -> None:
        await world.announce(announced(slot("past", NOON - 30 * DAY, NOON - 29 * DAY)), started())
        await world.commit(committed(A))
        await world.announce(rescheduled("past", NOON - HOUR))
        assert [each.links.investigation.facility_id for each in world.linked] == ["past"]

    async def test_announced_again_it_stays_rescheduled(self, world: World) -> None:
        past = slot("past", NOON - 30 * DAY, NOON - 29 * DAY)
        await world.announce(announced(past), rescheduled("past", NOON), announced(replace(past, title="A title")))
        await world.submit(facts(A))
        told = world.registered[-1]
        assert (told.title, told.actual_start) == ("A title", NOON)
        assert world.linked[0].links.investigation.facility_id == "past"

    async def test_an_open_ended_one_is_measured_for_a_day_but_what_is_announced_goes_first(self, world: World) -> None:
        await world.announce(started(NOON - 9 * DAY))
        await world.announce(rescheduled(str(world.registered[0].number), NOON))
        told = world.registered[-1]
        assert (told.actual_start, told.actual_end) == (NOON, NOON + DAY)
        await world.announce(announced(SESSION))
        await world.submit(facts(A))
        assert world.linked[0].links.investigation.facility_id == "session"

    async def test_one_that_nobody_knows_moves_nothing(self, world: World) -> None:
        await world.commit(committed(A, slot=SESSION))
        await world.announce(rescheduled("unheard of"))
        assert (world.linked, world.rejections) == ([], [])


class WritingProposals:
    """The proposal is the same in every spelling."""

    async def test_a_dataset_finds_the_investigation_however_the_user_office_writes_its_proposal(
        self, world: World
    ) -> None:
        await world.announce(announced(SESSION, "MX-1111"))
        await world.submit(facts(A, proposal="mx1111"), facts(B, proposal="mx-1111"), facts(C, proposal="MX 1111"))
        found = [each.links.investigation for each in world.linked]
        assert {each.facility_id for each in found} == {"session"}
        assert {(each.proposal, each.proposal_name) for each in found} == {("mx1111", "MX-1111")}

    async def test_a_start_in_another_spelling_opens_no_second_investigation(self, world: World) -> None:
        await world.announce(started(written="MX-1111"), started(written="mx1111"), started(written="Mx_1111"))
        assert {each.investigation_id for each in world.registered} == {PLACEHOLDER}
        await world.announce(announced(SESSION, "MX-1111"), started(written="mx 1111"))
        assert world.registered[-1].facility_id == "session"

    async def test_what_was_opened_in_one_spelling_is_drawn_home_in_another(self, world: World) -> None:
        await world.announce(started(written="mx-1111"))
        await world.commit(committed(A, proposal="mx-1111"))
        await world.announce(announced(SESSION, "MX 1111"))
        assert [each.links.investigation.facility_id for each in world.linked] == ["session"]


class InvestigationSuite(
    BelongingToInvestigations,
    MovingToAnnouncedOnes,
    Numbering,
    Registering,
    Rescheduling,
    WritingProposals,
):
    """All tests of investigations."""
