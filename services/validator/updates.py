"""Checks of updates: an update may only change parameters of a catalogued dataset."""

from collections.abc import Iterator

from shared.events.dataset import Parameter, Submission
from shared.events.sections import Finding

FIELDS = frozenset({"name", "path", "proposal", "beamline", "sample", "parameters", "units", "mode", "producer"})
"""The fields of an update. It has a name only because every submission has one."""

CLASSIFYING = frozenset(
    {
        *("datasetName", "location", "proposal", "beamlineID", "investigationId", "startDate", "endDate"),
        *("definition", "technique_pid", "scanType", "MX_scanType", "Process_program", "input_datasets"),
        *("complete", "Process_sequence_index"),
    }
)
"""Parameters that decide the identity, kind, time or inputs of the dataset, on which all checks depend."""


def not_updatable(submission: Submission, parameters: dict[str, Parameter]) -> Iterator[Finding]:
    """An error for everything that an update cannot change."""
    said = [*(submission.model_fields_set - FIELDS), *(parameters.keys() & CLASSIFYING)]
    for name in sorted(said):
        message = f"an update cannot change {name}, which decides what the dataset is"
        about = name if name in parameters else None
        yield Finding.error("not_updatable", message, "submit the whole dataset again", parameter=about)
    if not submission.parameters and submission.sample is None:
        yield Finding.error("nothing_said", "the update has no parameter", "give the parameters to change")
