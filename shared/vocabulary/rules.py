"""Rules across parameters, as a technique's file gives them. `services/validator/laws.py` compiles them."""

from typing import Self

from pydantic import Field, model_validator

from shared.events.sections import Severity
from shared.vocabulary.datafiles import Table


class Sweep(Table):
    """A rotation: `end` = `start` + (`step` - `overlap`) * `count`, by the names of the parameters.

    Without an overlap parameter, the overlap is 0. If another of the parameters is missing, nothing is checked.
    """

    start: str
    end: str
    step: str = Field(description="the rotation of one image")
    overlap: str
    count: str = Field(description="the number of images")
    tolerance: float = Field(
        default=1.0, gt=0, description="in steps, because some programs count the last image and some do not"
    )

    @property
    def names(self) -> list[str]:
        """All its parameters."""
        return [self.start, self.end, self.step, self.overlap, self.count]


class Cell(Table):
    """A unit cell that its space group permits: a tetragonal one has a = b and right angles."""

    space_group: str
    lengths: list[str] = Field(min_length=3, max_length=3, description="a, b, c")
    angles: list[str] = Field(min_length=3, max_length=3, description="alpha, beta, gamma")
    tolerance: float = Field(
        default=0.002,
        gt=0,
        description="of the metric tensor under the group's operations, in squares of the longest edge",
    )

    @property
    def names(self) -> list[str]:
        """All its parameters."""
        return [self.space_group, *self.lengths, *self.angles]


class Rule(Table):
    """A rule across parameters, and its reason. Missing parameters are not checked."""

    ascending: list[str] | None = Field(
        default=None, min_length=2, description="each parameter that is present is at most the next one"
    )
    equal: list[str] | None = Field(default=None, min_length=2, max_length=2, description="two names of one quantity")
    sweep: Sweep | None = None
    cell: Cell | None = None
    tolerance: float = Field(default=0.01, ge=0, description="for `equal`: a fraction of the larger value")
    because: str = Field(min_length=1, description="the reason, which becomes part of the finding")
    severity: Severity = Severity.WARNING

    @model_validator(mode="after")
    def _one_law(self) -> Self:
        said = [law for law in (self.ascending, self.equal, self.sweep, self.cell) if law is not None]
        if len(said) != 1:
            raise ValueError("a rule says exactly one of ascending, equal, sweep and cell")
        return self

    @property
    def names(self) -> list[str]:
        """All its parameters."""
        law = self.sweep or self.cell
        return law.names if law else [*(self.ascending or ()), *(self.equal or ())]
