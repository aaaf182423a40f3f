"""The names of parameters in queries, as the vocabulary knows them, and values said in another unit. Pure."""

from collections.abc import Iterable

from shared.vocabulary.quantities import Unreadable, quantities_of
from shared.vocabulary.space_groups import spellings
from shared.vocabulary.values import SHOWN_CHARACTERS
from shared.vocabulary.vocabulary import Vocabulary


class Naming:
    """Leads every name of a parameter to one, and every unit of its values to the canonical one."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def canonical(self, name: str) -> str:
        """The canonical name; what the vocabulary does not know stays as it was said."""
        term = self._vocabulary.resolve(name)
        return term.name if term else name

    def spellings(self, name: str) -> list[str]:
        """All names in lower case under which it may be catalogued: it may have become an alias only lately."""
        aliases = self._vocabulary.aliases
        return list({name.lower(), *(alias.lower() for alias, canonical in aliases.items() if canonical == name)})

    def knows(self, name: str) -> bool:
        """Whether such a parameter can be, even if no dataset has it."""
        return self._vocabulary.resolve(name) is not None

    def suggestion(self, name: str) -> str | None:
        """What was probably meant."""
        return self._vocabulary.suggest(name)

    def names(self, name: str, text: str) -> Iterable[str]:
        """Every name of what a text names, such as `R 3 2:H` and `H32` of `155`; none of a text that names nothing."""
        term = self._vocabulary.resolve(name)
        return spellings(text) if term is not None and term.names is not None else ()

    def number(self, name: str, text: str) -> float | None:
        """The number that a quantity such as `15 cm` is, in the canonical unit; nothing if it is none.

        Raises:
            ValueError: the parameter does not come in that unit; the message says in which it does.
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
