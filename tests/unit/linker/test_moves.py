"""What is kept of a committed dataset, so that it can be submitted again."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from services.linker.plan.investigations import UNKNOWN
from services.linker.plan.moves import CommittedDocument, placed
from shared.events.dataset import Commit, DatasetFacts, LinkedInput
from shared.events.investigation import InvestigationRef
from shared.events.sample import SampleRef
from shared.events.sections import Finding, Producer

START = datetime(2026, 11, 24, 8, 3, 0, 120_000, tzinfo=timezone(timedelta(hours=1)))
ABOUT_A_PARAMETER = Finding.warning("unit_unknown", "MX_flux is in foo", "give another unit", parameter="MX_flux")
ABOUT_A_LINK = Finding.warning(UNKNOWN, "not announced", "check proposal", value=None)
ABOUT_THE_DATASET = Finding.warning("sample_missing", 'no "sample" \N{GREEK SMALL LETTER MU}\\', "give sample")

COMMIT = Commit(
    receipt_id="a receipt",
    dataset_id=UUID(int=1),
    path="/data/a \N{SNOWMAN}",
    revision=3,
    outcome="merged",
    submitted_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
    committed_at=datetime(2026, 11, 24, 13, tzinfo=UTC),
)
FULL = CommittedDocument(
    path=COMMIT.path,
    name="a \N{SNOWMAN}",
    type="processed",
    technique="MX",
    technique_pid="https://w3id.org/PaN/ESRFET#MX",
    kind="mx.processed",
    proposal="mx1",
    beamline="id30a-3",
    start=START,
    end=START + timedelta(seconds=40),
    complete=False,
    investigation=InvestigationRef(
        investigation_id=UUID(int=2),
        number=4711,
        facility_id="4711",
        proposal="mx1",
        beamline="id30a-3",
        start=START,
        end=None,
        title=None,
        placeholder=False,
        named="4711",
    ),
    sample=SampleRef(name="lyso", sample_id=UUID(int=4), inherited=True),
    inputs=[LinkedInput(path="/data/b", dataset_id=UUID(int=3), kind="mx.raw", replaced=True)],
    file_count=0,
    volume_bytes=2**62,
    findings=[ABOUT_A_PARAMETER, ABOUT_A_LINK, ABOUT_THE_DATASET],
    producer=Producer(software="mxcube", version="4.1"),
    definitions_version="3.8.0",
)
BARE = FULL.model_copy(
    update={
        "end": None,
        "technique_pid": None,
        "sample": None,
        "inputs": [],
        "file_count": None,
        "volume_bytes": None,
        "findings": [],
        "producer": Producer(),
        "definitions_version": None,
    }
)


@pytest.mark.parametrize("document", [FULL, BARE], ids=["full", "bare"])
def test_the_facts_are_kept_exactly_as_their_model_writes_them(document: CommittedDocument) -> None:
    dataset = placed(COMMIT, document)
    assert dataset.facts_json == dataset.facts.model_dump_json().encode()
    assert dataset.facts.model_fields_set == set(DatasetFacts.model_fields)


def test_findings_that_are_decided_anew_are_not_kept() -> None:
    assert placed(COMMIT, FULL).facts.findings == [ABOUT_THE_DATASET]
