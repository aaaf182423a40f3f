"""XML read safely: no document type, hence no entities and nothing fetched, and text only where text belongs.

The standard library does it: entities can only be declared in a document type, and that can only stand before the root
element, so a look at what stands before it suffices. (defusedxml refuses the same, inside a slower parser.)
"""

import xml.etree.ElementTree as ET
from typing import NoReturn
from xml.parsers import expat

from shared.events.codes import Code, Poison
from shared.foundation.memo import remembered


class _RootReached(Exception):
    """There is no document type before the root element."""


def read_xml(body: bytes) -> ET.Element:
    """The root element of a body, encoded as its declaration or byte order mark says.

    Raises:
        Poison: it is not well formed, or has a document type; the line and column are named.
    """
    try:
        _look_before_root(body)
        return ET.fromstring(body)  # noqa: S314 (there is no document type)
    except expat.ExpatError as error:
        raise _malformed(error.code, (error.lineno, error.offset)) from None
    except ET.ParseError as error:
        raise _malformed(error.code, error.position) from None
    except (LookupError, ValueError) as error:
        raise Poison(Code.NOT_XML, f"the body's encoding cannot be read: {error}") from None


def _look_before_root(body: bytes) -> None:
    parser = expat.ParserCreate()

    def refuse(*_declared: object) -> NoReturn:
        place = f"line {parser.CurrentLineNumber}, column {parser.CurrentColumnNumber + 1}"
        raise Poison(Code.XML_UNSAFE, f"a document type is declared, with which entities could be; send none ({place})")

    def stop(_name: str, _attributes: dict[str, str]) -> NoReturn:
        raise _RootReached

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(body, True)
    except _RootReached:
        return
    finally:  # a parser that is held by its own handlers keeps a copy of the body until the garbage collector comes
        parser.StartDoctypeDeclHandler = parser.StartElementHandler = None


def _malformed(code: int, position: tuple[int, int]) -> Poison:
    line, offset = position
    words = expat.ErrorString(code)
    return Poison(Code.NOT_XML, f"the body is not well-formed XML: {words} (line {line}, column {offset + 1})")


def name_of(element: ET.Element) -> str:
    """The element's name without its namespace: clients of all ages agree on nothing but that."""
    return _without_namespace(element.tag)


@remembered(1024)
def _without_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def text_of(element: ET.Element) -> str | None:
    """The text of an element that holds text alone; None where it is blank.

    Raises:
        Poison: it holds elements.
    """
    if len(element):
        inside = name_of(element[0])
        raise Poison(Code.FRAME_INVALID, f"the element {name_of(element)} holds an element {inside}, not text alone")
    return (element.text or "").strip() or None


def pair_of(parent: ET.Element, first: str, second: str) -> tuple[str | None, str | None]:
    """What two children say, which nearly always are all there are and stand in this order.

    Raises:
        Poison: as `texts_of`.
    """
    if len(parent) == len((first, second)):
        one, other = parent
        if name_of(one) == first and name_of(other) == second:
            return text_of(one), text_of(other)
    said = texts_of(parent)
    return said.get(first), said.get(second)


def texts_of(parent: ET.Element, among: frozenset[str] | None = None) -> dict[str, str]:
    """What the children say that hold text alone, by their names; of all, or only those that are asked for.

    Raises:
        Poison: one stands twice and says two things, or holds elements.
    """
    texts: dict[str, str] = {}
    for child in parent:
        name = name_of(child)
        if among is not None and name not in among:
            continue
        text = text_of(child)
        if text is not None and texts.setdefault(name, text) != text:
            raise Poison(
                Code.FRAME_INVALID,
                f"the element {name} stands twice in {name_of(parent)}, as {texts[name][:60]!r} and {text[:60]!r}",
            )
    return texts
