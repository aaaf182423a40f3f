"""Converts names and numbers of space groups, as people and programs write them, to gemmi's names: `P 21 21 21`.

gemmi takes 30 ms to load, so it is only imported when a space group is read.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from shared.foundation.memo import remembered
from shared.foundation.spelling import normalised

if TYPE_CHECKING:
    from gemmi import SpaceGroup

REMARK = re.compile(
    r"(?:[\[(]?\s*(?:no\.?|nr\.?|number|#)\s*\d+\s*[\])]?|\s[\[(]\s*\d{2,3}\s*[\])])$", re.IGNORECASE | re.ASCII
)
"""`P 21 21 21 (No. 19)`, `P 21 21 21 (19)`."""
QUOTES = "'\""
"""Quotes around a name, as in CIF."""
SCREW = re.compile(r"(?<=\d)\((\d)\)", re.ASCII)
"""Screw axes as SHELX and XDS print them: `P2(1)2(1)2(1)`."""
LARGEST_NUMBER = 230
OF_HEXAGONAL_AXES, OF_RHOMBOHEDRAL_AXES = "H", "R"
AXES_ARE_SAID = re.compile(r"H.*|.*:.*|.*\w\s*[HR]", re.IGNORECASE)
NAMES_REMEMBERED = 4096
CHARACTERS_AT_MOST = 60


def space_group(text: str) -> str | None:
    """The canonical name of a space group, or None. Without axes in the text, hexagonal ones are meant."""
    found = _found(text)
    return found.xhm() if found is not None else None


def on_rhombohedral_axes(text: str) -> str | None:
    """The name of the group on rhombohedral axes, if it has some and the text leaves the axes open."""
    found = _found(text)
    if found is None or found.ext != OF_HEXAGONAL_AXES or _says_axes(text):
        return None
    return f"{found.hm}:{OF_RHOMBOHEDRAL_AXES}"


def pdbx_name(text: str) -> str:
    """The name in PDBx/mmCIF, in which a group on hexagonal axes begins with H. Other texts stay unchanged."""
    found = _found(text)
    if found is None:
        return text
    return _beginning_with_h(found) if found.ext == OF_HEXAGONAL_AXES and _says_axes(text) else found.hm


def spellings(text: str) -> Iterator[str]:
    """All names under which a group may be catalogued: the present one, and earlier ones kept as they were sent.

    A number means the group in all settings. A name means one setting, or both if it leaves the axes open.
    """
    found = _found(text)
    if found is None:
        return
    for group in _settings(found) if found.number == _number(text) else [found]:
        hexagonal = _beginning_with_h(group) if group.ext == OF_HEXAGONAL_AXES else group.hm
        for name in (group.xhm(), group.hm, hexagonal, group.short_name()):
            yield from (name, name.replace(" ", ""))
    if (other := on_rhombohedral_axes(text)) is not None:
        yield other
    yield str(found.number)


def _settings(found: "SpaceGroup") -> "list[SpaceGroup]":
    from gemmi import spacegroup_table

    return [group for group in spacegroup_table() if group.number == found.number]


def _says_axes(text: str) -> bool:
    return AXES_ARE_SAID.fullmatch(_plain(text)) is not None


def _beginning_with_h(found: "SpaceGroup") -> str:
    return f"{OF_HEXAGONAL_AXES}{found.hm[1:]}"


@remembered(NAMES_REMEMBERED)
def _found(text: str) -> "SpaceGroup | None":
    from gemmi import find_spacegroup_by_name, find_spacegroup_by_number

    if len(text) > CHARACTERS_AT_MOST:
        return None
    if (number := _number(text)) is not None:
        return cast("SpaceGroup | None", find_spacegroup_by_number(number)) if 0 < number <= LARGEST_NUMBER else None
    name = _plain(text)
    return cast("SpaceGroup | None", find_spacegroup_by_name(name)) if name else None


def _plain(text: str) -> str:
    """The name without additions."""
    name = normalised("NFKC", text).replace("\u2212", "-").strip().strip(QUOTES)
    return SCREW.sub(r"\1", REMARK.sub("", name)).strip().removesuffix(".0")


def _number(text: str) -> int | None:
    name = _plain(text)
    return int(name) if name.isascii() and name.isdecimal() else None
