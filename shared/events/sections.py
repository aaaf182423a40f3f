"""The building blocks of events: names, times, findings, producers."""

import base64
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.identity import proposal_key
from shared.foundation.times import within_years

Name = Annotated[str, Field(min_length=1, max_length=255)]
Path = Annotated[str, Field(min_length=1, max_length=4096)]
Mode = Literal["replace", "merge", "upsert", "update"]


def _encoded(text: str) -> str:
    base64.b64decode(text, validate=True)
    return text


ProposalKey = Annotated[
    str, AfterValidator(proposal_key), Field(description="in lower case, without separators: mx1111")
]
"""A proposal as stages compare it. A value of an older version, which kept separators, is read without them."""
Moment = Annotated[AwareDatetime, AfterValidator(within_years)]
Base64 = Annotated[str, AfterValidator(_encoded), Field(json_schema_extra={"contentEncoding": "base64"})]


NO_OTHER_STATE = {"__pydantic_fields_set__": set[str](), "__pydantic_extra__": None, "__pydantic_private__": None}
"""The state of a section beside its fields."""


class Section(BaseModel):
    """A frozen part of an event. Unknown fields are ignored here and kept on the wire."""

    model_config = ConfigDict(frozen=True, extra="ignore")


S = TypeVar("S", bound=Section)


def unchecked(section: type[S], fields: dict[str, object]) -> S:
    """A section of values that were checked already, for a tenth of the cost of checking them again.

    `fields` has the value of each field, in the order of the class.
    """
    made = section.__new__(section)
    made.__setstate__({**NO_OTHER_STATE, "__dict__": fields})
    return made


class Severity(StrEnum):
    """An error refuses the dataset; a warning stays with it and can be searched."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Section):
    """One result of a check, in words on which a person at a beamline can act."""

    code: str
    severity: Severity
    message: str = Field(description="what is wrong, and nothing else")
    cure: str | None = Field(
        default=None, description="what to do about it, such as `give sample`; absent in events of older versions"
    )
    parameter: str | None = None
    value: str | None = None
    expected: str | None = None

    @classmethod
    def error(cls, code: str, message: str, cure: str, **about: str | None) -> Self:
        """A finding that refuses the dataset. `about` is parameter, value and expected, where they apply."""
        return cls(code=code, severity=Severity.ERROR, message=message, cure=cure, **about)

    @classmethod
    def warning(cls, code: str, message: str, cure: str, **about: str | None) -> Self:
        """A finding that stays with the dataset. `about` is as for `error`."""
        return cls(code=code, severity=Severity.WARNING, message=message, cure=cure, **about)

    @property
    def sentence(self) -> str:
        """Message and cure in one sentence."""
        return self.message if self.cure is None else f"{self.message}; {self.cure}"


class Producer(Section):
    """The program that made the submission."""

    software: str | None = None
    version: str | None = None
    machine: str | None = None
