"""The AutoProcContainer of ISPyB, as XML (autoPROC, fast_dp, xia2, EDNA) or as xia2's ispyb.json."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from clients.importers.assembly import FileNotUnderstood, Result, StatedValue, Unplaced, leaves, shown
from clients.importers.names import names_of
from clients.importers.results import Found
from clients.importers.scaling import KIND, Entry, is_anisotropic, shell_of, single_scalings, unswapped
from clients.importers.xml import Element, read_xml

ROOT = "AutoProcContainer"
SCALING = "AutoProcScalingContainer"
CRYSTAL = "AutoProc"
PROGRAMS = "AutoProcProgramContainer"
PROGRAM_NAMES = ("AutoProcProgram.processingPrograms", "AutoProcProgram.processingProgram")
OF_SWEEPS = ("AutoProcIntegration.", "Image.")
VERSION = re.compile(r"v?\d+(?:[.+_-]\w+)*", re.ASCII)
"""The programs of xia2. `3dii` is a pipeline, not a program."""


@dataclass(frozen=True)
class ContainerElement:
    """An element of the container, with its values."""

    name: str
    place: str
    said: Sequence[StatedValue]
    entry: Entry


def read_ispyb_xml(content: bytes) -> Found:
    """The results in an XML file.

    Raises:
        FileNotUnderstood: there is no AutoProcContainer in it.
    """
    document = _spelt(read_xml(content))
    if ROOT in document:
        return read_ispyb(document)
    [(root, [inside])] = document.items() if len(document) == 1 else [("", [None])]
    if not isinstance(inside, Mapping) or ROOT not in inside:
        raise FileNotUnderstood(f"the XML's root is {root}, and only {ROOT} is known")
    return read_ispyb(inside)


@cache
def _spellings() -> Mapping[str, str]:
    """The names of elements as programs spell them. Files may use any letter case."""
    names = names_of("ispyb")
    known = {part for name in (*names.said, *names.ignored, *PROGRAM_NAMES) for part in name.split(".")}
    return {name.casefold(): name for name in (ROOT, SCALING, PROGRAMS, "filePath", *known)}


def _spelt(element: Element) -> Element:
    spelt = Element()
    spelt.position = element.position
    for name, found in element.items():
        values = [_spelt(value) if isinstance(value, Element) else value for value in found]
        spelt.setdefault(_spellings().get(name.casefold(), name), []).extend(values)
    return spelt


def read_ispyb(document: Mapping[str, Any]) -> Found:
    """The results in all AutoProcContainers of an object.

    Raises:
        FileNotUnderstood: they are empty, or it cannot be told what belongs together in them.
    """
    containers = _elements(document, ROOT)
    if not containers:
        raise FileNotUnderstood(f"the {ROOT} is empty")
    outside = {name: value for name, value in document.items() if name != ROOT}
    unread = [Unplaced(place, shown(leaf), f"it stands outside {ROOT}") for place, leaf in leaves(outside) if leaf]
    results = [
        replace(result, unread=[*result.unread, *unread])
        for number, container in enumerate(containers, 1)
        for result in _results(container, f"{ROOT}[{number}]." if len(containers) > 1 else "")
    ]
    preferred = _of_staraniso(results)
    if preferred is not None:
        results[-1] = _with_all_sweeps(results[-1], results[:-1])
    return Found(results, preferred)


def _of_staraniso(results: Sequence[Result]) -> int | None:
    """The number of STARANISO's result, if it is the last one, after isotropic ones of the same wavelength."""
    anisotropic = [number for number, result in enumerate(results, 1) if is_anisotropic(result.said)]
    wavelengths = {
        float(saying.value)
        for result in results
        for saying in result.said
        if saying.name == f"{CRYSTAL}.wavelength" and re.fullmatch(r"\d*\.?\d+", str(saying.value), re.ASCII)
    }
    return len(results) if anisotropic == [len(results)] and len(wavelengths) <= 1 else None


def _with_all_sweeps(result: Result, before: Sequence[Result]) -> Result:
    """STARANISO's result with the sweeps of those before it. Its statistics are of all, but it names only one."""
    sweeps = [saying for other in before for saying in other.said if saying.name.startswith(OF_SWEEPS)]
    return replace(result, said=[*sweeps, *result.said])


def _results(container: Entry, prefix: str) -> list[Result]:
    """A result for each scaling container, with its AutoProc and its program."""
    owners = [part for name in (PROGRAMS, CRYSTAL) for part in _parts(container, name, prefix)]
    scalings = _scalings(container, prefix)
    common = list(_said(ROOT, _beside(container), prefix + ROOT))
    results = []
    owned: list[Entry] = []
    for number, scaling in enumerate(scalings):
        mine = [part for name in (PROGRAMS, CRYSTAL) for part in _owner(owners, name, scaling, number, len(scalings))]
        owned += [part.entry for part in mine]
        statistics, findings = unswapped(list(scaling.said))
        said = [*(saying for part in mine for saying in part.said), *statistics, *common]
        label = scaling.place + (", STARANISO" if is_anisotropic(statistics) else "")
        results.append(Result(label, list(_told(said)), names_of("ispyb"), findings=findings))
    stray = [saying for part in owners if part.entry not in owned for saying in part.said]
    unread = [Unplaced(saying.place, shown(saying.value), "it belongs to no scaling container") for saying in stray]
    return [replace(result, unread=unread) for result in results]


