"""The permitted inputs of a kind of dataset, as a technique's file gives them. The linker checks them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from shared.events.sections import Severity
from shared.vocabulary.datafiles import Table

Completeness = Literal["accept", "wait", "refuse"]
"""What happens to a dataset whose input is catalogued but not complete."""


Forsaken = Literal["wait", "reject"]
"""What happens to a waiting dataset when its input is rejected."""


@dataclass(frozen=True, slots=True)
class InputDemands:
    """The kinds of datasets that require more of their inputs than to be catalogued in time."""

    complete: frozenset[str] = frozenset()
    """The kinds that wait until their inputs are complete."""
    accepted: frozenset[str] = frozenset()
    """The kinds that are rejected when a missing input is rejected."""


NO_DEMANDS = InputDemands()


class Relation(Table):
    """A number of inputs of some kinds, and what these must have in common with the dataset.

    An absent condition does not apply, and unknown facts never violate one: for example, a dataset without a sample.
    """

    kinds: list[str] = Field(min_length=1, description="names or patterns, such as `mx.raw.*`")
    min: int = Field(default=1, ge=0)
    max: int | None = Field(default=None, ge=1, description="absent: any number")
    same_sample: Severity | None = Field(default=None, description="names are compared within one proposal")
    same_proposal: Severity | None = None
    not_before_input: Severity | None = Field(default=None, description="the dataset must not start before its input")

    def takes(self, kind: str) -> bool:
        """True if the relation accepts an input of this kind."""
        return any(fnmatchcase(kind, pattern) for pattern in self.kinds)

    def __str__(self) -> str:
        number = f"{self.min}" if self.min == self.max else f"{self.min} or more"
        if self.max not in (None, self.min):
            number = f"{self.min} to {self.max}"
        return f"{number} of kind {' or '.join(self.kinds)}"


def relation_of(relations: Sequence[Relation], kind: str) -> Relation | None:
    """The relation for which an input of this kind counts: the first that accepts it."""
    return next((relation for relation in relations if relation.takes(kind)), None)


def number_objection(child: str, relations: Sequence[Relation], input_kinds: Sequence[str]) -> str | None:
    """Why a dataset of kind `child` cannot have inputs of these kinds: expected, and found. None: it can."""
    places = [next((n for n, each in enumerate(relations) if each.takes(kind)), None) for kind in input_kinds]
    counts = Counter(places)
    if None not in counts and all(
        relation.min <= counts[n] <= (len(places) if relation.max is None else relation.max)
        for n, relation in enumerate(relations)
    ):
        return None
    expected = " and ".join(map(str, relations)) or "no inputs"
    found = ", ".join(f"{count} of kind {kind}" for kind, count in Counter(input_kinds).items()) or "none"
    return f"a dataset of kind {child} comes from {expected}; found {found}"
