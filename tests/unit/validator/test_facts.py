"""The facts of a dataset are made without a second check, and are still those that a check would accept."""

import json
import random

from pydantic_core import to_json

from shared.events.codes import Poison
from shared.events.dataset import DatasetFacts, DatasetSubmitted
from shared.events.headers import headers_of
from shared.events.record import Record
from shared.events.topics import SUBMITTED
from shared.events.wire import read
from shared.vocabulary.datafiles import SCHEMAS
from tests.builders.garbage import garbled
from tests.builders.seeds import seed_of_run
from tests.builders.validator import SUBMITTED_AT, a_checker

SEED = seed_of_run(1)
GARBLED = 2000
EXAMPLES = [json.loads(file.read_text()) for file in sorted((SCHEMAS / "examples").glob("*/*.json"))]


def _facts_of(record: Record) -> DatasetFacts | None:
    """The facts of a record; None if it is refused without them."""
    try:
        submission = read(record, SUBMITTED, DatasetSubmitted).event.submission
    except Poison:
        return None
    return a_checker().check(submission, "a-receipt", SUBMITTED_AT).dataset


def _record_of(submission: dict[str, object]) -> Record:
    headers = headers_of(SUBMITTED, receipt_id="a-receipt", source="/a", time=SUBMITTED_AT.isoformat())
    return Record(SUBMITTED.name, 0, 0, 0, None, json.dumps({"submission": submission}).encode(), headers)


def test_a_check_of_the_facts_of_any_submission_changes_nothing() -> None:
    chance = random.Random(SEED)
    records = [_record_of(example["submission"]) for example in EXAMPLES]
    records += [garbled(chance.choice(records), chance) for _ in range(GARBLED)]
    found = [facts for record in records if (facts := _facts_of(record)) is not None]
    assert len(found) > len(EXAMPLES)
    for facts in found:
        checked = DatasetFacts(**dict(facts))
        assert checked == facts
        assert to_json(checked) == to_json(facts), facts
