"""Scales: it decides whether a ratio without a unit is a fraction or per cent.

A program writes the statistics of a group in one scale. A group is only converted if this is certain: one of its values
is impossible in the parameter's own scale, and all are possible in the other. Doubtful values stay as they were sent
and are flagged. A value with a unit, in its text or separate, is never converted here.
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
"""The relative rounding error: a value that exceeds the greatest possible one by less is that value, rounded."""

PER_CENT = Conversion(0.01, 0)
PRINTED_AT_MOST = 9
"""The most decimals of a printed value. A value with more was computed."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A value without a unit and without its rounding error, and its number of printed decimals."""

    name: str
    value: float
    decimals: int
    scale: Scale

    @property
    def is_likely(self) -> bool:
        """Whether it is certainly in the parameter's own scale. Zero is zero in every scale."""
        return self.value == 0 or _within(self.value, self.scale.likely)

    @property
    def is_possible(self) -> bool:
        """Whether it is possible in the parameter's own scale."""
        return _within(self.value, self.scale.possible)

    @property
    def is_possible_per_cent(self) -> bool:
        """Whether it is possible in per cent if the parameter is a fraction."""
        return self.scale.per_cent is not None and _within(self.value, self.scale.per_cent)


class Scales:
    """Decides the scales of one submission's parameters. It changes the parameters and their findings."""

    def __init__(self, terms: Mapping[str, Term], parameters: dict[str, Parameter], findings: list[Finding]) -> None:
        self._terms = terms
        self._parameters = parameters
        self._findings = findings

    def settle(self) -> None:
        """Convert values that are certainly per cent, remove rounding errors, and flag doubtful values."""
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
        """The values without a unit, by group."""
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
        known = [each for each in group if each.is_possible or each.is_possible_per_cent]  # the others are simply wrong
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
        cure = f"send the unit, or send {self._terms[name].no_unit} as a fraction"
        self._say(name, "percent_converted", f"is per cent; {taken:g} was taken", cure, f"{taken:g}")
        self._clip(name)

    def _clip(self, name: str) -> None:
        """Remove a rounding error."""
        parameter, scale = self._parameters[name], self._terms[name].scale
        value = parameter.get("value")
        if scale is None or not isinstance(value, float) or (taken := _at_most(scale, value)) == value:
            return
        self._parameters[name] = {**parameter, "value": taken}
        problem = f"is beyond {taken:g} by a rounding error; {taken:g} was taken"
        self._say(name, "value_clipped", problem, "round it before it is sent", f"{taken:g}")

    def _doubt(self, name: str) -> None:
        said, unit = self._parameters[name]["original"][:SHOWN_CHARACTERS], self._terms[name].unit
        problem = "may be a fraction or per cent, and was kept unchanged"
        self._say(name, "scale_uncertain", problem, f"send the unit, as in '{said} %'", unit or "a fraction")

    def _trust(self, name: str) -> None:
        """Remove the doubt about a possible value whose unit was sent."""
        value, scale = self._parameters[name].get("value"), self._terms[name].scale
        if scale is not None and isinstance(value, float) and _within(value, scale.possible):
            self._forget_doubts(name)

    def _say(self, name: str, code: str, problem: str, cure: str, expected: str) -> None:
        """Add a finding in place of the doubt."""
        self._forget_doubts(name)
        said = self._parameters[name]["original"][:SHOWN_CHARACTERS]
        message = f"{name} = {said!r} {problem}"
        self._findings.append(Finding.warning(code, message, cure, parameter=name, value=said, expected=expected))

    def _forget_doubts(self, name: str) -> None:
        self._findings[:] = [
            each for each in self._findings if each.code != "value_implausible" or each.parameter != name
        ]


def _are_per_cent(group: Collection[Bare]) -> bool:
    """Whether a group is certainly per cent: one value cannot be a fraction, all can be per cent, and no value that
    can be both is printed with more decimals.
    """
    witnesses = [each for each in group if not each.is_possible]
    finest = max((each.decimals for each in witnesses), default=0)
    return bool(witnesses) and all(
        each.is_possible_per_cent and (not each.is_possible or each.decimals <= finest) for each in group
    )


def _are_fractions(group: Collection[Bare]) -> bool:
    """Whether a group is certainly fractions: all values can be fractions, and one is too small for per cent."""
    return all(each.is_possible for each in group) and any(0 < each.value < each.scale.least_per_cent for each in group)


def _at_most(scale: Scale, value: float) -> float:
    """The value without a rounding error. Of a negative value, the magnitude was rounded."""
    greatest = scale.greatest
    if greatest is None or not greatest < abs(value) <= greatest * (1 + ROUNDING):
        return value
    return greatest if value > 0 else -greatest


def _decimals(text: str, value: float) -> int:
    """The number of decimals as printed, or before arithmetic turned 2.8 into 2.8000000000000003."""
    printed = len(text.partition(".")[2])
    return printed if printed <= PRINTED_AT_MOST else len(f"{value:.{PRINTED_AT_MOST}g}".partition(".")[2])


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
