"""Units: each spelling of a unit is compiled to a factor and an offset of the canonical unit.

pint computes them when the vocabulary is loaded; afterwards a conversion is one multiplication and one addition.
A spelling is looked up in Unicode's compatibility form and without blanks, so that both signs of the micrometre are
equal. Letter case is ignored if it cannot change the meaning: KEV is keV, but MM may mean Mm, so it is not a unit.
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
"""A unit of pint, which creates its class at run time, so the type has no name here."""

LOOKALIKES = str.maketrans({"\u00ba": "°", "\u02da": "°", "\u2212": "-", "\u207b": "-", "⋅": "·", "∙": "·", "•": "·"})
"""Signs that are often confused: the ordinal and the ring above for the degree, a minus, a dot."""
OF_EITHER_CASE = frozenset("mp")
"""Letters that are different SI prefixes in upper and lower case: mega and milli, peta and pico."""


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
    """The conversions to one canonical unit, by the spelling of the other unit.

    Args:
        listed: the conversions of units of the same quantity, by spelling.
        spellings: the spellings of all quantities, folded by `compact`. A text that is exactly a unit of another
        quantity is not read in another letter case as a unit of this one.
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
            KeyError: it is not a unit of this quantity, or is ambiguous.
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
        """Whether the prefix is ambiguous because of letter case: MM is millimetres or megametres."""
        prefix, rest = reading[:1], reading[1:]
        if prefix.lower() not in OF_EITHER_CASE or rest not in self._exact:  # micron has no prefix
            return False
        return unit[:1] != prefix or unit.isupper()


def compact(spelling: str) -> str:
    """The form in which a unit is looked up: Unicode's compatibility form without blanks."""
    return "".join(normalised("NFKC", spelling.translate(LOOKALIKES)).split())


class Units:
    """All spellings that a vocabulary's `[units]` tables list.

    Args:
        spellings: pint's name of each unit by the producers' spelling, such as `um` to `micrometer`. A spelling for
        units of several quantities, such as `A`, has a list of names.
    """

    def __init__(self, spellings: Mapping[str, str | list[str]] | None = None) -> None:
        self._registry = application_registry
        self._units: dict[str, dict[Unit, Unit]] = {}
        self._compiled: dict[str, Conversions] = {}
        for spelling, names in (spellings or {}).items():
            self.learn(spelling, names)

    def learn(self, spelling: str, names: str | list[str]) -> None:
        """Add a spelling, before the first conversion is used.

        Raises:
            UnitUnknown: pint has no unit with that name.
        """
        self._units[spelling] = by_quantity = {}
        for name in [names] if isinstance(names, str) else names:
            try:
                unit = self._registry.Unit(name)
                by_quantity[self._root(unit)] = unit
            except (PintError, AttributeError, ValueError) as error:
                raise UnitUnknown(f"{spelling}: {name} is not a unit: {error}") from None

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
        """The conversions to a fraction, mainly from per cent.

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
        """The root unit, which distinguishes units without a dimension, such as angles, counts and per cent."""
        return self._registry.get_root_units(unit, check_nonmult=False)[1]

    def _line(self, unit: Unit, target: Unit) -> tuple[float, float]:
        """Slope and intercept, rounded to 15 digits, so that 1 keV is 1000 eV, not 999.9999999999999."""
        zero, one = (self._registry.Quantity(number, unit).to(target).magnitude for number in (0.0, 1.0))
        return float(f"{one - zero:.15g}"), float(f"{zero:.15g}")
