"""Decides on a dataset: it passes with its facts and canonical parameters, or is refused with all findings."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.validator.checker import Checker, CheckResult
from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetFacts, DatasetSubmitted
from shared.events.wire import Received
from shared.foundation.storable import storable
from shared.stages.outcomes import Outcome, Passed

SUMMED_UP = 3
"""How many findings the message of a refusal includes. All of them are listed separately."""


def validating(checker: Checker) -> Callable[[Sequence[Received[DatasetSubmitted]], None, datetime], Sequence[Outcome]]:
    """The handler of the stage. The present time is not used, so a replay years later gives the same verdict."""

    def validate(events: Sequence[Received[DatasetSubmitted]], _known: None, _now: datetime) -> Sequence[Outcome]:
        return [
            outcome_of(checker.check(event.event.submission, event.receipt_id, event.said_at), event.record.key)
            for event in events
        ]

    return validate


def outcome_of(verdict: CheckResult, key: bytes | None) -> Outcome:
    """The outcome of a verdict: passed, with the dataset's id as key, or refused.

    A record without a key gets the dataset's id here. A record with another key is refused: with several keys, a
    dataset's records are in several partitions, and their order would be left to chance.
    """
    dataset = verdict.dataset
    if dataset is None or verdict.errors:
        return Refusal(Code.DATASET_INVALID, _summary(verdict), verdict.findings)
    own = str(dataset.dataset_id).encode()
    if key and key != own:
        return _key_wrong(dataset, storable(key.decode(errors="replace")))
    return Passed({"dataset": dataset, "parameters": verdict.parameters}, key=own)


def _key_wrong(dataset: DatasetFacts, said: str) -> Refusal:
    message = f"the record's key is {said[:100]!r}, but the dataset {dataset.path} has the id {dataset.dataset_id}"
    return Refusal.because(Code.KEY_WRONG, message, "give that id as the key, or no key")


def _summary(verdict: CheckResult) -> str:
    errors = [finding.sentence for finding in verdict.errors]
    more = f" (and {len(errors) - SUMMED_UP} more)" if len(errors) > SUMMED_UP else ""
    return "; ".join(errors[:SUMMED_UP]) + more
