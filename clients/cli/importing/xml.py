"""XML as a nest of objects and lists, read as from a stranger: no document types, so no entities; bounded depth."""

from typing import Any
from xml.parsers import expat

from clients.cli.importing.gathering import FileNotUnderstood

MOST_LEVELS = 20


class _Tree:
    """Builds the nest while expat reads."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]

    def doctype(self, *_: object) -> None:
        raise FileNotUnderstood("the XML has a document type (DOCTYPE), which could hide anything; remove it")

    def start(self, _name: str, _attributes: object) -> None:
        if len(self._open) > MOST_LEVELS:
            raise FileNotUnderstood(f"the XML is nested more than {MOST_LEVELS} levels deep; no pipeline writes so")
        self._open.append(({}, []))

    def text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, name: str) -> None:
        children, texts = self._open.pop()
        value = children or "".join(texts).strip()
        self._open[-1][0].setdefault(name.rpartition(":")[2], []).append(value)


def read_xml(content: bytes) -> dict[str, Any]:
    """Each element as a text or an object; under its name always a list, as an element may stand many times.

    Raises:
        FileNotUnderstood: it is no XML, or none that is read here.
    """
    tree = _Tree()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = tree.doctype
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FileNotUnderstood(f"the file is not XML: {error}") from None
    return tree.root
