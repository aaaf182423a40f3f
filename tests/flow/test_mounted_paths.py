"""A beamline that has mounted the storage elsewhere, and the catalogue: one dataset, whichever path is said where."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.gateway.handler import Call, submit_dataset
from services.icat_gateway.translation import Frame, Translator
from services.icat_plus.dataset_query import dataset_query
from services.search.query.naming import Naming
from services.search.query.query import read_query
from services.validator.checker import Checker, CheckResult
from shared.access.grants import Grant
from shared.events.dataset import DatasetSubmitted, DeclaredFile, Submission
from shared.events.identity import Identities, PathPrefixes
from shared.events.record import Message, Record
from shared.events.topics import SUBMITTED
from shared.events.wire import read
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.icat_messages import a_dataset, an_update, taken
from tests.builders.validator import ZONE, a_submission

MOUNT, STORE = "/mnt/storage/data", "/data"
IDENTITIES = Identities("facility.example", PathPrefixes({MOUNT: STORE}))
FOLDER = "/visitor/mx1111/id30a3/20241130/RAW_DATA/Fus_RAC1b/run_01"
SAID, CATALOGUED = MOUNT + FOLDER, STORE + FOLDER
DATASET_ID = IDENTITIES.dataset(CATALOGUED)
NOW = datetime(2024, 12, 1, tzinfo=UTC)


def validated(submission: Submission) -> CheckResult:
    return Checker(VOCABULARY, TECHNIQUES, IDENTITIES, [STORE], ZONE).check(submission, "a-receipt", NOW)


def submission_in(message: Message) -> Submission:
    record = Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)
    return read(record, SUBMITTED, DatasetSubmitted).event.submission


def mounted(body: bytes) -> bytes:
    """As a client writes it that knows nothing of ESRF's mount points: ICAT's own maps some of them itself."""
    return body.replace(CATALOGUED.encode(), SAID.encode())


def framed(body: bytes, queue: str = "icatIngest") -> list[Message]:
    translator = Translator(IDENTITIES, ZoneInfo("Europe/Paris"))
    return translator.translate(Frame(queue, body, "192.0.2.7"), taken(), NOW)


def test_the_gateway_answers_with_the_catalogued_path_and_sends_on_what_was_said() -> None:
    call = Call(Grant(name="beamline", token_sha256="0" * 64, beamlines=["*"]), IDENTITIES, NOW, "00-trace")
    said = a_submission(path=f"{MOUNT}//{FOLDER}/").model_dump(exclude_unset=True)
    message, accepted = submit_dataset(said, DATASET_ID, call)
    assert (accepted.path, accepted.dataset_id, message.key) == (CATALOGUED, DATASET_ID, str(DATASET_ID).encode())
    assert submission_in(message).path == said["path"]


@pytest.mark.parametrize(
    ("body", "queue"), [(mounted(a_dataset(CATALOGUED)), "icatIngest"), (an_update(SAID), "icatUpdateDatasetMetadata")]
)
def test_a_frame_of_icat_is_of_the_catalogued_dataset_and_keeps_what_was_said(body: bytes, queue: str) -> None:
    [message] = framed(body, queue)
    assert message.key == str(DATASET_ID).encode()
    assert submission_in(message).path == SAID
    verdict = validated(submission_in(message))
    assert verdict.dataset is not None
    assert (verdict.dataset.path, verdict.dataset.dataset_id) == (CATALOGUED, DATASET_ID)


def test_inputs_are_known_by_their_catalogued_paths_and_one_said_both_ways_is_one() -> None:
    body = a_dataset(f"{CATALOGUED}/autoPROC", input_datasets=["/one", CATALOGUED])
    [message] = framed(body.replace(b"/one", SAID.encode()))
    dataset = validated(submission_in(message)).dataset
    assert dataset is not None
    assert [(each.path, each.dataset_id) for each in dataset.inputs] == [(CATALOGUED, DATASET_ID)]
    assert [finding.code for finding in dataset.findings if finding.code == "input_repeated"] == ["input_repeated"]


def test_files_with_absolute_paths_are_where_the_catalogue_sees_them_and_others_as_they_were_said() -> None:
    said = [f"{SAID}/a.h5", "b.h5", "/elsewhere/c.h5", f"{MOUNT}/../d.h5"]
    dataset = validated(a_submission(path=SAID, files=[DeclaredFile(path=path, size_bytes=1) for path in said])).dataset
    assert dataset is not None
    assert [file.path for file in dataset.files] == [f"{CATALOGUED}/a.h5", "b.h5", "/elsewhere/c.h5", said[3]]
    assert {file.size_bytes for file in dataset.files} == {1}


def test_a_path_outside_the_roots_is_refused_by_where_it_would_be_catalogued() -> None:
    [finding] = validated(a_submission(path="/mnt/other/run_01")).errors
    assert finding.code == "path_outside_roots"


@pytest.mark.parametrize("path", [SAID, CATALOGUED, f"{MOUNT}/{FOLDER}//"])
def test_search_finds_the_dataset_by_either_path(path: str) -> None:
    naming, zone = Naming(VOCABULARY), ZoneInfo("Europe/Paris")
    assert read_query([("path", path)], IDENTITIES, zone, naming).dataset_id == DATASET_ID
    words = read_query([("q", CATALOGUED)], IDENTITIES, zone, naming).words
    assert read_query([("q", f"lysozyme {path}")], IDENTITIES, zone, naming).words == ("lysozyme", *words)
    asked = dataset_query({"search": path}, TECHNIQUES).params["q"]
    assert read_query([("q", asked)], IDENTITIES, zone, naming).words == words
