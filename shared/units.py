"""Units: every spelling that may stand behind a number, compiled to a factor and an offset of the canonical unit.

pint computes them when the vocabulary is loaded; afterwards a conversion is one multiplication and one addition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pint import application_registry
from pint.errors import PintError

Unit = Any
"""pint's units; pint makes their class when it runs, so it has no name here."""


class UnitUnknown(ValueError):
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


class Units:
    """All spellings that a vocabulary's `[units]` tables list.

    Args:
        spellings: how producers write a unit, to how pint writes it, such as `um` to `micrometer`.
    """

    def __init__(self, spellings: Mapping[str, str] | None = None) -> None:
        self._registry = application_registry
        self._units: dict[str, Unit] = {}
        self._roots: dict[str, Unit] = {}
        self._compiled: dict[str, Mapping[str, Conversion]] = {}
        for spelling, name in (spellings or {}).items():
            self.learn(spelling, name)

    def learn(self, spelling: str, name: str) -> None:
        """Take one more spelling, before the first conversion is asked for.

        Raises:
            UnitUnknown: pint knows no unit of that name.
        """
        try:
            unit = self._units[spelling] = self._registry.Unit(name)
            self._roots[spelling] = self._root(unit)
        except (PintError, AttributeError, ValueError) as error:
            raise UnitUnknown(f"{spelling}: {name} is no unit: {error}") from None

    def conversions_to(self, canonical: str) -> Mapping[str, Conversion]:
        """By spelling: the conversion from every unit of the same quantity.

        Raises:
            UnitUnknown: the canonical unit is not among the spellings.
        """
        if canonical not in self._compiled:
            target = self._units.get(canonical)
            if target is None:
                raise UnitUnknown(f"the unit {canonical} is not listed in [units]")
            self._compiled[canonical] = {
                spelling: Conversion(*self._line(unit, target))
                for spelling, unit in self._units.items()
                if self._roots[spelling] == self._roots[canonical]
            }
        return self._compiled[canonical]

    def fractions(self) -> Mapping[str, Conversion]:
        """By spelling of per cent: the conversion to a fraction.

        Raises:
            UnitUnknown: per cent is not among the spellings.
        """
        return {
            spelling: Conversion(each.factor / 100, each.offset / 100)
            for spelling, each in self.conversions_to("%").items()
        }

    def _root(self, unit: Unit) -> Unit:
        """Angles, counts and per cent have no dimension, yet differ: their root units tell them apart."""
        return self._registry.get_root_units(unit, check_nonmult=False)[1]

    def _line(self, unit: Unit, target: Unit) -> tuple[float, float]:
        """Slope and intercept; rounded to 15 digits, so that 1 keV is 1000 eV and not 999.9999999999999."""
        zero, one = (self._registry.Quantity(number, unit).to(target).magnitude for number in (0.0, 1.0))
        return float(f"{one - zero:.15g}"), float(f"{zero:.15g}")
