"""The names of parameters in queries as the vocabulary knows them, and their values in canonical units. Pure."""

from collections.abc import Iterable

from shared.vocabulary.quantities import Unreadable, quantities_of
from shared.vocabulary.space_groups import spellings
from shared.vocabulary.values import SHOWN_CHARACTERS
from shared.vocabulary.vocabulary import Vocabulary


class Naming:
    """Resolves every name of a parameter to its canonical name, and converts values to the canonical unit."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def canonical(self, name: str) -> str:
        """The canonical name. A name that the vocabulary does not know stays as it is."""
        term = self._vocabulary.resolve(name)
        return term.name if term else name

    def spellings(self, name: str) -> list[str]:
        """All names, in lower case, under which it may be catalogued: a name may have become an alias recently."""
        aliases = self._vocabulary.aliases
        return list({name.lower(), *(alias.lower() for alias, canonical in aliases.items() if canonical == name)})

    def knows(self, name: str) -> bool:
        """Whether the vocabulary has the parameter, even if no dataset has it."""
        return self._vocabulary.resolve(name) is not None

    def suggestion(self, name: str) -> str | None:
        """The name that was probably meant."""
        return self._vocabulary.suggest(name)

    def names(self, name: str, text: str) -> Iterable[str]:
        """The synonyms of a text, such as `R 3 2:H` and `H32` for `155`; none if the text is not a known name."""
        term = self._vocabulary.resolve(name)
        return spellings(text) if term is not None and term.names is not None else ()

    def number(self, name: str, text: str) -> float | None:
        """The number of a quantity such as `15 cm` in the canonical unit; nothing if the text is not a quantity.

        Raises:
            ValueError: the parameter cannot have that unit; the message names the units that it can have.
        """
        term = self._vocabulary.resolve(name)
        if term is None or term.type not in ("number", "integer", "vector"):
            return None
        try:
            quantities = quantities_of(term, text)
        except Unreadable as fault:
            if fault.code == "unit_unknown":
                said = f"{term.name} = {text[:SHOWN_CHARACTERS]!r}"
                raise ValueError(f"{said} {fault.problem}; give {fault.expected}") from None
            return None
        return quantities[0].value if len(quantities) == 1 else None
