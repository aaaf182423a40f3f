"""Reads XML safely: without a document type, hence without entities and downloads, and with text only in leaves.

The standard library suffices: entities can only be declared in a document type, which can only stand before the root
element, so it is enough to check that part. (defusedxml refuses the same documents, but its parser is slower.)
"""

import xml.etree.ElementTree as ET
from typing import NoReturn
from xml.parsers import expat

from shared.events.codes import Code, Poison
from shared.foundation.memo import remembered


class _RootReached(Exception):
    """The root element has begun, and there was no document type before it."""


def read_xml(body: bytes) -> ET.Element:
    """The root element of a body, which is decoded as its declaration or byte order mark says.

    Raises:
        Poison: it is not well-formed, or has a document type. The message gives the line and column.
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
        raise Poison(Code.XML_UNSAFE, f"the body has a document type, which may declare entities; send none ({place})")

    def stop(_name: str, _attributes: dict[str, str]) -> NoReturn:
        raise _RootReached

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(body, True)
    except _RootReached:
        return
    finally:  # a parser in a reference cycle with its handlers keeps a copy of the body until garbage collection
        parser.StartDoctypeDeclHandler = parser.StartElementHandler = None


def _malformed(code: int, position: tuple[int, int]) -> Poison:
    line, offset = position
    words = expat.ErrorString(code)
    return Poison(Code.NOT_XML, f"the body is not well-formed XML: {words} (line {line}, column {offset + 1})")


def name_of(element: ET.Element) -> str:
    """The element's name without its namespace, which differs between the versions of the clients."""
    return _without_namespace(element.tag)


@remembered(1024)
def _without_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def text_of(element: ET.Element) -> str | None:
    """The text of an element that holds only text; None if it is blank.

    Raises:
        Poison: it holds elements.
    """
    if len(element):
        inside = name_of(element[0])
        raise Poison(Code.FRAME_INVALID, f"the element {name_of(element)} holds an element {inside}, not only text")
    return (element.text or "").strip() or None


def pair_of(parent: ET.Element, first: str, second: str) -> tuple[str | None, str | None]:
    """The texts of two children. It is fast if they are the only children, in this order, as they nearly always are.

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
    """The texts of the children by name: of all children, or only of those in `among`.

    Raises:
        Poison: a child occurs twice with different texts, or holds elements.
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
                f"the element {name} occurs twice in {name_of(parent)}, as {texts[name][:60]!r} and {text[:60]!r}",
            )
    return texts
