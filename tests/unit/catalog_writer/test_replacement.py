"""Another measurement in a folder is told from the same one that is said anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.catalog_writer.documents import CONTENT_REPLACED, INPUT_REPLACED, CatalogDocument
from services.catalog_writer.handler import Answered, CatalogState, CurrentRevision, Revised, commit
from shared.events.sections import Finding
from shared.stages.outcomes import Outcome
from tests.builders.catalog_writer import NOW, NUMBERS, Tracked, number
from tests.builders.described import COMBINING

FIRST = Tracked(parameters={"MX_resolution": number(2.0, "Å")})
LATER = NOW + timedelta(hours=3)
AGAIN = replace(FIRST, receipt="r2", start=LATER, end=LATER)
STALE = Finding.warning(INPUT_REPLACED, "its input was measured again", "process it again")


def outcomes(*submissions: Tracked) -> list[Outcome]:
    """Each committed a minute after the one before."""
    told: list[Outcome] = []
    known = CatalogState({}, {}, NUMBERS)
    for minute, each in enumerate(submissions):
        told += commit(COMBINING, [each.received()], known, NOW + timedelta(minutes=minute))
        if isinstance(told[-1], Revised):
            known = CatalogState({each.dataset_id: CurrentRevision.read(told[-1].payload)}, {}, NUMBERS)
    return told


def document(*submissions: Tracked) -> CatalogDocument:
    outcome = outcomes(*submissions)[-1]
    assert isinstance(outcome, Revised), outcome
    return outcome.document


def flags(*submissions: Tracked) -> list[Finding]:
    return [each for each in document(*submissions).findings if each.code == CONTENT_REPLACED]


@pytest.mark.parametrize("again", [AGAIN, replace(FIRST, receipt="r2", sample="Rac1"), replace(AGAIN, mode="upsert")])
def test_another_measurement_in_the_folder_is_flagged_with_what_was_there(again: Tracked) -> None:
    [flag] = flags(FIRST, again)
    assert flag.severity == "warning"
    assert "of sample Fus_RAC1b" in flag.message
    assert NOW.isoformat() in flag.message
    assert "revision 1" in flag.message
    assert document(FIRST, again).recollected_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    "again",
    [
        replace(FIRST, receipt="r2", parameters={"MX_resolution": number(1.9, "Å")}),
        replace(FIRST, receipt="r2", sample="FUS_rac1b"),
        replace(FIRST, receipt="r2", sample=None),
        replace(AGAIN, mode="merge"),
    ],
    ids=["a correction", "the sample in other letters", "no word on the sample", "an addition"],
)
def test_the_same_measurement_said_anew_is_not_flagged(again: Tracked) -> None:
    assert flags(FIRST, again) == []
    assert document(FIRST, again).recollected_at is None


def test_a_renamed_dataset_is_not_another_measurement() -> None:
    renamed = Tracked(receipt="r2", mode="update", sample="Rac1")
    assert flags(FIRST, renamed) == []


def test_the_flag_stays_while_the_measurement_does() -> None:
    corrected = replace(AGAIN, receipt="r3", parameters={"MX_resolution": number(1.9, "Å")})
    added = replace(AGAIN, receipt="r4", mode="merge", parameters={"MX_flux": number(1e12, "photons/s")})
    updated = Tracked(receipt="r5", mode="update", parameters={"MX_flux": number(2e12, "photons/s")})
    once = flags(FIRST, AGAIN)
    assert flags(FIRST, AGAIN, corrected) == once
    assert flags(FIRST, AGAIN, added) == once
    assert flags(FIRST, AGAIN, corrected, added, updated) == once
    assert document(FIRST, AGAIN, corrected).recollected_at == NOW + timedelta(minutes=1)


def test_a_third_measurement_tells_of_the_second() -> None:
    third = replace(AGAIN, receipt="r3", start=LATER + timedelta(hours=1), sample="Rac1")
    [flag] = flags(FIRST, AGAIN, third)
    assert "revision 2" in flag.message


def test_a_re_collection_that_comes_again_changes_nothing() -> None:
    outcome = outcomes(FIRST, AGAIN, replace(AGAIN, receipt="r3"))[-1]
    assert isinstance(outcome, Answered)
    assert outcome.commit.outcome == "unchanged"


def test_what_is_added_does_not_change_when_the_dataset_was_made() -> None:
    added = replace(FIRST, receipt="r2", mode="merge", parameters={"MX_flux": number(1e12, "photons/s")})
    assert document(FIRST, added).made_at == NOW
    assert document(FIRST, replace(added, mode="replace")).made_at == NOW + timedelta(minutes=1)


RESULT = Tracked(inputs=("run2",), kind="mx.processed.integration", sample="Fus_RAC1b", inherits=True)
FLAGGED = replace(RESULT, receipt="flag", mode="merge", findings=(STALE,), revision=1)


def test_a_flagged_result_that_comes_again_stays_as_it_is() -> None:
    for again in (replace(RESULT, receipt="r3"), replace(RESULT, receipt="r3", sample="Rac1")):
        outcome = outcomes(RESULT, FLAGGED, again)[-1]
        assert isinstance(outcome, Answered)
        assert outcome.commit.outcome == "unchanged"


def test_a_result_that_is_processed_anew_loses_its_flag() -> None:
    anew = replace(RESULT, receipt="r3", start=LATER, end=LATER, sample="Rac1")
    assert INPUT_REPLACED not in [each.code for each in document(RESULT, FLAGGED, anew).findings]


def test_what_beamcat_says_of_a_revision_changes_no_other() -> None:
    outcome = outcomes(RESULT, replace(RESULT, receipt="r2", start=LATER, end=LATER), FLAGGED)[-1]
    assert isinstance(outcome, Answered)
    assert (outcome.commit.outcome, outcome.commit.revision) == ("unchanged", 2)


def test_an_inherited_sample_goes_when_the_inputs_differ_and_comes_back_when_they_agree() -> None:
    differ = Finding.warning("sample_ambiguous", "two samples", "give sample", parameter="Sample_name")
    unsure = replace(RESULT, receipt="r2", mode="merge", sample=None, findings=(differ,), revision=1)
    agreed = replace(RESULT, receipt="r3", mode="merge", sample="Rac1", revision=2)
    assert document(RESULT, unsure).sample is None
    sure = document(RESULT, unsure, agreed)
    assert sure.sample is not None
    assert (sure.sample.name, sure.sample.inherited, sure.findings) == ("Rac1", True, [])
