"""Rules for combining the parameters of parts of a raw dataset, such as the wedges of a characterisation."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from pydantic import Field

from shared.vocabulary.datafiles import Table

Rule = Literal["sum", "min", "max", "first", "last"]
"""How the values of several parts combine. `first` and `last` are the parts that start first and last."""


class PartRules(Table):
    """The rules for parts in a vocabulary file."""

    combine: dict[Rule, list[str]] = Field(default={}, description="absent: the parts are expected to agree")
    marks: list[str] = Field(default=[], description="submissions of one start that differ in one are different parts")
    extents: dict[str, tuple[str, str]] = Field(
        default={}, description="of one that says how far a part reaches: those that say where it begins and ends"
    )

    def names(self) -> Iterator[str]:
        """All parameters that it names."""
        yield from (name for names in self.combine.values() for name in names)
        yield from self.marks
        yield from (each for name, ends in self.extents.items() for each in (name, *ends))


@dataclass(frozen=True, slots=True)
class Combining:
    """The rules of all vocabulary files."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    """The rule of each parameter, by canonical name."""
    marks: frozenset[str] = frozenset()
    extents: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Iterable[PartRules]) -> Self:
        """The rules of several files. The last file that names a parameter wins."""
        said = list(files)
        return cls(
            {name: rule for each in said for rule, names in each.combine.items() for name in names},
            frozenset(name for each in said for name in each.marks),
            {name: ends for each in said for name, ends in each.extents.items()},
        )
