"""The behaviour of every store of sample tracking, in memory and in PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

from shared.events.sample import Container
from tests.builders.sample_tracking import IDENTITIES, NOW, World, linked, moved, registered, sample_id, visited

RAW, OTHER, CHILD = "/data/run_01", "/data/run_02", "/data/run_01/autoPROC"


FIRST, SECOND = visited("S1", 0), visited("S2", 30)
PUCK_ID, PARCEL_ID = "66f0c1d2e3a4b5c6d7e8fa01", "66f0c1d2e3a4b5c6d7e8f901"
IN_PUCK = {
    "SampleTrackingContainer_id": "HA012AJ01",
    "SampleTrackingContainer_name": PUCK_ID,
    "SampleTrackingContainer_type": "UNIPUCK",
    "SampleTrackingContainer_capacity": "16",
    "SampleTrackingContainer_position": "3",
    "SampleTrackingParcel_id": PARCEL_ID,
    "SampleTrackingParcel_name": "Dewar1",
    "SampleChanger_position": "7",
}
"""The parameters as MXCuBE sends them, with id and name swapped."""


def container(name: str) -> dict[str, str]:
    return {"SampleTrackingContainer_name": name}


class NamesOfSamples:
    """Different spellings of a name are one sample."""

    async def test_blanks_and_unicode_forms_make_no_other_sample(self, world: World) -> None:
        names = ["Lyso é 1", "Lyso\u00a0e\u0301 1", " Lyso  é\t1 ", "Lyso é\u200b\u2009 1"]
        tracked = await world.track(*(linked(f"/data/{n}", sample=name) for n, name in enumerate(names)))
        assert {tracking.sample.name for tracking in tracked if tracking.sample} == {"Lyso é 1"}
        assert await world.names() == ["Lyso é 1"]
        assert await world.datasets(sample_id("Lyso é 1")) == 4

    async def test_what_happens_is_told_of_the_sample_whatever_the_spelling_of_its_name(self, world: World) -> None:
        await world.track(linked(RAW, sample="Lyso É"))
        await world.hear(moved("mounted", "lyso\u00a0e\u0301", 1), moved("unmounted", "É", 2, acronym="LYSO "))
        await world.hear(moved("mounted", "Lyso-É", 3))
        assert await world.history(sample_id("Lyso É")) == ["mounted"]

    async def test_an_acronym_is_written_in_one_way_too(self, world: World) -> None:
        await world.track(linked(RAW, sample="Fus-RAC1b"))
        await world.hear(moved("received", "rac1b\u00a0", 3, acronym=" FUS"))
        assert await world.history(sample_id("Fus-RAC1b")) == ["received"]

    async def test_inputs_agree_whatever_the_letter_case_of_their_sample(self, world: World) -> None:
        await world.track(linked(RAW, sample="Lyso"), linked(OTHER, sample="LYSO"))
        [tracking] = await world.track(linked(CHILD, inputs=[RAW, OTHER]))
        assert tracking.sample is not None
        assert (tracking.sample.name, tracking.findings) == ("Lyso", [])


class VisitsOfSamples:
    """A sample with one name in two visits of a proposal, the second a month after the first."""

    async def _measured_in_both(self, world: World) -> None:
        await world.track(linked(RAW, sample="x1", visit=FIRST), linked(OTHER, sample="x1", visit=SECOND))

    async def _histories(self, world: World) -> tuple[list[str], list[str]]:
        return await world.history(sample_id("x1")), await world.history(sample_id("x1", "S2"))

    async def test_what_happens_belongs_to_the_visit_in_which_it_happens(self, world: World) -> None:
        await self._measured_in_both(world)
        await world.hear(moved("mounted", "x1", 13), moved("received", "x1", day=31), moved("unmounted", "x1", day=32))
        assert await self._histories(world) == (["mounted"], ["received", "unmounted"])

    async def test_a_session_may_start_early_and_end_late(self, world: World) -> None:
        await self._measured_in_both(world)
        await world.hear(
            moved("mounted", "x1", day=-1), moved("unmounted", "x1", day=29), moved("mounted", "x1", day=3)
        )
        assert await self._histories(world) == (["mounted", "mounted"], ["unmounted"])

    async def test_what_happens_before_a_visit_belongs_to_the_next(self, world: World) -> None:
        await self._measured_in_both(world)
        await world.hear(moved("registered", "x1", day=-90), moved("shipped", "x1", day=20))
        assert await self._histories(world) == (["registered"], ["shipped"])

    async def test_what_goes_home_after_a_visit_belongs_to_the_last(self, world: World) -> None:
        await self._measured_in_both(world)
        await world.hear(
            moved("returned", "x1", day=20), moved("disposed", "x1", day=90), moved("shipped", "x1", day=90)
        )
        assert await self._histories(world) == (["returned"], ["disposed"])

    async def test_what_is_sent_for_a_visit_to_come_waits_for_its_first_dataset(self, world: World) -> None:
        await world.track(linked(RAW, sample="x1", visit=FIRST))
        await world.hear(moved("shipped", "x1", day=20))
        assert await world.history(sample_id("x1")) == []
        await world.track(linked(OTHER, sample="x1", visit=SECOND))
        assert await self._histories(world) == ([], ["shipped"])

    async def test_an_event_belongs_to_the_investigation_that_it_names_whenever_it_happens(self, world: World) -> None:
        await self._measured_in_both(world)
        await world.hear(moved("shipped", "x1", day=20, session="S1"), moved("mounted", "x1", 13, session="S2"))
        assert await self._histories(world) == (["shipped"], ["mounted"])

    async def test_an_event_may_name_an_investigation_by_its_number(self, world: World) -> None:
        opened = visited(None, 0, None, number=10**12)
        await world.track(linked(RAW, sample="x1", visit=opened), linked(OTHER, sample="x1", visit=SECOND))
        await world.hear(moved("shipped", "x1", day=40, session=str(10**12)))
        assert await world.history(IDENTITIES.sample(opened.investigation_id, "x1")) == ["shipped"]
        assert len(await world.register.find(None, None, 10)) == 2

    async def test_what_happens_on_another_beamline_is_of_a_visit_there(self, world: World) -> None:
        there = visited("S2", 0, beamline="id23-1")
        await world.track(linked(RAW, sample="x1", visit=FIRST), linked(OTHER, sample="x1", visit=there))
        await world.hear(moved("mounted", "x1", 13, beamline="ID23-1"), moved("mounted", "x1", 14, beamline="id23-2"))
        assert await self._histories(world) == ([], ["mounted"])

    async def test_what_is_mounted_in_a_visit_without_datasets_is_of_no_other(self, world: World) -> None:
        await world.learn(registered(visited("S3", 10)))
        await self._measured_in_both(world)
        await world.hear(moved("mounted", "x1", 13, day=10))
        assert await self._histories(world) == ([], [])

    async def test_a_visit_that_is_moved_takes_along_what_happens_in_it(self, world: World) -> None:
        await self._measured_in_both(world)
        await world.hear(moved("mounted", "x1", 13, day=10))
        await world.learn(registered(visited("S2", 10), 5))
        assert await self._histories(world) == ([], ["mounted"])
        await world.learn(registered(visited("S2", 50), 4))  # an older event, read again
        await world.track(linked(OTHER, sample="x1", visit=visited("S2", 50), receipt="again"))
        assert await self._histories(world) == ([], ["mounted"])

    async def test_what_is_registered_before_its_investigation_is_announced_stays_there(self, world: World) -> None:
        await world.hear(moved("registered", "x1", day=-5, session="S1"))
        await world.hear(moved("shipped", "x1", day=-4))
        await world.learn(registered(FIRST))
        assert await world.history(sample_id("x1")) == ["registered", "shipped"]

    async def test_an_adopted_sample_takes_its_history_along(self, world: World) -> None:
        opened = visited(None, 0, None)
        await world.track(linked(RAW, sample="x1", visit=opened))
        await world.hear(moved("shipped", "x1", day=-9), moved("mounted", "x1", 13))
        assert await world.history(IDENTITIES.sample(opened.investigation_id, "x1")) == ["shipped", "mounted"]
        await world.learn(registered(FIRST))
        await world.track(linked(RAW, visit=FIRST, mode="merge", receipt="adoption"))
        assert await world.history(sample_id("x1")) == ["shipped", "mounted"]
        assert await world.history(IDENTITIES.sample(opened.investigation_id, "x1")) == []


class StoreSuite(NamesOfSamples, VisitsOfSamples):
    async def test_a_sample_is_registered_when_a_dataset_first_names_it(self, world: World) -> None:
        parameters = {"SampleProtein_acronym": "Fus"}
        [first, second] = await world.track(
            linked(RAW, sample="RAC1b", parameters=parameters), linked(OTHER, sample="RAC1b")
        )
        assert first.sample is not None
        assert first.sample == second.sample
        [entry] = await world.register.find("mx1111", None, 10)
        assert (entry.sample_id, entry.name, entry.acronym) == (sample_id("RAC1b"), "RAC1b", "Fus")
        assert (entry.facility_id, entry.beamline, entry.datasets, entry.last) == ("S1", "id30a-3", 2, None)

    async def test_a_sample_keeps_its_container_when_its_last_dataset_names_none(self, world: World) -> None:
        await world.track(
            linked(RAW, sample="RAC1b", parameters=IN_PUCK),
            linked(OTHER, sample="RAC1b", start=NOW + timedelta(hours=1)),
        )
        [entry] = await world.register.find("mx1111", None, 10)
        assert entry.container == Container(
            id=PUCK_ID,
            name="HA012AJ01",
            type="UNIPUCK",
            capacity=16,
            position="3",
            parcel_id=PARCEL_ID,
            parcel_name="Dewar1",
            changer_location=4,
        )
        assert entry.sample_changer_position == "7"
        told = await world.register.sample(sample_id("RAC1b"))
        assert told is not None
        assert told.container == entry.container

    async def test_of_containers_that_datasets_and_events_name_the_last_in_time_is_the_samples(
        self, world: World
    ) -> None:
        measured = [
            linked(f"/data/run_{hour}", sample="RAC1b", parameters=container(f"P{hour}"), start=NOW.replace(hour=hour))
            for hour in (3, 1, 2)
        ]
        await world.track(measured[0])
        await world.track(*measured[1:])
        await world.track(*measured)
        [entry] = await world.register.find("mx1111", None, 10)
        assert entry.container is not None
        assert entry.container.name == "P3"
        mounted = moved("mounted", "RAC1b", 4, session="S1", container=Container(name="P4"))
        await world.hear(moved("unmounted", "RAC1b", 5, session="S1"), mounted)
        [entry] = await world.register.find("mx1111", None, 10)
        assert entry.container is not None
        assert entry.container.name == "P4"

    async def test_samples_of_two_sessions_are_two_even_with_one_name(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"), linked(OTHER, sample="RAC1b", session="S2"))
        assert await world.datasets(sample_id("RAC1b")) == 1
        assert await world.datasets(sample_id("RAC1b", "S2")) == 1

    async def test_a_processed_dataset_inherits_from_an_input_of_an_earlier_batch(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"))
        [tracking] = await world.track(linked(CHILD, inputs=[RAW]))
        assert tracking.sample is not None
        assert (tracking.sample.sample_id, tracking.sample.name) == (sample_id("RAC1b"), "RAC1b")
        assert tracking.sample.inherited
        assert await world.datasets(sample_id("RAC1b")) == 2

    async def test_the_newest_submission_decides_a_datasets_sample(self, world: World) -> None:
        await world.track(linked(RAW, sample="wrong", receipt="r1"), linked(RAW, sample="right", receipt="r2"))
        [tracking] = await world.track(linked(CHILD, inputs=[RAW]))
        assert tracking.sample is not None
        assert tracking.sample.name == "right"
        assert await world.datasets(sample_id("wrong")) == 0

    async def test_an_older_submission_that_comes_again_overwrites_nothing(self, world: World) -> None:
        first, second = linked(RAW, sample="old", receipt="r1"), linked(RAW, sample="new", receipt="r2")
        await world.track(first)
        await world.track(second)
        [again] = await world.track(first)
        assert again.sample is not None
        assert again.sample.name == "old"
        [child] = await world.track(linked(CHILD, inputs=[RAW]))
        assert child.sample is not None
        assert child.sample.name == "new"

    async def test_a_submission_gets_the_same_answer_after_its_input_has_changed(self, world: World) -> None:
        child = linked(CHILD, inputs=[RAW])
        await world.track(linked(RAW, sample="old", receipt="r1"))
        before = await world.track(child)
        await world.track(linked(RAW, sample="new", receipt="r2"))
        assert await world.track(child) == before

    async def test_a_submission_without_a_sample_gets_the_same_finding_again(self, world: World) -> None:
        await world.track(linked(RAW, sample="one"), linked(OTHER, sample="two"))
        child = linked(CHILD, inputs=[RAW, OTHER])
        before = await world.track(child)
        assert [finding.code for finding in before[0].findings] == ["sample_ambiguous"]
        assert await world.track(child) == before

    async def test_one_receipt_on_two_datasets_is_two_submissions(self, world: World) -> None:
        await world.track(linked(RAW, sample="one", receipt="1"))
        [tracking] = await world.track(linked(OTHER, sample="two", receipt="1"))
        assert tracking.sample is not None
        assert tracking.sample.name == "two"

    async def test_what_others_or_others_words_say_under_a_receipt_is_answered_by_itself(self, world: World) -> None:
        said = [
            linked(RAW, sample="one", receipt="1", producer="/producers/owner"),
            linked(RAW, sample="two", receipt="1", producer="/producers/stranger"),
            linked(RAW, sample="three", receipt="1", producer="/producers/owner", content="corrected"),
        ]
        await world.track(said[0])
        told = await world.track(*said)
        assert [tracking.sample.name for tracking in told if tracking.sample] == ["one", "two", "three"]

    async def test_a_result_follows_its_renamed_input_when_it_is_looked_at_again(self, world: World) -> None:
        await world.track(linked(RAW, sample="old"), linked(CHILD, inputs=[RAW]))
        await world.track(linked(RAW, sample="new", mode="update", receipt="renaming"))
        [tracking] = await world.track(linked(CHILD, inputs=[RAW], mode="merge", receipt="revisit", revision=1))
        assert tracking.sample is not None
        assert (tracking.sample.sample_id, tracking.sample.inherited) == (sample_id("new"), True)

    async def test_a_result_of_what_was_there_before_stays_of_its_sample(self, world: World) -> None:
        await world.track(linked(RAW, sample="old"), linked(CHILD, inputs=[RAW]))
        await world.track(linked(RAW, sample="new", receipt="re-collection"))
        flag = linked(CHILD, inputs=[RAW], mode="merge", receipt="revisit", revision=1, outdated=True)
        [tracking] = await world.track(flag)
        assert tracking.sample is not None
        assert (tracking.sample.sample_id, tracking.sample.inherited) == (sample_id("old"), True)

    async def test_a_late_result_of_what_was_there_before_does_not_inherit_from_it(self, world: World) -> None:
        await world.track(linked(RAW, sample="old"), linked(RAW, sample="new", receipt="re-collection"))
        [tracking] = await world.track(linked(CHILD, inputs=[RAW], outdated=True))
        assert (tracking.sample, [each.code for each in tracking.findings]) == (None, ["sample_unknown"])

    async def test_an_adopted_result_goes_on_inheriting(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b", session=None), linked(CHILD, inputs=[RAW], session=None))
        adoption = linked(CHILD, sample="RAC1b", inputs=[RAW], mode="merge", receipt="adoption", revision=1)
        [tracking] = await world.track(adoption)
        assert tracking.sample is not None
        assert (tracking.sample.sample_id, tracking.sample.inherited) == (sample_id("RAC1b"), True)
        assert await world.datasets(sample_id("RAC1b")) == 1

    async def test_an_update_that_names_the_inherited_sample_makes_it_the_datasets_own(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"), linked(CHILD, inputs=[RAW]))
        [tracking] = await world.track(linked(CHILD, sample="RAC1b", mode="update", receipt="update"))
        assert tracking.sample is not None
        assert not tracking.sample.inherited

    async def test_an_adopted_dataset_takes_its_sample_into_the_real_investigation(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b", session=None))
        assert await world.names() == ["RAC1b"]
        [tracking] = await world.track(linked(RAW, session="S1", mode="merge", receipt="adoption"))
        assert tracking.sample is not None
        assert tracking.sample.sample_id == sample_id("RAC1b")
        found = await world.register.find("mx1111", None, 10)
        assert [(entry.facility_id, entry.datasets) for entry in found] == [("S1", 1)]

    async def test_what_is_merged_into_a_processed_dataset_keeps_the_inherited_sample(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"))
        [before] = await world.track(linked(CHILD, inputs=[RAW]))
        [after] = await world.track(linked(CHILD, mode="merge", receipt="more"))
        assert after.sample == before.sample

    async def test_an_update_of_something_else_keeps_the_sample(self, world: World) -> None:
        [before] = await world.track(linked(RAW, sample="RAC1b"))
        [after] = await world.track(linked(RAW, mode="update", receipt="update"))
        assert after.sample == before.sample

    async def test_history_is_in_the_order_of_happening_whatever_the_order_of_arrival(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"))
        await world.hear(moved("mounted", "RAC1b", 9), moved("registered", "RAC1b", 1))
        await world.hear(moved("received", "RAC1b", 5, place="stores"), moved("unmounted", "RAC1b", 10))
        assert await world.history(sample_id("RAC1b")) == ["registered", "received", "mounted", "unmounted"]
        [entry] = await world.register.find("mx1111", None, 10)
        assert entry.last is not None
        assert entry.last.happening == "unmounted"

    async def test_an_event_that_comes_twice_happened_once(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"))
        shipped = moved("shipped", "RAC1b", 2)
        await world.hear(shipped, shipped)
        await world.hear(shipped)
        assert await world.history(sample_id("RAC1b")) == ["shipped"]

    async def test_what_is_told_in_other_words_under_one_id_happened_as_well(self, world: World) -> None:
        await world.track(linked(RAW, sample="x1"))
        await world.hear(moved("mounted", "x1", 9, event_id="1"), moved("unmounted", "x1", 10, event_id="1"))
        await world.hear(moved("mounted", "x1", 9, event_id="1"))
        assert await world.history(sample_id("x1")) == ["mounted", "unmounted"]

    async def test_what_happened_before_the_sample_was_known_is_in_its_history(self, world: World) -> None:
        await world.hear(moved("shipped", "RAC1b", 2, place="home"))
        assert await world.names() == []
        await world.track(linked(RAW, sample="RAC1b"))
        assert await world.history(sample_id("RAC1b")) == ["shipped"]

    async def test_an_event_that_names_the_investigation_makes_the_sample_known(self, world: World) -> None:
        await world.hear(moved("registered", "RAC1b", session="S1", acronym="Fus", proposal="MX1111"))
        [entry] = await world.register.find("mx1111", None, 10)
        assert (entry.sample_id, entry.acronym, entry.datasets) == (sample_id("RAC1b"), "Fus", 0)
        assert entry.last is not None
        assert entry.last.happening == "registered"

    async def test_an_event_of_one_session_is_not_in_the_history_of_another(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"), linked(OTHER, sample="RAC1b", session="S2"))
        await world.hear(moved("mounted", "RAC1b", session="S2"), moved("shipped", "RAC1b", session="S1"))
        assert await world.history(sample_id("RAC1b")) == ["shipped"]
        assert await world.history(sample_id("RAC1b", "S2")) == ["mounted"]

    async def test_an_event_of_another_proposal_is_not_in_the_history(self, world: World) -> None:
        await world.track(linked(RAW, sample="RAC1b"))
        await world.hear(moved("disposed", "RAC1b", proposal="mx2222"))
        assert await world.history(sample_id("RAC1b")) == []

    async def test_shipping_and_mxcube_mean_the_same_sample_by_different_names(self, world: World) -> None:
        await world.track(linked(RAW, sample="Fus-RAC1b"))
        await world.hear(moved("received", "RAC1b", 3, acronym="Fus"), moved("mounted", "Fus-RAC1b", 4))
        assert await world.history(sample_id("Fus-RAC1b")) == ["received", "mounted"]

    async def test_samples_are_found_by_a_part_of_name_or_acronym(self, world: World) -> None:
        acronym = {"SampleProtein_acronym": "Lyso"}
        await world.track(
            linked(RAW, sample="Fus_RAC1b"),
            linked(OTHER, sample="x1", parameters=acronym),
            linked("/data/else", sample="Fus_elsewhere", proposal="mx2222", session="S9"),
        )
        assert await world.names() == ["Fus_RAC1b", "x1"]
        assert await world.names(text="rac1") == ["Fus_RAC1b"]
        assert await world.names(text="lys") == ["x1"]
        assert await world.names(text="%") == []
        assert await world.names(None, "Fus_") == ["Fus_RAC1b", "Fus_elsewhere"]

    async def test_a_list_is_as_long_as_asked(self, world: World) -> None:
        await world.track(*(linked(f"/data/{n}", sample=f"s{n}") for n in range(5)))
        assert [entry.name for entry in await world.register.find(None, None, 3)] == ["s0", "s1", "s2"]

    async def test_an_unknown_sample_has_no_history(self, world: World) -> None:
        assert await world.register.sample(uuid4()) is None
