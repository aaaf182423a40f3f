"""Counts unknown parameters by the software that sent them, so that its authors can be informed."""

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
"""The most software names. Labels of a metric are never freed, so further software counts as `other`."""


class UnknownParameterCount:
    """The stage's store. It only updates a metric."""

    def __init__(self) -> None:
        self._software: set[str] = set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Do nothing."""
        yield self

    async def load(self, events: Sequence[Received[DatasetSubmitted]]) -> None:
        """Load nothing."""

    async def save(self, events: Sequence[Received[DatasetSubmitted]], outcomes: Sequence[Outcome]) -> None:
        """Count unknown parameters. A repeated batch counts again: the metric is a rate, not an exact number."""
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
