"""Units: every spelling that may stand behind a number, compiled to a factor and an offset of the canonical unit.

pint computes them when the vocabulary is loaded; afterwards a conversion is one multiplication and one addition.
A spelling is looked up in Unicode's compatibility form and without blanks, so that both signs of the micrometre are
one. Letter case is forgiven where it cannot change the meaning: KEV is keV, but MM may be Mm, and is no unit.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pint import application_registry
from pint.errors import PintError

from shared.foundation.errors import BeamcatError
from shared.foundation.spelling import normalised

Unit = Any
"""pint's units; pint makes their class when it runs, so it has no name here."""

LOOKALIKES = str.maketrans({"\u00ba": "°", "\u02da": "°", "\u2212": "-", "\u207b": "-", "⋅": "·", "∙": "·", "•": "·"})
"""Signs that are typed for one another: the ordinal and the ring above for the degree, a minus, a dot."""
OF_EITHER_CASE = frozenset("mp")
"""Letters that are one SI prefix as a capital and another as a small letter: mega and milli, peta and pico."""


class UnitUnknown(BeamcatError, ValueError):
    """A data file names a unit that pint cannot read."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """`canonical = said * factor + offset`."""

    factor: float
    offset: float

    def __call__(self, said: float) -> float:
        """The value in the canonical unit, rounded to 15 digits: 6.2 % is 0.062 and not 0.062000000000000006."""
        if self.factor == 1 and self.offset == 0:
            return said
        return float(f"{said * self.factor + self.offset:.15g}")


class Conversions(Mapping[str, Conversion]):
    """The conversions to one canonical unit, by whatever a producer writes for the other.

    Args:
        listed: by spelling, those of the same quantity.
        spellings: those of every quantity, folded by `compact`. What is a unit of another quantity, letter for
            letter, is not read in another letter case as one of this.
    """

    def __init__(self, listed: Mapping[str, Conversion], spellings: Container[str]) -> None:
        self._listed = listed
        self._spellings = spellings
        self._exact = {compact(spelling): conversion for spelling, conversion in listed.items()}
        self._folded: dict[str, list[str]] = defaultdict(list)
        for spelling in self._exact:
            self._folded[spelling.casefold()].append(spelling)

    def __getitem__(self, said: str) -> Conversion:
        """The conversion from a unit.

        Raises:
            KeyError: it is none of this quantity, or may be more than one.
        """
        unit = compact(said)
        if (exact := self._exact.get(unit)) is not None:
            return exact
        if unit in self._spellings:
            raise KeyError(said)
        readings = self._folded.get(unit.casefold(), ())
        found = {self._exact[reading] for reading in readings}
        if len(found) != 1 or any(self._is_another_prefix(unit, reading) for reading in readings):
            raise KeyError(said)
        return found.pop()

    def __iter__(self) -> Iterator[str]:
        """The listed spellings."""
        return iter(self._listed)

    def __len__(self) -> int:
        """The number of listed spellings."""
        return len(self._listed)

    def _is_another_prefix(self, unit: str, reading: str) -> bool:
        """Whether the letter case of a text leaves open which prefix was meant: MM is millimetres or megametres."""
        prefix, rest = reading[:1], reading[1:]
        if prefix.lower() not in OF_EITHER_CASE or rest not in self._exact:  # micron has no prefix
            return False
        return unit[:1] != prefix or unit.isupper()


def compact(spelling: str) -> str:
    """A unit as it is looked up: Unicode's compatibility form without blanks."""
    return "".join(normalised("NFKC", spelling.translate(LOOKALIKES)).split())


class Units:
    """All spellings that a vocabulary's `[units]` tables list.

    Args:
        spellings: how producers write a unit, to how pint writes it, such as `um` to `micrometer`. What is written
            for units of several quantities, as `A` is, has a list of them.
    """

    def __init__(self, spellings: Mapping[str, str | list[str]] | None = None) -> None:
        self._registry = application_registry
        self._units: dict[str, dict[Unit, Unit]] = {}
        self._compiled: dict[str, Conversions] = {}
        for spelling, names in (spellings or {}).items():
            self.learn(spelling, names)

    def learn(self, spelling: str, names: str | list[str]) -> None:
        """Take one more spelling, before the first conversion is asked for.

        Raises:
            UnitUnknown: pint knows no unit of that name.
        """
        self._units[spelling] = by_quantity = {}
        for name in [names] if isinstance(names, str) else names:
            try:
                unit = self._registry.Unit(name)
                by_quantity[self._root(unit)] = unit
            except (PintError, AttributeError, ValueError) as error:
                raise UnitUnknown(f"{spelling}: {name} is no unit: {error}") from None

    def conversions_to(self, canonical: str) -> Conversions:
        """The conversions from every unit of the same quantity.

        Raises:
            UnitUnknown: the canonical unit is not among the spellings.
        """
        if canonical not in self._compiled:
            if canonical not in self._units:
                raise UnitUnknown(f"the unit {canonical} is not listed in [units]")
            quantity, target = next(iter(self._units[canonical].items()))
            self._compiled[canonical] = self._conversions(
                (spelling, Conversion(*self._line(by_quantity[quantity], target)))
                for spelling, by_quantity in self._units.items()
                if quantity in by_quantity
            )
        return self._compiled[canonical]

    def fractions(self) -> Conversions:
        """The conversions to a fraction, from per cent above all.

        Raises:
            UnitUnknown: per cent is not among the spellings.
        """
        return self._conversions(
            (spelling, Conversion(float(f"{each.factor / 100:.15g}"), each.offset / 100))
            for spelling, each in self.conversions_to("%").items()
        )

    def _conversions(self, listed: Iterable[tuple[str, Conversion]]) -> Conversions:
        return Conversions(dict(listed), {compact(spelling) for spelling in self._units})

    def _root(self, unit: Unit) -> Unit:
        """Angles, counts and per cent have no dimension, yet differ: their root units tell them apart."""
        return self._registry.get_root_units(unit, check_nonmult=False)[1]

    def _line(self, unit: Unit, target: Unit) -> tuple[float, float]:
        """Slope and intercept; rounded to 15 digits, so that 1 keV is 1000 eV and not 999.9999999999999."""
        zero, one = (self._registry.Quantity(number, unit).to(target).magnitude for number in (0.0, 1.0))
        return float(f"{one - zero:.15g}"), float(f"{zero:.15g}")
