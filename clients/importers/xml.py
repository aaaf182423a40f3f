"""XML as nested objects and lists, read with distrust: no document types, so no entities; limited depth."""

from typing import Any
from xml.parsers import expat

from clients.importers.assembly import FileNotUnderstood

MOST_LEVELS = 20


class Element(dict[str, Any]):
    """An element with others in it; `position` is its place in the document."""

    position: int = 0


class _Tree:
    """Builds the nested objects while expat reads."""

    def __init__(self) -> None:
        self.root = Element()
        self._open: list[tuple[Element, list[str]]] = [(self.root, [])]
        self._read = 0

    def doctype(self, *_: object) -> None:
        raise FileNotUnderstood("the XML has a document type (DOCTYPE), which could hide anything; remove it")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > MOST_LEVELS:
            raise FileNotUnderstood(f"the XML is nested more than {MOST_LEVELS} levels deep; no pipeline writes so")
        for attribute, value in attributes.items():
            if not attribute.startswith(("xmlns", "xsi:")):
                self._open[-1][0].setdefault(f"{_local(name)}@{_local(attribute)}", []).append(value)
        element = Element()
        element.position = self._read = self._read + 1
        self._open.append((element, []))

    def text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, name: str) -> None:
        element, texts = self._open.pop()
        text = "".join(texts).strip()
        if element and text:
            element["text"] = [text]
        self._open[-1][0].setdefault(_local(name), []).append(element or text)


def _local(name: str) -> str:
    """A name without its namespace prefix."""
    return name.rpartition(":")[2]


def read_xml(content: bytes) -> Element:
    """Each element as a text or an object. Names lead to lists, because elements may be repeated.

    An attribute is stored beside its element, as `element@attribute`.

    Raises:
        FileNotUnderstood: it is not XML, or not XML that is read here.
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
