"""The decision: a dataset passes with its facts and canonical parameters, or is refused with every finding at once."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.validator.checking import Checker, Verdict
from shared.events import DatasetSubmitted
from shared.rejections import Code, Refusal
from shared.stage import Outcome, Passed
from shared.wire import Received

SUMMED_UP = 3
"""So many findings stand in the sentence of a refusal; all of them stand beside it."""


def validating(checker: Checker) -> Callable[[Sequence[Received[DatasetSubmitted]], None, datetime], Sequence[Outcome]]:
    """The handler of the stage. The time now is no part of the verdict: a replay years later ends the same."""

    def validate(events: Sequence[Received[DatasetSubmitted]], _known: None, _now: datetime) -> Sequence[Outcome]:
        return [outcome_of(checker.check(event.event.submission, event.receipt_id, event.said_at)) for event in events]

    return validate


def outcome_of(verdict: Verdict) -> Outcome:
    """Passed, keyed by the dataset's id whatever key the producer used, or refused."""
    dataset = verdict.dataset
    if dataset is None or any(finding.severity == "error" for finding in verdict.findings):
        return Refusal(Code.DATASET_INVALID, _summary(verdict), verdict.findings)
    return Passed({"dataset": dataset, "parameters": verdict.parameters}, key=str(dataset.dataset_id).encode())


def _summary(verdict: Verdict) -> str:
    errors = [finding.sentence for finding in verdict.errors]
    more = f" (and {len(errors) - SUMMED_UP} more)" if len(errors) > SUMMED_UP else ""
    return "; ".join(errors[:SUMMED_UP]) + more
