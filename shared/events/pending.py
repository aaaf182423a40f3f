"""The event of a dataset that waits for its inputs."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.sections import Finding, ProposalKey, Section


class NearPaths(Section):
    """Catalogued paths that may have been meant by one that is not catalogued."""

    path: str
    near: list[str]


class Pending(Section):
    """What a dataset waits for, and what it is. Events of older versions do not say what it is."""

    receipt_id: str
    dataset_id: UUID
    path: str
    waits_for: list[str] = Field(description="paths of inputs, the first hundred")
    waits_for_count: int | None = Field(default=None, description="the number of all of them")
    since: AwareDatetime
    deadline: AwareDatetime
    findings: list[Finding] = Field(
        default=[], description="the catalogued paths near missing ones, which may have been meant instead"
    )
    near: list[NearPaths] = Field(default=[], description="the near paths of `findings`, for programs")
    name: str | None = None
    kind: str | None = None
    proposal: ProposalKey | None = None
    beamline: str | None = None


class DatasetPending(Section):
    """A dataset waits for its inputs."""

    pending: Pending
