"""The event of a rejection, with the original bytes and the reason."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.sections import Finding, Section


class Origin(Section):
    """The position from which a record was read."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


class Excerpt(Section):
    """The excerpt of bytes that are too large to be kept whole."""

    byte_count: int
    sha256: str
    head_base64: str
    tail_base64: str


class Rejection(Section):
    """The reason for which an event was rejected, with everything that is needed to correct it and send it again."""

    receipt_id: str | None
    dataset_id: UUID | None
    path: str | None
    producer: str | None
    stage: str
    code: str
    message: str
    findings: list[Finding] = Field(default=[])
    origin: Origin
    submitted: Origin | None = Field(
        default=None, description="where the original submission was read, if `origin` is a later event"
    )
    headers: dict[str, str]
    key_base64: str | None
    value_base64: str | None
    value_excerpt: Excerpt | None = Field(
        default=None, description="the excerpt of a value that is too large for this topic"
    )
    rejected_at: AwareDatetime


class DatasetRejected(Section):
    """An event was rejected."""

    rejection: Rejection
