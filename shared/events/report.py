"""Events about the files of a dataset: archived, restored, requested."""

from typing import Literal

from pydantic import Field

from shared.events.sections import Moment, Producer, Section


class Report(Section):
    """What became of the files of a catalogued dataset, as the archive reports it, or a request to the archive."""

    dataset_number: int = Field(ge=0, lt=2**63, description="as in `commit.number`")
    about: Literal["archiving", "restoration", "restoration_requested", "files_added"]
    level: Literal["info", "warning", "error"] = "info"
    message: str | None = Field(default=None, description="for a requested restoration: who asks for it")
    at: Moment
    producer: Producer = Producer()


class DatasetReported(Section):
    """The files of a catalogued dataset were archived, restored or added to, or a restoration was requested."""

    report: Report
