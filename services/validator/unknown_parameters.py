"""Counts unknown parameters by the software that sent them, so that somebody can be told."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from shared.events.codes import Refusal
from shared.events.dataset import DatasetFacts, DatasetSubmitted
from shared.events.sections import Finding
from shared.events.wire import Received
from shared.runtime.metrics import UNKNOWN_PARAMETERS
from shared.stages.outcomes import Outcome, Passed

SOFTWARE_AT_MOST = 100
"""Labels of a metric cost memory for ever; software past this many, which no facility has, is counted as `other`."""


class UnknownParameterCount:
    """The stage's store: it remembers nothing but what Prometheus reads."""

    def __init__(self) -> None:
        self._software: set[str] = set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Nothing to begin, nothing to commit."""
        yield self

    async def load(self, events: Sequence[Received[DatasetSubmitted]]) -> None:
        """Nothing is known."""

    async def save(self, events: Sequence[Received[DatasetSubmitted]], outcomes: Sequence[Outcome]) -> None:
        """Count. A batch that is tried again counts again: a rate, not an account."""
        for event, outcome in zip(events, outcomes, strict=True):
            unknown = sum(finding.code == "parameter_unknown" for finding in _findings(outcome))
            if unknown:
                UNKNOWN_PARAMETERS.labels(self._label(event.event)).inc(unknown)

    def _label(self, event: DatasetSubmitted) -> str:
        submission = event.submission
        software = submission.producer.software or submission.parameters.get("software") or "unnamed"
        label = str(software)[:64]
        if label not in self._software and len(self._software) >= SOFTWARE_AT_MOST:
            return "other"
        self._software.add(label)
        return label


def _findings(outcome: Outcome) -> Sequence[Finding]:
    match outcome:
        case Passed({"dataset": DatasetFacts() as dataset}):
            return dataset.findings
        case Refusal():
            return outcome.findings
        case _:
            return ()
