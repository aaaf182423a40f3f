"""Scales: whether a ratio that comes without a unit is a fraction or per cent.

One program tells the statistics of a group in one scale. A group is converted only where that is certain: one of its
values cannot be in the parameter's own scale, and every one can be in the other. What is in doubt stays as it was said
and is flagged. A value whose unit was said, in its text or beside it, is never converted here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from shared.events.dataset import Parameter
from shared.events.sections import Finding
from shared.vocabulary.quantities import NUMBER
from shared.vocabulary.units import Conversion
from shared.vocabulary.values import SHOWN_CHARACTERS
from shared.vocabulary.vocabulary import Term
from shared.vocabulary.vocabulary_file import Scale

ROUNDING = 5e-4
"""Of the greatest value that can be: what lies so little beyond it is that value, rounded by a program."""

PER_CENT = Conversion(0.01, 0)
PRINTED_AT_MOST = 9
"""Decimals; what has more was not printed, but computed."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A value without a unit, less any rounding excess, and how many decimals were printed of it."""

    name: str
    value: float
    decimals: int
    scale: Scale

    @property
    def is_likely(self) -> bool:
        """Whether nobody would doubt that it is in the parameter's own scale; nothing is nothing in every scale."""
        return self.value == 0 or _within(self.value, self.scale.likely)

    @property
    def is_possible(self) -> bool:
        """Whether it can be in the parameter's own scale."""
        return _within(self.value, self.scale.possible)

    @property
    def is_possible_per_cent(self) -> bool:
        """Whether it can be per cent where the parameter is a fraction."""
        return self.scale.per_cent is not None and _within(self.value, self.scale.per_cent)


class Scales:
    """Settles the scales of one submission's parameters, which it changes, with their findings."""

    def __init__(self, terms: Mapping[str, Term], parameters: dict[str, Parameter], findings: list[Finding]) -> None:
        self._terms = terms
        self._parameters = parameters
        self._findings = findings

    def settle(self) -> None:
        """Convert what is certainly per cent, clip what rounding made too great, and flag what is in doubt."""
        doubted = {each.parameter for each in self._findings if each.code == "value_implausible" and each.parameter}
        suspects = [name for name in doubted if self._terms[name].scale and name in self._parameters]
        if not suspects:
            return
        groups = self._bare()
        for group in {self._terms[name].scale_group for name in suspects}:
            self._settle(groups[group])
        judged = {each.name for group in groups.values() for each in group}
        for name in suspects:
            self._clip(name)
            if name not in judged:
                self._trust(name)

    def _bare(self) -> Mapping[str, list[Bare]]:
        """By group: the values whose scale nobody said."""
        groups: dict[str, list[Bare]] = defaultdict(list)
        for name, parameter in self._parameters.items():
            term, value, original = self._terms.get(name), parameter.get("value"), parameter["original"]
            if term is None or term.scale is None or "said_unit" in parameter or not isinstance(value, float):
                continue
            number = NUMBER.search(original)
            if number is None or float(number[0]) != value or original[number.end() :].strip() in term.conversions:
                continue
            groups[term.scale_group].append(
                Bare(name, _at_most(term.scale, value), _decimals(number[0], value), term.scale)
            )
        return groups

    def _settle(self, group: Iterable[Bare]) -> None:
        known = [each for each in group if each.is_possible or each.is_possible_per_cent]  # the others are plain wrong
        if all(each.is_likely for each in known):
            return
        if _are_per_cent(known):
            for each in known:
                self._convert(each.name)
        elif not _are_fractions(known):
            for each in known:
                if each.scale.per_cent is not None or not each.is_likely:
                    self._doubt(each.name)

    def _convert(self, name: str) -> None:
        parameter = self._parameters[name]
        value = parameter["value"]
        assert isinstance(value, float), "only numbers are bare"
        taken = PER_CENT(value)
        self._parameters[name] = {**parameter, "value": taken}
        cure = f"say the unit, or send {self._terms[name].no_unit} as a fraction"
        self._say(name, "percent_converted", f"is per cent; {taken:g} was taken", cure, f"{taken:g}")
        self._clip(name)

    def _clip(self, name: str) -> None:
        """A rounding excess is taken off."""
        parameter, scale = self._parameters[name], self._terms[name].scale
        value = parameter.get("value")
        if scale is None or not isinstance(value, float) or (taken := _at_most(scale, value)) == value:
            return
        self._parameters[name] = {**parameter, "value": taken}
        problem = f"is beyond {taken:g} by a rounding error; {taken:g} was taken"
        self._say(name, "value_clipped", problem, "round it before it is sent", f"{taken:g}")

    def _doubt(self, name: str) -> None:
        said, unit = self._parameters[name]["original"][:SHOWN_CHARACTERS], self._terms[name].unit
        problem = "may be a fraction or per cent, and was taken as it stands"
        self._say(name, "scale_uncertain", problem, f"say the unit, as in '{said} %'", unit or "a fraction")

    def _trust(self, name: str) -> None:
        """Where the unit was said, what can be is no longer unlikely."""
        value, scale = self._parameters[name].get("value"), self._terms[name].scale
        if scale is not None and isinstance(value, float) and _within(value, scale.possible):
            self._forget_doubts(name)

    def _say(self, name: str, code: str, problem: str, cure: str, expected: str) -> None:
        """In place of the doubt that led here."""
        self._forget_doubts(name)
        said = self._parameters[name]["original"][:SHOWN_CHARACTERS]
        message = f"{name} = {said!r} {problem}"
        self._findings.append(Finding.warning(code, message, cure, parameter=name, value=said, expected=expected))

    def _forget_doubts(self, name: str) -> None:
        self._findings[:] = [
            each for each in self._findings if each.code != "value_implausible" or each.parameter != name
        ]


def _are_per_cent(group: Collection[Bare]) -> bool:
    """Certainly: one cannot be a fraction, each can be per cent, and none that can be both is printed finer."""
    witnesses = [each for each in group if not each.is_possible]
    finest = max((each.decimals for each in witnesses), default=0)
    return bool(witnesses) and all(
        each.is_possible_per_cent and (not each.is_possible or each.decimals <= finest) for each in group
    )


def _are_fractions(group: Collection[Bare]) -> bool:
    """Certainly: each can be a fraction, and one is too small for per cent."""
    return all(each.is_possible for each in group) and any(0 < each.value < each.scale.least_per_cent for each in group)


def _at_most(scale: Scale, value: float) -> float:
    """The value without a rounding excess; where it is negative, its size is what was rounded."""
    greatest = scale.greatest
    if greatest is None or not greatest < abs(value) <= greatest * (1 + ROUNDING):
        return value
    return greatest if value > 0 else -greatest


def _decimals(text: str, value: float) -> int:
    """How many were printed, or were there before arithmetic made 2.8000000000000003 of them."""
    printed = len(text.partition(".")[2])
    return printed if printed <= PRINTED_AT_MOST else len(f"{value:.{PRINTED_AT_MOST}g}".partition(".")[2])


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
