"""Wedges of one dataset add up, whatever order they come in and however often."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog_writer.documents import MANY_PARTS, CatalogDocument, places_in
from services.catalog_writer.handler import Answered, CatalogState, CurrentRevision, Revised, commit
from services.catalog_writer.parts import APART, DIFFER, MOST_PARTS
from shared.events.codes import Refusal
from shared.events.dataset import Parameter
from shared.events.sections import Finding
from tests.builders.catalog_writer import NOW, NUMBERS, Tracked, number
from tests.builders.described import COMBINING

STEP = 0.2


def integer(value: int) -> Parameter:
    return {"value": value, "original": str(value)}


def text(value: str) -> Parameter:
    return {"value": value, "original": value}


def wedge(at: int, images: int = 10, *, angle: float | None = None, **more: Parameter) -> Tracked:
    """The wedge that starts `at` minutes after the first, at 90 degrees from the one before unless said."""
    begin = 90.0 * at if angle is None else angle
    return Tracked(
        receipt=f"wedge {at}",
        mode="upsert",
        complete=False,
        kind="mx.raw.characterisation",
        start=NOW + timedelta(minutes=at),
        end=NOW + timedelta(minutes=at, seconds=30),
        file_count=images + 1,
        parameters={
            "MX_numberOfImages": integer(images),
            "MX_startImageNumber": integer(1 + 10 * at),
            "MX_oscillationRange": number(STEP, "deg"),
            "MX_axis_start": number(begin, "deg"),
            "MX_axis_end": number(begin + images * STEP, "deg"),
            "MX_dataCollectionId": text(str(1000 + at)),
            "MX_flux": number(1e12 - at, "photons/s"),
            "MX_fluxEnd": number(9e11 - at, "photons/s"),
            **more,
        },
    )


class Catalogue:
    """One dataset; every revision is read back from its event, as the store does it."""

    def __init__(self) -> None:
        self.current: CurrentRevision | None = None
        self.count = 0

    def submit(self, *submissions: Tracked) -> str:
        """How the last was answered. Each comes as a new event."""
        answer = ""
        for submission in submissions:
            self.count += 1
            known = CatalogState({submission.dataset_id: self.current} if self.current else {}, {}, NUMBERS)
            again = replace(submission, receipt=f"{submission.receipt}, event {self.count}")
            [outcome] = commit(COMBINING, [again.received()], known, NOW)
            if isinstance(outcome, Revised):
                self.current = CurrentRevision.read(outcome.payload)
            answer = outcome.commit.outcome if isinstance(outcome, Answered) else str(outcome)
            assert not isinstance(outcome, Refusal), outcome.message
        return answer

    @property
    def document(self) -> CatalogDocument:
        assert self.current is not None
        return self.current.document

    def value(self, name: str) -> object:
        return self.document.read_parameters()[name].get("value")

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.document.findings]


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


def test_images_files_and_rotation_of_wedges_add_up(catalogue: Catalogue) -> None:
    assert catalogue.submit(wedge(0), wedge(1, 20), wedge(2, 5)) == "merged"
    assert catalogue.document.read_parameters()["MX_numberOfImages"] == {"value": 35, "original": "35"}
    assert catalogue.document.file_count == 11 + 21 + 6
    assert catalogue.value("MX_axis_range") == 7.0
    assert (catalogue.document.start, catalogue.document.end) == (NOW, NOW + timedelta(minutes=2, seconds=30))


def test_the_whole_begins_as_the_first_and_ends_as_the_last_part(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(2), wedge(0), wedge(1))
    names = ("MX_axis_start", "MX_flux", "MX_startImageNumber", "MX_axis_end", "MX_fluxEnd", "MX_dataCollectionId")
    assert [catalogue.value(name) for name in names] == [0.0, 1e12, 1, 182.0, 9e11 - 2, "1002"]


def test_each_part_keeps_its_own_words(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0), wedge(1, 20))
    said = [{each["name"]: each["original"] for each in part.said} for part in catalogue.document.parts]
    assert [each["MX_numberOfImages"] for each in said] == ["10", "20"]
    assert all("MX_oscillationRange" not in each for each in said)  # all say the same


def test_no_word_of_a_producer_stands_where_the_parameters_are_looked_for(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0, parameters=text("a")), wedge(1, parameters=text("b")))
    again = replace(wedge(2, parameters=text("c")), receipt="last")
    known = CatalogState({again.dataset_id: catalogue.current} if catalogue.current else {}, {}, NUMBERS)
    [outcome] = commit(COMBINING, [again.received()], known, NOW)
    assert isinstance(outcome, Revised)
    [place] = places_in(outcome.payload)
    assert outcome.payload[place.start : place.end] == b'"parameters":' + outcome.document.parameters


def test_wedges_that_do_not_follow_each_other_are_not_told_as_one_sweep(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0), wedge(1))
    assert catalogue.codes == [APART]
    assert "0 to 2, 90 to 92" in catalogue.document.findings[0].message


def test_wedges_that_follow_each_other_are_one_sweep(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0), wedge(1, angle=2.0), wedge(2, angle=4.0))
    assert (catalogue.codes, catalogue.value("MX_axis_range"), catalogue.value("MX_axis_end")) == ([], 6.0, 6.0)


def test_a_rotation_range_that_is_said_is_added_as_it_is_said(catalogue: Catalogue) -> None:
    catalogue.submit(*(wedge(at, MX_axis_range=number(1.5, "deg")) for at in range(2)))
    assert catalogue.document.read_parameters()["MX_axis_range"] == {"value": 3.0, "original": "3.0", "unit": "deg"}


def test_wedges_that_differ_where_they_should_agree_are_flagged_once(catalogue: Catalogue) -> None:
    ten, straight, bent = number(10, "%"), number(0, "deg"), number(30, "deg")
    catalogue.submit(
        wedge(0, angle=0.0, MX_kappa=straight, MX_transmission=ten),
        wedge(1, angle=2.0, MX_kappa=bent),
        wedge(2, angle=4.0, MX_kappa=straight, MX_transmission=ten),
    )
    [finding] = catalogue.document.findings
    assert (finding.code, finding.severity) == (DIFFER, "warning")
    assert "differ in MX_kappa;" in finding.message
    assert catalogue.value("MX_kappa") == 0


def test_what_is_measured_anew_for_each_wedge_need_not_agree_to_the_last_digit(catalogue: Catalogue) -> None:
    catalogue.submit(*(wedge(at, angle=2.0 * at, MX_xBeam=number(78.1 + at / 1000)) for at in range(3)))
    assert catalogue.codes == []


def test_a_wedge_that_comes_again_is_not_added_again(catalogue: Catalogue) -> None:
    doubt = Finding.warning("value_implausible", "that is much", "check it", parameter="MX_flux")
    wedges = [replace(wedge(0), findings=(doubt,)), wedge(1), replace(wedge(2), findings=(doubt,))]
    catalogue.submit(*wedges)
    assert [catalogue.submit(each) for each in wedges] == ["unchanged"] * 3
    assert catalogue.value("MX_numberOfImages") == 30


def test_the_first_wedge_that_comes_again_before_there_is_a_second_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0))
    assert catalogue.submit(wedge(0)) == "unchanged"
    assert catalogue.document.parts == []


def test_a_corrected_wedge_takes_its_own_place(catalogue: Catalogue) -> None:
    corrected = replace(wedge(1), mode="merge", parameters={"MX_numberOfImages": integer(12)})
    catalogue.submit(wedge(0), wedge(1), wedge(2), corrected)
    assert (catalogue.value("MX_numberOfImages"), catalogue.value("MX_dataCollectionId")) == (32, "1002")


def test_a_single_submission_that_states_its_count_again_is_corrected(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0), replace(wedge(0), mode="merge", parameters={"MX_numberOfImages": integer(12)}))
    assert (catalogue.value("MX_numberOfImages"), catalogue.document.parts) == (12, [])


def test_wedges_of_one_second_are_told_apart_by_where_they_begin(catalogue: Catalogue) -> None:
    catalogue.submit(*(replace(wedge(at), start=NOW, end=NOW) for at in (0, 1, 2, 1)))
    assert catalogue.value("MX_numberOfImages") == 30


@pytest.mark.parametrize("mode", ["merge", "update"])
def test_a_comment_is_no_part_and_stays(catalogue: Catalogue, mode: str) -> None:
    comment = Tracked(mode=mode, complete=False, parameters={"MX_comments": text("ice")})  # type: ignore[arg-type]
    catalogue.submit(wedge(0), wedge(1), comment, wedge(2))
    assert (catalogue.value("MX_numberOfImages"), catalogue.value("MX_comments")) == (30, "ice")
    assert len(catalogue.document.parts) == 3


def test_a_total_that_is_corrected_stays_and_later_wedges_are_added_to_it(catalogue: Catalogue) -> None:
    correction = Tracked(mode="update", parameters={"MX_numberOfImages": integer(40)})
    catalogue.submit(wedge(0), wedge(1), correction)
    assert catalogue.value("MX_numberOfImages") == 40
    assert catalogue.submit(correction) == "unchanged"
    assert catalogue.submit(wedge(0)) == "unchanged"
    catalogue.submit(wedge(2))
    assert catalogue.value("MX_numberOfImages") == 50


def test_a_move_to_another_investigation_adds_nothing(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0), wedge(1))
    before = catalogue.document
    move = Tracked(mode="merge", complete=False, parameters={}, file_count=before.file_count, end=None)
    assert catalogue.submit(replace(move, kind=before.kind)) == "unchanged"
    assert (catalogue.document.parts, catalogue.document.file_count) == (before.parts, before.file_count)


def test_results_do_not_add_up(catalogue: Catalogue) -> None:
    results = [replace(wedge(at), inputs=("run2",), kind="mx.processed.integration") for at in range(2)]
    catalogue.submit(*results)
    assert (catalogue.value("MX_numberOfImages"), catalogue.document.parts) == (10, [])


def test_what_replaces_wedges_is_no_wedge(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0), wedge(1), replace(wedge(0), mode="replace"))
    assert (catalogue.value("MX_numberOfImages"), catalogue.document.parts) == (10, [])


def test_a_count_that_is_no_number_is_not_added_and_flagged(catalogue: Catalogue) -> None:
    wedges = [wedge(at, angle=2.0 * at) for at in range(3)]
    spoilt = {**wedges[1].parameters, "MX_numberOfImages": text("many"), "SAXS_numberFrames": integer(1)}
    catalogue.submit(wedges[0], replace(wedges[1], parameters=spoilt), wedges[2])
    assert (catalogue.value("MX_numberOfImages"), catalogue.codes) == (20, [DIFFER])


def test_what_could_not_be_read_is_not_added_and_takes_no_place(catalogue: Catalogue) -> None:
    """As older releases of MXCuBE send the name of the axis for its range."""
    wedges = [wedge(at, angle=2.0 * at, MX_axis_range={"original": "Phi"}) for at in range(3)]
    unread = {**wedges[1].parameters, "MX_numberOfImages": Parameter(original="?"), "SAXS_numberFrames": integer(1)}
    catalogue.submit(wedges[0], replace(wedges[1], parameters=unread), wedges[2])
    assert catalogue.value("MX_numberOfImages") == 20
    assert catalogue.document.read_parameters()["MX_axis_range"] == {"original": "Phi"}
    assert catalogue.codes == []


def test_counts_in_words_that_are_no_numbers_are_flagged(catalogue: Catalogue) -> None:
    catalogue.submit(wedge(0, MX_axis_range=text("Phi")), wedge(1, MX_axis_range=text("Omega")))
    assert DIFFER in catalogue.codes
    assert catalogue.value("MX_axis_range") == "Omega"


def test_of_very_many_parts_the_earliest_stand_as_one(catalogue: Catalogue) -> None:
    catalogue.submit(*(wedge(at) for at in range(MOST_PARTS + 5)))
    assert catalogue.value("MX_numberOfImages") == 10 * (MOST_PARTS + 5)
    assert len(catalogue.document.parts) == MOST_PARTS
    assert catalogue.codes.count(MANY_PARTS) == 1
    assert catalogue.submit(wedge(MOST_PARTS)) == "unchanged"


WEDGES = st.builds(
    wedge,
    st.integers(0, 4),
    st.integers(1, 100),
    angle=st.none() | st.floats(-360, 360).map(lambda angle: round(angle, 3)),
    MX_transmission=st.sampled_from([10, 20]).map(lambda value: number(value, "%")),
)


@given(st.lists(WEDGES, min_size=1, max_size=5, unique_by=lambda each: each.start), st.data())
def test_wedges_add_up_the_same_in_any_order_and_however_often_they_come(
    wedges: list[Tracked], data: st.DataObject
) -> None:
    in_order, otherwise = Catalogue(), Catalogue()
    in_order.submit(*wedges)
    again = data.draw(st.lists(st.sampled_from(wedges), max_size=5))
    otherwise.submit(*data.draw(st.permutations([*wedges, *again])))
    for each in (in_order, otherwise):
        images = [part.parameters["MX_numberOfImages"]["value"] for part in wedges]
        assert each.value("MX_numberOfImages") == sum(map(int, images))  # type: ignore[arg-type]
    assert in_order.document.read_parameters() == otherwise.document.read_parameters()
    assert in_order.document.parts == otherwise.document.parts
    assert sorted(in_order.codes) == sorted(otherwise.codes)
    assert in_order.document.file_count == otherwise.document.file_count
