"""The event of a dataset that waits for its inputs."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.sections import Finding, ProposalKey, Section


class NearPaths(Section):
    """Catalogued paths that may be meant by one that is not catalogued."""

    path: str
    near: list[str]


class Pending(Section):
    """What a dataset waits for. What it is stays empty in events from before they told it."""

    receipt_id: str
    dataset_id: UUID
    path: str
    waits_for: list[str] = Field(description="paths of inputs, the first hundred")
    waits_for_count: int | None = Field(default=None, description="of all that it waits for")
    since: AwareDatetime
    deadline: AwareDatetime
    findings: list[Finding] = Field(
        default=[], description="catalogued paths near those that are missing, which may be meant instead"
    )
    near: list[NearPaths] = Field(default=[], description="what `findings` say of near paths, for programs")
    name: str | None = None
    kind: str | None = None
    proposal: ProposalKey | None = None
    beamline: str | None = None


class DatasetPending(Section):
    """A dataset waits for its inputs."""

    pending: Pending
