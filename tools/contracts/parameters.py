"""The page of parameters: all of the typed layer, by family."""

import re
from collections import defaultdict
from collections.abc import Iterator

from shared.vocabulary.vocabulary import Term, Vocabulary
from tools.contracts.tables import codes, page, table

HEADS = ("parameter", "type", "unit", "not taken outside", "flagged outside", "other names", "mmCIF item", "note")
FIRST_OF_MANY = "01"
INTRODUCTION = """\
What a value of each parameter must be. A bare number is taken to be in the unit; a text may bring another one, as in
`"15 cm"`. Letter case never matters in a name. A fraction (R factors, correlations) that comes in per cent is converted
where it says so, and where it can be nothing else; then it is flagged as `percent_converted`. What may be either is
taken as it stands and flagged as `scale_uncertain`.
A value outside the range that can be is not taken: it is kept as it was said, flagged, and has no canonical value.

The item is that of [PDBx/mmCIF or imgCIF](../schemas/mmcif/items.toml); where a factor stands behind it, a value times
the factor is the item's. Families with numbers in their names stand here once: `InstrumentDetector01` for all ten.

Parameters that only ICAT describes are not listed. They are taken by its type, and kept as they were said and flagged
where a value is of another. To add or correct one: [schemas/README.md](../schemas/README.md)."""


def parameters_page() -> str:
    """One table a family."""
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
    """What stands before the first `_`; the few names in lower case that hold one are sentences, not families."""
    family, _, rest = name.partition("_")
    return family if rest and family[0].isupper() else "Of no family"


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
