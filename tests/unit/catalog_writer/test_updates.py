"""An update changes parameters of what is catalogued; an upsert adds to what is incomplete."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.catalog_writer.documents import CatalogDocument
from services.catalog_writer.handler import Answered, CatalogState, Revised, commit
from shared.events.codes import Code, Refusal
from shared.events.sample import Container, SampleRef
from shared.events.sections import Finding, Producer
from shared.stages.outcomes import Outcome
from tests.builders.catalog_writer import (
    IDENTITIES,
    INVESTIGATION,
    NOW,
    NUMBERS,
    PLACEHOLDER,
    Tracked,
    number,
    read_back,
)
from tests.builders.described import COMBINING

NOTHING = CatalogState({}, {}, NUMBERS)
DOUBT = Finding.warning("value_implausible", "that is long", "check it", parameter="MX_exposureTime")
FIRST = Tracked(
    parameters={"MX_resolution": number(2.0, "Å"), "MX_exposureTime": number(900, "s")},
    inputs=("parent",),
    container=Container(id="ESRF-0042", position="3"),
    findings=(DOUBT,),
    producer=Producer(software="MXCuBE"),
)
UPDATE = Tracked(
    receipt="r2",
    mode="update",
    parameters={"MX_exposureTime": number(0.9, "s")},
    sample=None,
    kind="generic.raw",
    start=NOW + timedelta(days=9),
    end=None,
    producer=Producer(software="icatUpdateDatasetMetadata", machine="192.0.2.7"),
)
WEDGE = Tracked(mode="upsert", complete=False, parameters={"MX_omega": number(0, "deg")})


def outcomes(*submissions: Tracked) -> list[Outcome]:
    return list(commit(COMBINING, [each.received() for each in submissions], NOTHING, NOW))


def last_document(*submissions: Tracked) -> CatalogDocument:
    outcome = outcomes(*submissions)[-1]
    assert isinstance(outcome, Revised), outcome
    return read_back(outcome.document)


def refusal(*submissions: Tracked) -> Refusal:
    outcome = outcomes(*submissions)[-1]
    assert isinstance(outcome, Refusal), outcome
    return outcome


def test_an_update_changes_its_parameter_and_what_was_found_on_it_alone() -> None:
    before, after = last_document(FIRST), last_document(FIRST, UPDATE)
    assert after.read_parameters() == before.read_parameters() | UPDATE.parameters
    assert after.findings == []
    untouched = {"parameters", "findings", "producer"}
    assert after.model_dump(exclude=untouched) == before.model_dump(exclude=untouched)


def test_the_revision_names_who_asked_for_the_update() -> None:
    assert last_document(FIRST, UPDATE).producer == UPDATE.producer


def test_an_update_that_names_the_sample_moves_the_dataset_to_it_in_its_own_investigation() -> None:
    named = replace(UPDATE, parameters={}, sample="Rac1", investigation=PLACEHOLDER)
    sample_id = IDENTITIES.sample(INVESTIGATION.investigation_id, "Rac1")
    assert last_document(FIRST, named).sample == SampleRef(sample_id=sample_id, name="Rac1")
    assert last_document(FIRST, named).investigation == INVESTIGATION


def test_an_update_of_a_place_in_the_container_keeps_the_container() -> None:
    moved = last_document(FIRST, replace(UPDATE, container=Container(position="7")))
    assert moved.container == Container(id="ESRF-0042", position="7")


def test_back_to_an_earlier_value_is_an_update_as_well() -> None:
    back = replace(UPDATE, receipt="r3", parameters={"MX_exposureTime": number(900, "s")})
    assert last_document(FIRST, UPDATE, back).read_parameters() == FIRST.parameters


def test_an_update_that_changes_nothing_makes_no_revision() -> None:
    same = replace(UPDATE, receipt="r3")
    outcome = outcomes(FIRST, UPDATE, same)[-1]
    assert isinstance(outcome, Answered)
    assert (outcome.commit.outcome, outcome.commit.revision) == ("unchanged", 2)


def test_an_update_of_a_dataset_with_a_sequence_index_applies() -> None:
    assert last_document(replace(FIRST, sequence_index=7), UPDATE).sequence_index == 7


def test_an_update_of_nothing_is_refused_with_the_path() -> None:
    assert refusal(UPDATE).code is Code.NOTHING_TO_UPDATE
    assert "/data/mx1111/id30a-3/run1" in refusal(UPDATE).message


def test_an_update_in_another_proposals_name_is_refused() -> None:
    refused = refusal(FIRST, replace(UPDATE, proposal="mx2222"))
    assert refused.code is Code.UPDATE_ELSEWHERE
    assert "for mx1111 on id30a-3, and the update is for mx2222 on id30a-3" in refused.message


@pytest.mark.parametrize(
    ("then", "parameters", "complete"),
    [
        (replace(WEDGE, parameters={"MX_omega": number(90)}), {"MX_omega": number(90)}, False),
        (replace(WEDGE, parameters={"MX_phi": number(1)}), {**WEDGE.parameters, "MX_phi": number(1)}, False),
        (
            replace(WEDGE, complete=True, parameters={"MX_phi": number(1)}),
            {**WEDGE.parameters, "MX_phi": number(1)},
            True,
        ),
    ],
    ids=["another wedge that says the same name", "another wedge", "the last one"],
)
def test_an_upsert_adds_to_what_is_incomplete(then: Tracked, parameters: object, *, complete: bool) -> None:
    document = last_document(WEDGE, replace(then, receipt="r2"))
    assert (document.read_parameters(), document.complete) == (parameters, complete)


def test_an_upsert_of_a_complete_dataset_replaces_it_as_a_correction_must() -> None:
    wrong = replace(WEDGE, complete=True, start=NOW - timedelta(hours=1))
    right = replace(WEDGE, complete=True, receipt="r2", parameters={"MX_phi": number(1)})
    document = last_document(wrong, right)
    assert (document.start, document.read_parameters()) == (NOW, right.parameters)


def test_a_wedge_that_follows_the_complete_dataset_is_added() -> None:
    late = replace(WEDGE, receipt="r2", parameters={"MX_phi": number(1)})
    document = last_document(replace(WEDGE, complete=True), late)
    assert document.read_parameters() == {**WEDGE.parameters, "MX_phi": number(1)}
