"""An update: parameters of what is catalogued already are said anew, and nothing else."""

from collections.abc import Iterator

from shared.events.dataset import Parameter, Submission
from shared.events.sections import Finding

FIELDS = frozenset({"name", "path", "proposal", "beamline", "sample", "parameters", "units", "mode", "producer"})
"""What an update may say; its name is only there because every submission has one."""

CLASSIFYING = frozenset(
    {
        *("datasetName", "location", "proposal", "beamlineID", "investigationId", "startDate", "endDate"),
        *("definition", "technique_pid", "scanType", "MX_scanType", "Process_program", "input_datasets"),
        *("complete", "Process_sequence_index"),
    }
)
"""Parameters that decide which dataset it is, of which kind, when and made from what: all checks rest on them."""


def not_updatable(submission: Submission, parameters: dict[str, Parameter]) -> Iterator[Finding]:
    """An error for everything that an update cannot change."""
    said = [*(submission.model_fields_set - FIELDS), *(parameters.keys() & CLASSIFYING)]
    for name in sorted(said):
        message = f"an update cannot change {name}, which decides what the dataset is"
        about = name if name in parameters else None
        yield Finding.error("not_updatable", message, "submit the whole dataset again", parameter=about)
    if not submission.parameters and submission.sample is None:
        yield Finding.error("nothing_said", "the update says no parameter", "give what is to be changed")
