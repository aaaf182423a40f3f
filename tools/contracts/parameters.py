"""The page of parameters: all typed parameters, by family."""

import re
from collections import defaultdict
from collections.abc import Iterator

from shared.vocabulary.vocabulary import Term, Vocabulary
from tools.contracts.tables import codes, page, table

HEADS = ("parameter", "type", "unit", "possible", "plausible", "other names", "mmCIF item", "note")
FIRST_OF_MANY = "01"
INTRODUCTION = """\
What the value of each parameter must be. A bare number is taken to be in the unit of the parameter; a text may have
another unit, such as `"15 cm"`. Letter case never matters in a name. A fraction (R factors, correlations) in per cent
is converted if it has a unit, or if it cannot be a fraction; then it is flagged as `percent_converted`. A value that
may be either is taken as it is and flagged as `scale_uncertain`. A value outside the possible range is kept as it was
sent, flagged, and has no canonical value.

The item is that of [PDBx/mmCIF or imgCIF](../schemas/mmcif/items.toml). If there is a factor, the item's value is the
parameter's value times the factor. Families with numbers in their names are listed once: `InstrumentDetector01` stands
for all ten.

Parameters that only ICAT describes are not listed. Their values should have ICAT's type; any other value is kept as it
was sent and flagged. To add or correct a parameter, see [schemas/README.md](../schemas/README.md)."""


def parameters_page() -> str:
    """The page, with one table for each family."""
    vocabulary = Vocabulary.load()
    aliases: dict[str, list[str]] = defaultdict(list)
    for alias, name in vocabulary.aliases.items():
        aliases[name].append(alias)
    families: dict[str, list[Term]] = defaultdict(list)
    for term in sorted(vocabulary.terms.values(), key=lambda term: term.name.lower()):
        if not term.loose and _first_of_its_many(term.name) == term.name:
            families[_family(term.name)].append(term)
    return page(
        "Parameters",
        INTRODUCTION,
        *(
            f"## {family}\n\n{table(HEADS, (tuple(_row(term, aliases[term.name])) for term in terms))}"
            for family, terms in sorted(families.items(), key=lambda item: item[0].lower())
        ),
    )


def _family(name: str) -> str:
    """The part before the first `_`. The few names in lower case with a `_` have no family."""
    family, _, rest = name.partition("_")
    return family if rest and family[0].isupper() else "Without a family"


def _first_of_its_many(name: str) -> str:
    return re.sub(r"(?<=[a-z])\d\d(?=_)", FIRST_OF_MANY, name)


def _row(term: Term, aliases: list[str]) -> Iterator[str]:
    yield f"`{term.name}`"
    yield term.type
    yield term.unit or (f"none: {term.no_unit}" if term.no_unit else "")
    yield _range(term.hard)
    yield _range(term.plausible if term.plausible != term.hard else None)
    yield codes(sorted(aliases, key=str.lower))
    factor = f" times {term.mmcif_factor:g}" if term.mmcif_factor != 1 else ""
    yield f"`{term.mmcif}`{factor}" if term.mmcif else ""
    words = (f"`{word}` is {number:g}" for word, number in term.words.items())
    yield "; ".join([*([term.note] if term.note else []), *words])


def _range(limits: tuple[float, float] | None) -> str:
    return f"{limits[0]:g} to {limits[1]:g}" if limits else ""
