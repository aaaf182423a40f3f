from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from pydantic_core import to_json

from services.catalog_writer.handler import Answered, AnsweredBefore, CatalogState, CurrentRevision, Revised, commit
from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetCommitted
from shared.events.sections import Finding, Producer, Severity
from shared.events.topics import COMMITTED
from shared.stages.outcomes import Outcome
from tests.builders.catalog_writer import INVESTIGATION, NOW, NUMBERS, Tracked, number
from tests.builders.described import COMBINING

NOTHING = CatalogState({}, {}, NUMBERS)


def outcomes(*submissions: Tracked, known: CatalogState = NOTHING) -> list[Outcome]:
    return list(commit(COMBINING, [each.received() for each in submissions], known, NOW))


def told(outcome: Outcome) -> tuple[str, int]:
    """How the committed event tells of it."""
    assert isinstance(outcome, Answered)
    event = DatasetCommitted.model_validate_json(outcome.payload)
    assert event.commit == outcome.commit
    assert (event.document is not None) == isinstance(outcome, Revised)
    return event.commit.outcome, event.commit.revision


FIRST = Tracked(parameters={"MX_beamSizeAtSampleX": number(0.05)})


def test_the_first_submission_of_a_path_creates_its_dataset() -> None:
    assert [told(each) for each in outcomes(FIRST)] == [("created", 1)]


def test_every_answer_tells_the_datasets_number() -> None:
    other, same, more = (
        replace(FIRST, name="run2"),
        replace(FIRST, receipt="r2"),
        replace(FIRST, receipt="r3", end=None),
    )
    answers = [each for each in outcomes(FIRST, other, same, more) if isinstance(each, Answered)]
    assert [(each.commit.outcome, each.commit.number) for each in answers] == [
        ("created", 1),
        ("created", 2),
        ("unchanged", 1),
        ("replaced", 1),
    ]


def test_a_merge_onto_nothing_creates_the_dataset() -> None:
    assert [told(each) for each in outcomes(replace(FIRST, mode="merge"))] == [("created", 1)]


def test_other_content_makes_a_new_revision() -> None:
    second = replace(FIRST, receipt="r2", parameters={"MX_beamSizeAtSampleX": number(0.06)})
    assert [told(each) for each in outcomes(FIRST, second)] == [("created", 1), ("replaced", 2)]


def test_a_later_batch_goes_on_from_the_catalogued_revision() -> None:
    (first,) = outcomes(FIRST)
    assert isinstance(first, Revised)
    known = CatalogState({FIRST.dataset_id: CurrentRevision.read(first.payload)}, {}, NUMBERS)
    same, other = replace(FIRST, receipt="r2"), replace(FIRST, receipt="r3", complete=False)
    assert [told(each) for each in outcomes(same, other, known=known)] == [("unchanged", 1), ("replaced", 2)]


@pytest.mark.parametrize(
    "again",
    [
        replace(FIRST, producer=Producer(software="mxcube", version="2")),
        replace(FIRST, definitions_version="3.9.0"),
        replace(FIRST, investigation=INVESTIGATION.model_copy(update={"title": "Proteins that are small and G"})),
        replace(FIRST, mode="merge"),
        replace(FIRST, mode="merge", parameters={}),
        replace(FIRST, start=NOW.astimezone(timezone(timedelta(hours=1)))),
    ],
    ids=[
        "another version of the producer",
        "judged by other definitions",
        "another title",
        "the same added",
        "nothing added",
        "another time zone",
    ],
)
def test_the_same_content_under_another_receipt_changes_nothing_and_is_answered(again: Tracked) -> None:
    assert told(outcomes(FIRST, replace(again, receipt="r2"))[1]) == ("unchanged", 1)


def test_the_same_receipt_again_is_not_answered_twice() -> None:
    known = CatalogState({}, {FIRST.received().submission(FIRST.dataset_id): None}, NUMBERS)
    assert outcomes(FIRST, known=known) == [AnsweredBefore()]
    assert [type(each) for each in outcomes(FIRST, FIRST)] == [Revised, AnsweredBefore]


def test_one_receipt_id_used_for_two_paths_answers_both() -> None:
    assert [told(each) for each in outcomes(FIRST, replace(FIRST, name="run2"))] == [("created", 1), ("created", 1)]


