"""Kinds of dataset: how each is recognised, its required parameters, its rules, and its permitted inputs."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from shared.foundation.memo import MOST_CHARACTERS, remembered
from shared.vocabulary.datafiles import Table
from shared.vocabulary.relations import Completeness, Forsaken, Relation, number_objection
from shared.vocabulary.rules import Rule

UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}

Lowered = Annotated[str, BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text)]


def _duration(text: object) -> object:
    match = re.fullmatch(r"(\d+) (minute|hour|day|week)s?", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("a duration is written like '7 days' (minutes, hours, days, weeks)")
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def _with_reasons(required: object) -> object:
    return dict.fromkeys(required, "") if isinstance(required, list) else required


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Bounds(Table):
    """A range from `min` to `max`, both included."""

    min: int = Field(default=0, ge=0)
    max: int | None = None


INPUTS_OF: Mapping[str, Bounds] = {"raw": Bounds(max=0), "processed": Bounds()}
"""The number of inputs of a kind that does not give it."""


USUAL_PARAMETERS = 200
"""The number of parameters above which the recognition of a dataset is not cached."""


class Traits(NamedTuple):
    """The properties by which a technique and a kind are recognised. Texts are as the producer sent them."""

    input_count: int
    definition: str = ""
    technique_pid: str = ""
    scan_type: str = ""
    program: str = ""
    parameters: tuple[str, ...] = ()
    """The canonical names of the parameters."""

    @property
    def are_usual(self) -> bool:
        """Whether they are few and short enough for the cache."""
        texts = len(self.definition) + len(self.technique_pid) + len(self.scan_type) + len(self.program)
        return len(self.parameters) <= USUAL_PARAMETERS and texts <= MOST_CHARACTERS

    @property
    def families(self) -> Collection[str]:
        """The families of the parameters, in their order."""
        return dict.fromkeys(map(family_of, self.parameters))


@remembered(10_000)
def family_of(parameter: str) -> str:
    """The part of each parameter's name before the first `_`."""
    return parameter.partition("_")[0]


class Match(Table):
    """How a submission is recognised. What is not given does not matter. Texts are compared without letter case."""

    scan_type: list[Lowered] | None = Field(default=None, description="`scanType`, or `MX_scanType` if it is absent")
    program: list[Lowered] | None = Field(default=None, description="`Process_program`")
    inputs: Bounds | None = Field(
        default=None, description="the number of inputs; a raw kind has none unless this is given"
    )
    parameters: list[str] | None = Field(default=None, description="the submission has one of these parameters")
    families: list[str] | None = Field(
        default=None, description="the submission has a parameter of one of these families"
    )


class Kind(Table):
    """A kind of dataset of a technique, such as `mx.raw.datacollection`."""

    name: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    title: str
    type: Literal["raw", "processed"]
    match: Match = Match()
    required: Annotated[dict[str, str], BeforeValidator(_with_reasons)] = Field(
        default={},
        description="parameters that it must have, each with the reason why a dataset is useless without it;"
        " a list gives no reasons",
    )
    expected: list[str] = Field(default=[], description="parameters that it should have; a missing one is flagged")
    optional: list[str] = Field(
        default=[], description="parameters that it usually has as well: names or patterns, such as `SAXS_guinier_*`"
    )
    rule: list[Rule] = Field(default=[])
    strict: bool = Field(default=False, description="true: unknown parameters refuse the dataset")
    await_inputs: Duration = Field(default=timedelta(days=7), description="how long inputs may be awaited")
    incomplete_inputs: Completeness = Field(
        default="accept",
        description="an incomplete input is accepted as it is, awaited until it is complete, or refused",
    )
    rejected_inputs: Forsaken = Field(
        default="wait",
        description="a rejected input is awaited, because it may be corrected and sent again, or rejects the dataset",
    )
    input: list[Relation] | None = Field(default=None, description="the permitted inputs; absent: any; empty: none")

    @property
    def await_inputs_seconds(self) -> float:
        """How long inputs may be awaited."""
        return self.await_inputs.total_seconds()

    def fits(self, traits: Traits) -> bool:
        """True if a submission with these traits is of this kind."""
        (least, most), match = self._bounds_and_match
        return (
            least <= traits.input_count
            and (most is None or traits.input_count <= most)
            and (match.scan_type is None or traits.scan_type.lower() in match.scan_type)
            and (match.program is None or traits.program.lower() in match.program)
            and (match.parameters is None or any(name in traits.parameters for name in match.parameters))
            and (match.families is None or any(family in traits.families for family in match.families))
        )

    @property
    def input_bounds(self) -> tuple[int, int | None]:
        """The least and the greatest number of inputs that it is recognised by."""
        inputs = self.match.inputs or INPUTS_OF[self.type]
        return inputs.min, inputs.max

    @cached_property
    def _bounds_and_match(self) -> tuple[tuple[int, int | None], Match]:
        """The bounds and the match. They are looked up once, because a submission is compared with many kinds."""
        return self.input_bounds, self.match

    def objection_to(self, input_kinds: Sequence[str]) -> str | None:
        """Why a dataset of this kind cannot have inputs of these kinds (one entry for each input): expected, and found.

        Each input counts for the first relation that accepts its kind. None: it can.
        """
        return None if self.input is None else number_objection(self.name, self.input, input_kinds)


def expanded(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that match the patterns, in the order of the patterns, each once."""
    known = list(names)
    return list(dict.fromkeys(name for pattern in patterns for name in known if fnmatchcase(name, pattern)))