def _beside(container: Entry) -> Entry:
    """The values of the container outside its results."""
    parts = {SCALING, CRYSTAL, PROGRAMS}
    return {
        name: [value for value in (found if isinstance(found, list) else [found]) if not isinstance(value, Mapping)]
        if name in parts
        else found
        for name, found in container.items()
    }


def _scalings(container: Entry, prefix: str) -> list[ContainerElement]:
    """Every scaling container, numbered if there are several. One with several results is divided."""
    whole = _elements(container, SCALING) or [{}]
    single = [(entry, part) for entry in whole for part in single_scalings(entry)]
    places = _places(SCALING, len(single), prefix)
    return [
        ContainerElement(SCALING, place, list(_said(SCALING, part, place)), entry)
        for place, (entry, part) in zip(places, single, strict=True)
    ]


def _places(name: str, count: int, prefix: str) -> list[str]:
    return [prefix + name + (f"[{number}]" if count > 1 else "") for number in range(1, count + 1)]


def _parts(container: Entry, name: str, prefix: str) -> list[ContainerElement]:
    found = _elements(container, name)
    places = _places(name, len(found), prefix)
    return [
        ContainerElement(name, place, list(_said(name, entry, place)), entry)
        for place, entry in zip(places, found, strict=True)
    ]


def _elements(content: Entry, name: str) -> list[Entry]:
    """The objects under a name: one, or a list."""
    found = content.get(name)
    return [value for value in (found if isinstance(found, list) else [found]) if isinstance(value, Mapping) and value]


def _owner(
    owners: Sequence[ContainerElement], name: str, scaling: ContainerElement, number: int, count: int
) -> list[ContainerElement]:
    """The partner of a scaling container: the only one of that name, that of the same number, or the one before it.

    Raises:
        FileNotUnderstood: it cannot be told.
    """
    parts = [part for part in owners if part.name == name]
    if len(parts) == count:
        return [parts[number]]
    if all(part.entry == parts[0].entry for part in parts[1:]):
        return parts[:1]
    position = getattr(scaling.entry, "position", 0)
    before = [part for part in parts if getattr(part.entry, "position", 0) < position]
    if not before:
        raise FileNotUnderstood(f"it cannot be told which of {len(parts)} {name} the {scaling.place} belongs to")
    return before[-1:]


def _said(element: str, content: Entry, place: str) -> Iterator[StatedValue]:
    """All values in an element and below it."""
    shell = shell_of(content)
    for name, found in content.items():
        values = found if isinstance(found, list) else [found]
        for number, value in enumerate(values, 1):
            which = f"[{_kind(value) or number}]" if len(values) > 1 else ""
            if isinstance(value, Mapping):
                yield from _said(name, value, f"{name}{which}" if "[" not in place else f"{place}.{name}{which}")
            else:
                yield StatedValue(f"{place}.{name}", f"{element}.{name}", value, shell)
    if element == "AutoProcProgramAttachment":
        folder, file = (str(_first(content.get(key, ""))) for key in ("filePath", "fileName"))
        path = f"{folder}/{file}" if folder else file.lstrip("/")
        yield StatedValue(place, f"{element}.file", path)


def _kind(value: object) -> str | None:
    return str(_first(value[KIND])) if isinstance(value, Mapping) and value.get(KIND) else None


def _first(value: Any) -> Any:  # noqa: ANN401  a text in JSON, a list of texts in XML
    return value[0] if isinstance(value, list) and value else value


def _told(said: Sequence[StatedValue]) -> Iterator[StatedValue]:
    """The values in beamcat's terms: program and version separate and of one program, files as one path."""
    is_first = True
    for saying in said:
        match saying.name:
            case name if is_first and name in PROGRAM_NAMES:
                is_first = not saying.value
                yield from _program(saying)
            case "AutoProcProgramAttachment.fileName" | "AutoProcProgramAttachment.filePath":
                continue  # said as one path
            case _:
                yield saying


def _program(saying: StatedValue) -> Iterator[StatedValue]:
    """Split a program from version and remark: `autoPROC 1.0.5 (see …)` has all three, `xia2 dials` one."""
    text, bracket, remark = str(saying.value).partition(" (")
    program, _, version = text.strip().rpartition(" ")
    if not program or not VERSION.fullmatch(version):
        program, version = text.strip(), ""
    yield StatedValue(saying.place, "AutoProcProgram.program", program)
    yield StatedValue(saying.place, "AutoProcProgram.version", version)
    yield StatedValue(saying.place, "AutoProcProgram.remark", remark.removesuffix(")") if bracket else "")