def test_one_receipt_id_of_two_sources_answers_both() -> None:
    owner, stranger = replace(FIRST, source="/producers/owner"), replace(FIRST, source="/producers/stranger")
    assert [told(each) for each in outcomes(owner, stranger)] == [("created", 1), ("unchanged", 1)]


def test_other_words_under_the_same_receipt_are_a_revision_and_each_is_answered_once() -> None:
    first = replace(FIRST, content="first words")
    corrected = replace(FIRST, content="corrected", parameters={"MX_beamSizeAtSampleX": number(0.06)})
    results = outcomes(first, corrected, first, corrected)
    assert [told(each) for each in results[:2]] == [("created", 1), ("replaced", 2)]
    assert results[2:] == [AnsweredBefore(), AnsweredBefore()]


def test_an_index_that_is_not_higher_is_refused_and_stays_refused() -> None:
    lower = replace(FIRST, receipt="r2", sequence_index=3, complete=False)
    first, second, again = outcomes(replace(FIRST, sequence_index=3), lower, lower)
    assert told(first) == ("created", 1)
    assert isinstance(second, Refusal)
    assert second.code is Code.SEQUENCE_NOT_HIGHER
    assert "sequence_index 3 (revision 1)" in second.message
    assert again is second


def test_the_same_content_with_the_same_index_is_a_repetition_not_a_refusal() -> None:
    indexed = replace(FIRST, sequence_index=3)
    assert told(outcomes(indexed, replace(indexed, receipt="r2"))[1]) == ("unchanged", 1)


def test_a_submission_without_an_index_applies_and_leaves_the_index_standing() -> None:
    unindexed = replace(FIRST, receipt="r2", complete=False)
    stale = replace(FIRST, receipt="r3", sequence_index=2)
    _, second, third = outcomes(replace(FIRST, sequence_index=3), unindexed, stale)
    assert told(second) == ("replaced", 2)
    assert isinstance(second, Revised)
    assert second.document.sequence_index == 3
    assert isinstance(third, Refusal)


def test_a_dataset_without_an_index_takes_one() -> None:
    assert told(outcomes(FIRST, replace(FIRST, receipt="r2", sequence_index=-5))[1]) == ("replaced", 2)


def test_the_event_is_a_dataset_committed_with_all_that_the_stages_found() -> None:
    warning = Finding(code="parameter_unknown", severity=Severity.WARNING, message="m", parameter="beam_size")
    (outcome,) = outcomes(replace(FIRST, findings=(warning,), inputs=("raw1",)))
    assert isinstance(outcome, Revised)
    event = DatasetCommitted.model_validate_json(outcome.payload)
    assert event.document is not None
    assert event.document.findings == [warning]
    assert [each.kind for each in event.document.inputs] == ["mx.raw.datacollection"]
    assert event.document.parameters == FIRST.parameters
    assert event.document.investigation == INVESTIGATION
    assert event.document.sample is not None
    assert event.document.sample.name == "Fus_RAC1b"
    assert event.commit.committed_at - event.commit.submitted_at == timedelta(seconds=1)


def test_what_would_not_fit_into_its_topic_any_more_is_refused() -> None:
    def part(name: str) -> Tracked:
        bulk = "x" * (COMMITTED.max_bytes * 5 // 8)
        return replace(FIRST, receipt=name, mode="merge", parameters={name: {"value": 1, "original": bulk}})

    first, second = outcomes(part("a"), part("b"))
    assert told(first) == ("created", 1)
    assert isinstance(second, Refusal)
    assert second.code is Code.TOO_LARGE


def test_a_revision_is_read_wherever_its_parameters_stand_in_the_document() -> None:
    [first] = outcomes(FIRST)
    assert isinstance(first, Revised)
    event = DatasetCommitted.model_validate_json(first.payload)
    assert event.document is not None
    fields = {"parameters": event.document.parameters} | event.document.model_dump(mode="json")
    elsewhere = to_json({"commit": event.commit, "document": fields})
    assert elsewhere != first.payload
    read = CurrentRevision.read(elsewhere)
    assert read.document.read_parameters() == FIRST.parameters
    [again] = outcomes(replace(FIRST, receipt="r2"), known=CatalogState({FIRST.dataset_id: read}, {}, NUMBERS))
    assert told(again) == ("unchanged", 1)
